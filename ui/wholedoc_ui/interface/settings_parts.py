"""The components of the settings: how this window answers, and which models read and write."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

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
from .html import acts, html


@dataclass(frozen=True)
class SettingsParts:
    """`answering` and `reading` are in the order of the fields of AnsweringChoices and ReadingChoices."""

    answering: tuple[gr.components.Component, ...]
    models: gr.HTML
    reading: tuple[gr.components.Component, ...]
    apply: gr.Button
    introduces: gr.Checkbox
    told: gr.HTML


def settings_parts(app_state: AppState) -> SettingsParts:
    """Make the components of the settings. Call it inside gr.Blocks."""
    settings = app_state.library.settings
    answer, read = AnsweringChoices.of(settings), ReadingChoices.of(settings)
    html("<h2>Settings</h2>")
    with gr.Group():
        html('<p class="wd-note">How this window answers, from the next question on.</p>', padding=True)
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
        html(
            '<p class="wd-note">Which model reads documents and which one writes answers, in all windows. A '
            "document that another model read is read again when you ask it.</p>",
            padding=True,
        )
        models = html(
            views.models(app_state.offers),
            js_on_load=acts(views.USE_TO_READ, views.USE_TO_WRITE),
            elem_id="wd-models",
            padding=True,
        )
        html(
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
        told = html("", elem_id="wd-settings-told")
    with gr.Group():
        introduces = gr.Checkbox(
            app_state.introduces_after_reading,
            label="Introduce documents after reading",
            info="In the background, in all windows: what kind of document it is, a sentence on each section, and "
            "questions worth asking. Summaries are quick afterwards.",
            elem_id="wd-introduces",
        )
    return SettingsParts(answering, models, reading, apply, introduces, told)


def _slider(label: str, allowed: Range, value: int, info: str | None = None) -> gr.Slider:
    """A slider over the allowed range, extended to a value outside of it that was chosen on the command line."""
    lowest, highest = min(allowed.lowest, value), max(allowed.highest, value)
    return gr.Slider(lowest, highest, value=value, step=allowed.step, label=label, info=info)
