"""The components of the page and their places. What happens when they are used is in wiring.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from .. import views
from ..app_state import AppState
from ..choices import SCOPES
from ..suggestions import COUNT
from .html import ANSWERS, LOOKED_AT, PARTS, VIEWER, acts, html
from .settings.parts import ModelParts, SettingsParts, model_parts, settings_parts


@dataclass(frozen=True)
class FetchParts:
    told: gr.HTML
    cancel: gr.Button


@dataclass(frozen=True)
class ShelfParts:
    """`locked` holds the box for a password, and the button that puts it away."""

    drop: gr.File
    samples: gr.HTML
    arrivals: gr.HTML
    stop: gr.Button
    locked: gr.Row
    password: gr.Textbox
    no_password: gr.Button
    documents: gr.HTML


@dataclass(frozen=True)
class ConversationParts:
    search: gr.Textbox
    listed: gr.HTML


@dataclass(frozen=True)
class ChatParts:
    """`answers` shows nothing: it stands for what is clicked in the answers. `sent` is the question that was sent
    last. `tab` is what the browser remembers of this tab. `exported` and `exported_name` are the file that the
    browser saves.
    """

    introduction: gr.HTML
    chatbot: gr.Chatbot
    answers: gr.HTML
    question: gr.Textbox
    asked: gr.HTML
    sent: gr.Textbox
    tab: gr.Textbox
    scope: gr.Radio
    expected: gr.HTML
    sends_to: gr.HTML
    suggestions: tuple[gr.Button, ...]
    clear: gr.Button
    export: gr.Button
    exported: gr.Textbox
    exported_name: gr.Textbox


@dataclass(frozen=True)
class EvidenceParts:
    """`page` tells the viewer what to show, or a person why that is not there. The viewer fetches it by itself."""

    strip: gr.HTML
    citations: gr.HTML
    page: gr.HTML


@dataclass(frozen=True)
class Parts:
    status: gr.HTML
    fetch: FetchParts
    shelf: ShelfParts
    models: ModelParts
    conversations: ConversationParts
    chat: ChatParts
    evidence: EvidenceParts
    settings: SettingsParts


def build(app_state: AppState) -> Parts:
    """Make the page's components. Call it inside gr.Blocks."""
    status = html(views.status_line(app_state.state), js_on_load=LOOKED_AT, elem_id="wd-status")
    with gr.Row(elem_id="wd-fetch"):
        told = html("", elem_id="wd-fetch-told")
        cancel = gr.Button("Cancel", size="sm", visible=False, scale=0, min_width=90, elem_id="wd-cancel-fetch")
    html(views.parts_of_page(), js_on_load=PARTS, elem_id="wd-parts")
    with gr.Row(elem_id="wd-columns"):
        with gr.Column(scale=3, min_width=260, elem_id="wd-left"):
            shelf = _shelf()
            models = model_parts(app_state)
            conversations = _conversations()
        with gr.Column(scale=5, min_width=330, elem_id="wd-middle"):
            chat = _chat()
        with gr.Column(scale=5, min_width=330, elem_id="wd-right"):
            evidence = _evidence()
    # Last, so that the keyboard comes to it last.
    with gr.Sidebar(label="Settings", open=False, position="right", width=400, elem_id="wd-settings"):
        settings = settings_parts(app_state)
    return Parts(status, FetchParts(told, cancel), shelf, models, conversations, chat, evidence, settings)


def _shelf() -> ShelfParts:
    html(views.welcome(), elem_id="wd-welcome")
    html("<h2>Documents</h2>", elem_id="wd-documents-title")
    # Any type of file, since one that cannot be read is refused in words beside it.
    drop = gr.File(label="Add documents", file_count="multiple", height=96, show_label=False, elem_id="wd-drop")
    samples = html(views.samples(), js_on_load=acts("add_sample"), elem_id="wd-samples")
    arrivals = html("", js_on_load=acts("dismiss", "ask_too"), elem_id="wd-arrivals")
    with gr.Row(visible=False, elem_id="wd-locked") as locked:
        password = gr.Textbox(
            label="Password of the document",
            type="password",
            submit_btn="Open",
            min_width=160,
            elem_id="wd-password",
        )
        no_password = gr.Button("Dismiss", size="sm", scale=0, min_width=80, elem_id="wd-no-password")
    stop = gr.Button("Stop reading", size="sm", variant="stop", visible=False, elem_id="wd-stop-reading")
    documents = html(
        "",
        js_on_load=acts("choose_document", "choose_all", "open_document", "remove_document", "read_document"),
        elem_id="wd-documents",
    )
    return ShelfParts(drop, samples, arrivals, stop, locked, password, no_password, documents)


