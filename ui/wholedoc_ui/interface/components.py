"""The components of the page and their places. What happens when they are used is in wiring.py."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import gradio as gr

from wholedoc import Scope

from .. import views
from ..app_state import AppState
from ..choices import (
    ANSWER_TOKENS,
    ATTENTIONS,
    CAPACITY,
    CHUNK_TOKENS,
    COMPOSITIONS,
    HOSTS,
    KEPT_TOKENS,
    POLICIES,
    PRECISIONS,
    REGIONS,
    SCORINGS,
    AnsweringChoices,
    Range,
    ReadingChoices,
)
from ..suggestions import COUNT

# How much of the document a question is put to, as the page says it.
SCOPES = {
    Scope.BY_QUESTION: "As the question suggests",
    Scope.ONE_PLACE: "One place",
    Scope.EVERYWHERE: "Everywhere: list, count, summarise",
}
FILE_TYPES = [".pdf", ".txt", ".md", ".html", ".htm"]
ASSETS = files("wholedoc_ui") / "assets"
# Reports clicks on elements with a data-act attribute, and moves the focus along the bars with the arrow keys.
CLICKS = (ASSETS / "clicks.js").read_text(encoding="utf-8")
SOURCES = (ASSETS / "sources.js").read_text(encoding="utf-8")
LOOKED_AT = (ASSETS / "looked_at.js").read_text(encoding="utf-8")


def _html(value: str, **options: Any) -> gr.HTML:
    """A component for HTML of our own, without Gradio's styles."""
    return gr.HTML(value, apply_default_css=False, **options)


def acts(*names: str) -> str:
    """Return the JavaScript of an HTML component whose elements can trigger the events of these names."""
    return f"const acts = {list(names)!r};\n{CLICKS}"


@dataclass(frozen=True)
class FetchParts:
    told: gr.HTML
    cancel: gr.Button


@dataclass(frozen=True)
class ShelfParts:
    drop: gr.File
    arrivals: gr.HTML
    stop: gr.Button
    password: gr.Textbox
    documents: gr.HTML


@dataclass(frozen=True)
class ChatParts:
    chatbot: gr.Chatbot
    question: gr.Textbox
    scope: gr.Radio
    sends_to: gr.HTML
    suggestions: tuple[gr.Button, ...]
    retry: gr.Button
    clear: gr.Button
    export: gr.Button
    exported: gr.Textbox
    cost: gr.HTML


@dataclass(frozen=True)
class EvidenceParts:
    strip: gr.HTML
    citations: gr.HTML
    page: gr.HTML
    tools: gr.Row
    previous: gr.Button
    following: gr.Button
    smaller: gr.Button
    larger: gr.Button


@dataclass(frozen=True)
class SettingsParts:
    """`answering` and `reading` are in the order of the fields of AnsweringChoices and ReadingChoices."""

    answering: tuple[gr.components.Component, ...]
    models: gr.HTML
    reading: tuple[gr.components.Component, ...]
    apply: gr.Button
    told: gr.HTML


@dataclass(frozen=True)
class Parts:
    status: gr.HTML
    fetch: FetchParts
    shelf: ShelfParts
    chat: ChatParts
    evidence: EvidenceParts
    settings: SettingsParts


def build(app_state: AppState) -> Parts:
    """Make the page's components. Call it inside gr.Blocks."""
    with gr.Sidebar(label="Settings", open=False, position="right", width=340, elem_id="wd-settings"):
        settings = _settings(app_state)
    status = _html(views.status_line(app_state.state), js_on_load=LOOKED_AT, elem_id="wd-status")
    with gr.Row(elem_id="wd-fetch"):
        told = _html("", elem_id="wd-fetch-told")
        cancel = gr.Button("Cancel", size="sm", visible=False, scale=0, min_width=90, elem_id="wd-cancel-fetch")
    with gr.Row(elem_id="wd-columns"):
        with gr.Column(scale=3, min_width=260, elem_id="wd-left"):
            shelf = _shelf()
        with gr.Column(scale=5, min_width=330, elem_id="wd-middle"):
            chat = _chat()
        with gr.Column(scale=5, min_width=330, elem_id="wd-right"):
            evidence = _evidence()
    return Parts(status, FetchParts(told, cancel), shelf, chat, evidence, settings)


def _shelf() -> ShelfParts:
    _html("<h2>Documents</h2>")
    drop = gr.File(
        label="Add documents",
        file_count="multiple",
        file_types=FILE_TYPES,
        height=140,
        elem_id="wd-drop",
    )
    arrivals = _html("", elem_id="wd-arrivals")
    stop = gr.Button("Stop reading", size="sm", variant="stop", visible=False, elem_id="wd-stop-reading")
    password = gr.Textbox(
        label="Password of the document",
        type="password",
        visible=False,
        submit_btn="Open",
        elem_id="wd-password",
    )
    documents = _html(
        "", js_on_load=acts("choose_document", "remove_document", "read_document"), elem_id="wd-documents"
    )
    return ShelfParts(drop, arrivals, stop, password, documents)


