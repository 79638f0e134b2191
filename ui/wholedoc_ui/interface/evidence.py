"""The evidence beside the chat: citations and pages that are opened, turned and made larger."""

from __future__ import annotations

from collections.abc import Callable

import gradio as gr

from .. import evidence
from ..session import Session
from .handlers import ORDERED, Handlers, Updates, acted, numbers


class EvidenceHandlers(Handlers):
    def bind(self) -> None:
        """Bind the events of this part. Call it inside gr.Blocks."""
        parts = self.parts.evidence
        outputs = self.evidence_outputs
        parts.citations.open_citation(self._opener(evidence.open_citation), None, outputs, **ORDERED)
        parts.strip.open_chunk(self._opener(evidence.open_chunk), None, outputs, **ORDERED)
        parts.strip.open_page(self.open_page, None, outputs, **ORDERED)
        self.parts.chat.introduction.open_introduced(self.open_introduced, None, outputs, **ORDERED)
        answers = self.parts.chat.answers
        answers.open_source(self.open_source, None, outputs, **ORDERED)
        answers.open_item(self.open_item, None, outputs, **ORDERED)
        answers.open_section(self.open_section, None, outputs, **ORDERED)
        self.parts.shelf.documents.open_document(self.open_document, None, outputs, **ORDERED)

    def open_document(self, event: gr.EventData, request: gr.Request) -> Updates:
        """Open a document whose name was clicked on the shelf."""
        session = self.session(request)
        evidence.open_document(self.app_state, session, acted(event)["id"])
        return self.page(session)

    def open_page(self, event: gr.EventData, request: gr.Request) -> Updates:
        """Open a page whose bar was clicked."""
        session, data = self.session(request), acted(event)
        evidence.open_page(self.app_state, session, data["id"], data["index"])
        return self.page(session)

    def open_introduced(self, event: gr.EventData, request: gr.Request) -> Updates:
        """Open the page that was clicked beside a section of what introduces a document."""
        session, data = self.session(request), acted(event)
        evidence.open_introduced(self.app_state, session, data["id"], data["index"])
        return self.page(session)

    def open_source(self, event: gr.EventData, request: gr.Request) -> Updates:
        """Open the citation whose number behind a sentence was clicked."""
        session = self.session(request)
        evidence.open_source(session, *numbers(event, 2))
        return self.evidence(session)

    def open_item(self, event: gr.EventData, request: gr.Request) -> Updates:
        """Open the page of an item in whose row it was clicked."""
        session = self.session(request)
        evidence.open_item(session, *numbers(event, 2))
        return self.evidence(session)

    def open_section(self, event: gr.EventData, request: gr.Request) -> Updates:
        """Open a page that was clicked behind a sentence of a summary's section."""
        session = self.session(request)
        evidence.open_section(self.app_state, session, *numbers(event, 3))
        return self.evidence(session)

    def _opener(self, open_one: Callable[[Session, int], None]) -> Callable[..., Updates]:
        def handler(event: gr.EventData, request: gr.Request) -> Updates:
            session = self.session(request)
            open_one(session, acted(event)["index"])
            return self.page(session)

        return handler
