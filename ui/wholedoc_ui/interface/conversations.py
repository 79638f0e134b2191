"""The conversations that are kept: listed, searched, opened, renamed and deleted."""

from __future__ import annotations

import gradio as gr

from .. import conversations
from ..app_state import sentence
from ..templating import esc
from .handlers import HIDDEN, ORDERED, QUICK, Handlers, Updates, acted


class ConversationHandlers(Handlers):
    def bind(self) -> None:
        """Bind the events of this part. Call it inside gr.Blocks."""
        parts, chat = self.parts.conversations, self.parts.chat
        opened = self.conversation_outputs
        parts.listed.open_conversation(self.open_one, None, opened, **ORDERED)
        parts.listed.delete_conversation(self.delete, None, opened, **ORDERED)
        parts.listed.rename_conversation(self.rename, None, [parts.listed], **ORDERED)
        parts.search.change(
            self.search,
            [parts.search],
            [parts.listed],
            trigger_mode="always_last",
            concurrency_limit=None,
            **HIDDEN,
        )
        # The chat's own button for it is hidden, as it says "Clear", where nothing is lost.
        for cleared in (chat.clear.click, chat.chatbot.clear):
            cleared(self.start_new, None, opened, **QUICK)

    def open_one(self, event: gr.EventData, request: gr.Request) -> Updates:
        """Open a conversation that was clicked. What is being answered goes on, and is kept in its own."""
        session = self.session(request)
        if not conversations.open_one(self.app_state, self.sessions, session, acted(event)["id"]):
            gr.Warning("This conversation is not there any more.")
        return self.conversation(session)

    def start_new(self, request: gr.Request) -> Updates:
        session = self.session(request)
        conversations.start_new(session)
        return self.conversation(session)

    def delete(self, event: gr.EventData, request: gr.Request) -> Updates:
        session = self.session(request)
        try:
            conversations.delete(self.app_state, self.sessions, acted(event)["id"])
        except Exception as error:
            gr.Warning(esc(sentence(error)))
        return self.conversation(session)

    def rename(self, event: gr.EventData, request: gr.Request) -> Updates:
        session, data = self.session(request), acted(event)
        try:
            conversations.rename(self.app_state, self.sessions, data["id"], data["text"])
        except Exception as error:
            gr.Warning(esc(sentence(error)))
        return self.conversations(session)

    def search(self, words: str, request: gr.Request) -> Updates:
        session = self.session(request)
        session.searched = words
        return self.conversations(session)