def _chat() -> ChatParts:
    _html("<h2>Questions</h2>")
    chatbot = gr.Chatbot(
        label="Conversation",
        show_label=False,
        height="56vh",
        min_height=260,
        buttons=["copy"],
        latex_delimiters=[],
        allow_tags=False,
        feedback_options=None,
        placeholder="The whole document is read, nothing is searched for.\n\nAsk anything about it.",
        elem_id="wd-chat",
    )
    with gr.Row(elem_id="wd-suggestions"):
        suggestions = tuple(
            gr.Button("", size="sm", visible=False, min_width=80, elem_classes="wd-suggestion")
            for _ in range(COUNT)
        )
    question = gr.Textbox(
        label="Your question",
        show_label=False,
        placeholder="Ask the whole document…",
        lines=1,
        max_lines=6,
        submit_btn="Ask",
        elem_id="wd-question",
        html_attributes=gr.InputHTMLAttributes(autocorrect="off", spellcheck=True),
    )
    scope = gr.Radio(
        [(name, one.value) for one, name in SCOPES.items()],
        value=Scope.BY_QUESTION.value,
        label="Asked of",
        container=False,
        elem_id="wd-scope",
    )
    sends_to = _html("", elem_id="wd-sends-to")
    with gr.Row(elem_id="wd-chat-tools"):
        retry = gr.Button("Retry", size="sm", min_width=60)
        clear = gr.Button("New conversation", size="sm", min_width=60)
        export = gr.Button("Save as Markdown", size="sm", min_width=60)
    exported = gr.Textbox(visible="hidden", label="The conversation as Markdown", elem_id="wd-exported")
    cost = _html("", elem_id="wd-cost")
    return ChatParts(chatbot, question, scope, sends_to, suggestions, retry, clear, export, exported, cost)


def _evidence() -> EvidenceParts:
    _html("<h2>Evidence</h2>")
    strip = _html("", js_on_load=acts("open_chunk"), elem_id="wd-strip")
    citations = _html(
        views.citations(None, None), js_on_load=f"{acts('open_citation')}\n{SOURCES}", elem_id="wd-citations"
    )
    with gr.Row(visible=False, elem_id="wd-page-tools") as tools:
        previous = gr.Button("‹ Previous", size="sm", min_width=60, elem_id="wd-previous")
        following = gr.Button("Next ›", size="sm", min_width=60, elem_id="wd-next")
        smaller = gr.Button("Smaller", size="sm", min_width=60, elem_id="wd-smaller")
        larger = gr.Button("Larger", size="sm", min_width=60, elem_id="wd-larger")
    page = _html("", elem_id="wd-page")
    return EvidenceParts(strip, citations, page, tools, previous, following, smaller, larger)


def _settings(app_state: AppState) -> SettingsParts:
    settings = app_state.library.settings
    answer, read = AnsweringChoices.of(settings), ReadingChoices.of(settings)
    _html("<h2>Settings</h2>")
    with gr.Group():
        _html('<p class="wd-note">How this window answers, from the next question on.</p>', padding=True)
        answering = (
            gr.Dropdown(list(ATTENTIONS), value=answer.attention, label="How documents are seen"),
            gr.Dropdown(
                list(SCORINGS),
                value=answer.scoring,
                label="Which parts are scored by a question",
                info="The scan is for parallel parts. Every part is scored until a model's heads for it are found.",
            ),
            _slider("Blocks of APB and Star-Attention", HOSTS, answer.hosts),
            _slider("Tokens kept of the documents", KEPT_TOKENS, answer.kept_tokens, "More costs time."),
            _slider("Most tokens kept of one part", CAPACITY, answer.capacity),
            gr.Dropdown(list(POLICIES), value=answer.eviction, label="What stays of a longer part"),
            gr.Dropdown(list(COMPOSITIONS), value=answer.composition, label="How kept parts are put together"),
            gr.CheckboxGroup(
                list(REGIONS),
                value=list(answer.calibrate),
                label="Calibrate attention",
                info="Ignore what draws attention without cause. For assembled parts only.",
            ),
            gr.Checkbox(
                answer.clustered,
                label="Let heads that attend alike share their scores",
                info="`wholedoc cluster-heads` finds them, once for a model.",
            ),
            gr.Slider(
                0,
                max(1.5, answer.temperature),
                value=answer.temperature,
                step=0.1,
                label="Temperature",
                info="0 always answers the same.",
            ),
            _slider("Longest answer, tokens", ANSWER_TOKENS, answer.max_new_tokens),
        )
    with gr.Group():
        _html(
            '<p class="wd-note">Which model reads documents and which one writes answers, in all windows. A '
            "document that another model read is read again when you ask it.</p>",
            padding=True,
        )
        models = _html(
            views.models(app_state.offers),
            js_on_load=acts(views.USE_TO_READ, views.USE_TO_WRITE),
            elem_id="wd-models",
            padding=True,
        )
        _html(
            '<p class="wd-note">Any other model, and how documents are read. A document that was read in another '
            "way is read again, too.</p>",
            padding=True,
        )
        reading = (
            gr.Textbox(
                value=read.model,
                label="Model that reads",
                placeholder="the small model that comes along",
                info="A name from above, a Hugging Face id, a folder or a GGUF file; empty for the small model.",
                elem_id="wd-reader",
            ),
            gr.Textbox(
                value=read.answer_model,
                label="Model that writes",
                placeholder="the program chooses",
                info="The same, or the address of a program that speaks OpenAI's protocol, such as "
                "http://127.0.0.1:11434/v1#llama3.1. `reader` lets the model that reads answer; empty lets the "
                "program choose.",
                elem_id="wd-writer",
            ),
            _slider("Longest part, tokens", CHUNK_TOKENS, read.chunk_tokens),
            gr.Dropdown(
                list(PRECISIONS), value=read.precision, label="Precision on disk", info="Fewer bits, less space."
            ),
        )
        apply = gr.Button("Apply", size="sm", elem_id="wd-apply")
        told = _html("", elem_id="wd-settings-told")
    return SettingsParts(answering, models, reading, apply, told)


def _slider(label: str, allowed: Range, value: int, info: str | None = None) -> gr.Slider:
    """A slider over the allowed range, extended to a value outside of it that was chosen on the command line."""
    lowest, highest = min(allowed.lowest, value), max(allowed.highest, value)
    return gr.Slider(lowest, highest, value=value, step=allowed.step, label=label, info=info)
