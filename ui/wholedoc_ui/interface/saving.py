"""What the browser saves as a file: the conversation, and the items of an answer."""

from __future__ import annotations

import gradio as gr

from ..export import to_markdown
from ..saved.items import Format, save
from .handlers import QUICK, Handlers, clicked, whole
from .html import ASSETS


class SavingHandlers(Handlers):
    """Handlers return the text of the file and its name; the browser saves nothing if the text is empty."""

    def bind(self) -> None:
        """Bind the events of this part. Call it inside gr.Blocks."""
        parts = self.parts.chat
        outputs = [parts.exported, parts.exported_name]
        save_js = (ASSETS / "save.js").read_text(encoding="utf-8")
        for saved in (
            parts.export.click(self.export, None, outputs, **QUICK),
            parts.answers.save_items(self.save_items, None, outputs, **QUICK),
        ):
            saved.then(None, outputs, None, js=save_js)

    def export(self, request: gr.Request) -> tuple[str, str]:
        """Save the conversation."""
        session = self.session(request)
        if not session.exchanges:
            gr.Info("There is nothing to save yet.")
        return to_markdown(session.exchanges), "conversation.md"

    def save_items(self, event: gr.EventData, request: gr.Request) -> tuple[str, str]:
        """Save the items of an exchange in the form whose button was clicked."""
        index, _, ending = clicked(event).partition(":")
        session, format = self.session(request), next((one for one in Format if one.value == ending), None)
        number = whole(index)
        if format is None or not 0 <= number < len(session.exchanges):
            return "", ""
        evidence = session.exchanges[number].evidence
        return (save(evidence.items, format) if evidence else "", f"items.{format.value}")
