"""The components of the settings: how this window answers, and how documents are read."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import gradio as gr

from ... import views
from ...app_state import AppState
from ...choices import (
    ANSWER_TOKENS,
    ATTENTIONS,
    CAPACITY,
    CHUNK_TOKENS,
    COMPOSITIONS,
    HOSTS,
    KEPT_TOKENS,
    LANGUAGES,
    POLICIES,
    PRECISIONS,
    REGIONS,
    SCORINGS,
    WEIGHTS,
    AnsweringChoices,
    Range,
    ReadingChoices,
    without_effect,
)
from ...models.wanted import reader_name
from ..html import acts, html

SCAN = "The scan is for parallel parts. Every part is scored until a model's heads for it are found."
CALIBRATES = "Ignore what draws attention without cause. For assembled parts only."
# What stands below the choices that may be without effect, while they are not.
EXPLAINED = {"scoring": SCAN, "kept_tokens": "More costs time.", "calibrate": CALIBRATES}


@dataclass(frozen=True)
class ModelParts:
    """The models beside the shelf. `named` says in its label which are in use, and holds the list; `told` says what
    became of a choice.
    """

    named: gr.Accordion
    listed: gr.HTML
    told: gr.HTML


@dataclass(frozen=True)
class FolderParts:
    """`named` are the folders that are watched, one a line; `told` says what happened last in each."""

    named: gr.Textbox
    watch: gr.Button
    told: gr.HTML


@dataclass(frozen=True)
class SettingsParts:
    """`answering` and `reading` are in the order of the fields of AnsweringChoices and ReadingChoices."""

    answering: tuple[gr.components.Component, ...]
    reading: tuple[gr.components.Component, ...]
    apply: gr.Button
    introduces: gr.Checkbox
    told: gr.HTML
    folders: FolderParts

    def answer(self, name: str) -> gr.components.Component:
        """Return the component of a field of AnsweringChoices."""
        return self.answering[[field.name for field in fields(AnsweringChoices)].index(name)]


def models_in_use(app_state: AppState) -> str:
    """Return the names of the models that read and write now."""
    writer = app_state.writer
    reader = reader_name(app_state.library.settings)
    return views.models_in_use(app_state.offers, reader, writer.name if writer else None)


def model_parts(app_state: AppState) -> ModelParts:
    """Make the list of models. Call it inside gr.Blocks."""
    with gr.Accordion(models_in_use(app_state), open=False, elem_id="wd-model-in-use") as named:
        html(
            '<p class="wd-note">Which model reads documents and which one writes answers, in all windows. A '
            "document that another model read is read again when you ask it.</p>"
        )
        listed = html(
            views.models(app_state.offers),
            js_on_load=acts(views.USE_TO_READ, views.USE_TO_WRITE),
            elem_id="wd-models",
        )
        told = html("", elem_id="wd-models-told")
    return ModelParts(named, listed, told)


def settings_parts(app_state: AppState) -> SettingsParts:
    """Make the components of the settings. Call it inside gr.Blocks."""
    settings = app_state.library.settings
    answer, read = AnsweringChoices.of(settings), ReadingChoices.of(settings)
    html("<h2>Settings</h2>")
    with gr.Group():
        html('<p class="wd-note">Which models read and write is chosen below the documents.</p>', padding=True)
        length = _slider("Longest answer, tokens", ANSWER_TOKENS, answer.max_new_tokens, "A word has about 1.3.")
        language = gr.Dropdown(
            list(LANGUAGES),
            value=answer.language,
            label="Language of the answers",
            info="A model that writes is asked to keep to it, at questions to one place. Quotes stay as they are.",
            elem_id="wd-language",
        )
        introduces = gr.Checkbox(
            app_state.introduces_after_reading,
            label="Introduce documents after reading",
            info="In the background, in all windows: what kind of document it is, a sentence on each section, and "
            "questions worth asking. Summaries are quick afterwards. Only a model that writes does it.",
            elem_id="wd-introduces",
        )
    folders = _folders(app_state)
    with gr.Accordion("Advanced", open=False, elem_id="wd-advanced"):
        with gr.Group():
            html('<p class="wd-note">How this window answers, from the next question on.</p>', padding=True)
            answering = _answering(answer)
        with gr.Group():
            html(
                '<p class="wd-note">Any other model, and how documents are read, in all windows. A document that '
                "was read in another way is read again when you ask it.</p>",
                padding=True,
            )
            reading = _reading(read)
            apply = gr.Button("Apply", size="sm", elem_id="wd-apply")
            told = html("", elem_id="wd-settings-told")
    return SettingsParts((*answering, length, language), reading, apply, introduces, told, folders)


def _folders(app_state: AppState) -> FolderParts:
    """Make the components of the watched folders, which only who sits at this machine sees."""
    with gr.Group(visible=app_state.folders.allowed):
        named = gr.Textbox(
            "\n".join(app_state.folders.chosen()),
            label="Watched folders",
            lines=2,
            max_lines=8,
            info="One a line. Their documents are read in the background, and those that come into them. Links are "
            "not followed. What is removed from a folder stays among the documents.",
            elem_id="wd-folders",
        )
        watch = gr.Button("Watch", size="sm", elem_id="wd-watch")
        told = html("", elem_id="wd-folders-told")
    return FolderParts(named, watch, told)


def _answering(answer: AnsweringChoices) -> tuple[gr.components.Component, ...]:
    """Make the components of all fields of AnsweringChoices up to the temperature."""
    reasons = without_effect(answer.attention, answer.composition)

    def so(name: str) -> dict[str, Any]:
        return effect(name, reasons)

    return (
        gr.Dropdown(
            list(ATTENTIONS), value=answer.attention, label="How documents are seen", elem_id="wd-attention"
        ),
        gr.Dropdown(
            list(SCORINGS),
            value=answer.scoring,
            label="Which parts are scored by a question",
            elem_id="wd-scoring",
            **so("scoring"),
        ),
        _slider("Blocks of APB and Star-Attention", HOSTS, answer.hosts, **so("hosts")),
        _slider("Tokens kept of the documents", KEPT_TOKENS, answer.kept_tokens, **so("kept_tokens")),
        _slider("Most tokens kept of one part", CAPACITY, answer.capacity, **so("capacity")),
        gr.Dropdown(list(POLICIES), value=answer.eviction, label="What stays of a longer part", **so("eviction")),
        gr.Dropdown(
            list(COMPOSITIONS),
            value=answer.composition,
            label="How kept parts are put together",
            elem_id="wd-composition",
            **so("composition"),
        ),
        gr.CheckboxGroup(
            list(REGIONS), value=list(answer.calibrate), label="Calibrate attention", **so("calibrate")
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
    )


def _reading(read: ReadingChoices) -> tuple[gr.components.Component, ...]:
    """Make the components of all fields of ReadingChoices."""
    return (
        gr.Textbox(
            value=read.model,
            label="Model that reads",
            placeholder="the small model that comes along",
            info="A name from the list, a Hugging Face id, a folder or a GGUF file; empty for the small model.",
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
        gr.Dropdown(
            list(WEIGHTS),
            value=read.weights,
            label="Weights of the model",
            info="Fewer bits, less memory, and documents are read again.",
        ),
    )


def effect(name: str, reasons: dict[str, str]) -> dict[str, Any]:
    """Return whether a choice can be made, and what stands below it: the reason where it is without effect."""
    return {"interactive": name not in reasons, "info": reasons.get(name, EXPLAINED.get(name, ""))}


def _slider(label: str, allowed: Range, value: int, info: str | None = None, **options: Any) -> gr.Slider:
    """A slider over the allowed range, extended to a value outside of it that was chosen on the command line."""
    lowest, highest = min(allowed.lowest, value), max(allowed.highest, value)
    return gr.Slider(lowest, highest, value=value, step=allowed.step, label=label, **{"info": info, **options})