def _conversations() -> ConversationParts:
    html("<h2>Conversations</h2>", elem_id="wd-conversations-title")
    search = gr.Textbox(
        label="Search the conversations",
        show_label=False,
        placeholder="Search",
        container=False,
        max_lines=1,
        elem_id="wd-search",
    )
    listed = html(
        "",
        js_on_load=acts("open_conversation", "rename_conversation", "delete_conversation"),
        elem_id="wd-conversations",
    )
    return ConversationParts(search, listed)


def _chat() -> ChatParts:
    with gr.Row(elem_id="wd-chat-tools"):
        html("<h2>Questions</h2>")
        export = gr.Button("Save as Markdown", size="sm", scale=0, min_width=60, elem_id="wd-export")
        clear = gr.Button("New conversation", size="sm", scale=0, min_width=60, elem_id="wd-new")
    introduction = html(
        "", js_on_load=acts("introduce", "stop_introducing", "open_introduced"), elem_id="wd-introduction"
    )
    chatbot = _messages()
    answers = html("", js_on_load=ANSWERS, elem_id="wd-answers")
    suggestions = _suggestions()
    with gr.Column(elem_id="wd-composer"):
        asked = html(views.asked_documents(()), js_on_load=acts("leave_out"), elem_id="wd-asked")
        question, scope = _question(), _scope()
        expected = html("", elem_id="wd-expected")
        sends_to = html("", elem_id="wd-sends-to")
    return ChatParts(
        introduction=introduction,
        chatbot=chatbot,
        answers=answers,
        suggestions=suggestions,
        asked=asked,
        question=question,
        sent=_unseen("What was sent"),
        tab=_unseen("What the browser remembers"),
        scope=scope,
        expected=expected,
        sends_to=sends_to,
        clear=clear,
        export=export,
        exported=_unseen("What is saved", elem_id="wd-exported"),
        exported_name=_unseen("The name of its file"),
    )


def _messages() -> gr.Chatbot:
    return gr.Chatbot(
        label="Conversation",
        show_label=False,
        height="100%",
        buttons=["copy"],
        latex_delimiters=[],
        allow_tags=False,
        feedback_options=None,
        placeholder="Ask anything about the ticked documents.\n\nThe answer shows on which pages it stands.",
        elem_id="wd-chat",
    )


def _suggestions() -> tuple[gr.Button, ...]:
    with gr.Row(elem_id="wd-suggestions"):
        return tuple(
            gr.Button("", size="sm", visible=False, min_width=80, elem_classes="wd-suggestion")
            for _ in range(COUNT)
        )


def _question() -> gr.Textbox:
    return gr.Textbox(
        label="Your question",
        show_label=False,
        placeholder="Ask the whole document…",
        lines=1,
        max_lines=6,
        submit_btn="Ask",
        elem_id="wd-question",
        html_attributes=gr.InputHTMLAttributes(autocorrect="off", spellcheck=True),
    )


def _scope() -> gr.Radio:
    return gr.Radio(
        list(SCOPES),
        value=next(iter(SCOPES)),
        label="Where to look for the answer",
        show_label=False,
        container=False,
        elem_id="wd-scope",
    )


def _unseen(label: str, **options: Any) -> gr.Textbox:
    """A text that goes between the browser and the program, and that nobody sees."""
    return gr.Textbox(visible="hidden", label=label, **options)


def _evidence() -> EvidenceParts:
    html(views.evidence_title(), elem_id="wd-evidence-title")
    strip = html("", js_on_load=acts("open_chunk", "open_page"), elem_id="wd-strip")
    citations = html(views.citations(None, None), js_on_load=acts("open_citation"), elem_id="wd-citations")
    page = html("", elem_id="wd-page")
    html(views.viewer(), js_on_load=VIEWER, elem_id="wd-viewer")
    return EvidenceParts(strip, citations, page)
