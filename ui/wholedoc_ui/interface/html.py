"""Components for HTML of our own, and the scripts by which its elements trigger events."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import gradio as gr

from ..answers.markdown import js_pattern

ASSETS = files("wholedoc_ui") / "assets"
# Reports clicks on elements with a data-act attribute, and moves the focus along the bars with the arrow keys.
CLICKS = (ASSETS / "clicks.js").read_text(encoding="utf-8")
# Reports clicks in answers, and sorts and filters their tables.
ANSWERS = (ASSETS / "answers.js").read_text(encoding="utf-8")
# Shows the open document. Its files are one script, in this order.
VIEWER = "\n".join(
    (ASSETS / "viewer" / f"{name}.js").read_text(encoding="utf-8")
    for name in ("sheets", "letters", "marks", "bar", "places", "opening")
)
# Shows a question as soon as it is sent. It keeps Markdown from acting as the page's other texts do.
SEND = (ASSETS / "send.js").read_text(encoding="utf-8").replace("ACTIVE", js_pattern())
# Shows one part of the page at a time in a narrow window.
PARTS = (ASSETS / "parts.js").read_text(encoding="utf-8")
LOOKED_AT = (ASSETS / "looked_at.js").read_text(encoding="utf-8")


def html(value: str, **options: Any) -> gr.HTML:
    """A component for HTML of our own, without Gradio's styles."""
    return gr.HTML(value, apply_default_css=False, **options)


def acts(*names: str) -> str:
    """Return the JavaScript of an HTML component whose elements can trigger the events of these names."""
    return f"const acts = {list(names)!r};\n{CLICKS}"
