"""Every setting as a pydantic field, as LlamaIndex wants them, and the way to wholedoc's settings and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import torch
from llama_index.core.bridge.pydantic import Field
from llama_index.core.llms import CustomLLM

from parallelcomp import (
    Calibration,
    ChunkScoring,
    ClusteredHeads,
    Composition,
    DecodeWeights,
    EngineConfig,
    Eviction,
    EvictionPolicy,
    KVPrecision,
    PolicySettings,
    Sampling,
    Weights,
)
from parallelcomp.apb import APB

from ..errors import PromptError
from ..prompts.recognition import LONG
from ..settings import Answerer, AnswerFrom, Settings

_DEFAULT = Settings()
_ENGINE, _EVICTION, _SAMPLING = _DEFAULT.engine, _DEFAULT.engine.eviction, _DEFAULT.sampling
# The options of one call, and the sampling setting that each overrides.
_CALL_OPTIONS = {
    "temperature": "temperature",
    "top_p": "top_p",
    "repetition_penalty": "repetition_penalty",
    "max_tokens": "max_new_tokens",
    "max_new_tokens": "max_new_tokens",
    "seed": "seed",
}


class Options(CustomLLM):
    """The settings of the model, of reading, of asking and of answering, as fields."""

    model: str | None = Field(default=None, description="Hugging Face id or folder; None is the embedded model.")
    answer_model: Answerer | str = Field(
        default=_DEFAULT.answer_model,
        union_mode="left_to_right",  # what was saved as text is the same choice when it is loaded
        description="Who writes the answers: an id, a folder, or an OpenAI-compatible address with #model; or the "
        "model that reads; or, by default, the catalogue's writer once it has been fetched.",
    )
    device: str | None = Field(
        default=None, description="cpu, cuda, cuda:1, mps; None is cuda or mps if there is one."
    )
    dtype: Literal["fp32", "bf16", "fp16"] | None = Field(
        default=None, description="Number format to compute in; None is the fastest that the device has."
    )
    weights: Weights | None = Field(
        default=None, description="Number format of the model's weights; None is as it is published."
    )
    decode_weights: DecodeWeights | None = Field(
        default=None, description="Weights that decode multiplies by; None is what fits model and device."
    )
    library_bytes: int = Field(default=_DEFAULT.library_bytes, description="Most that the library takes on disk.")

    chunk_tokens: int = Field(default=_ENGINE.chunk_tokens, description="Longest chunk, in tokens.")
    precision: KVPrecision = Field(default=_ENGINE.precision, description="Number format of the stored KV.")
    prefill_batch: int | None = Field(default=None, description="Chunks read at once; None is what fits.")

    kept_tokens: int = Field(default=_EVICTION.kept_tokens, description="Document tokens kept for the answer.")
    capacity: int = Field(default=_EVICTION.capacity, description="Most tokens kept of one chunk.")
    observation_window: int = Field(
        default=_EVICTION.observation_window, description="Question tokens whose attention chooses."
    )
    pooling_kernel: int = Field(default=_EVICTION.pooling_kernel, description="Width of the choice's smoothing.")
    policy: EvictionPolicy = Field(default=_EVICTION.policy, description="Who chooses a chunk's tokens that stay.")
    policy_settings: PolicySettings = Field(default=_EVICTION.policy_settings, description="What policies need.")
    clustered_heads: ClusteredHeads | None = Field(default=None, description="Heads that share one head's scores.")
    score_batch: int | None = Field(default=None, description="Chunks scored at once; None is what fits.")
    composition: Composition = Field(default=_ENGINE.composition, description="How kept chunks are put together.")
    prior_sharpness: float = Field(default=_ENGINE.prior_sharpness, description="Weight of the mixture's prior.")
    calibration: Calibration | None = Field(default=None, description="Attention calibration.")
    found_margin: float = Field(
        default=_DEFAULT.found_margin, description="Nats per token that evidence must win for an answer to count."
    )
    citations: int = Field(default=_DEFAULT.citations, description="Most citations of an answer.")
    answer_from: AnswerFrom | None = Field(
        default=None, description="What answers are written from. None decides by the model's size."
    )
    passages: int = Field(default=_DEFAULT.passages, description="Passages that a small model reads again.")
    writer_passages: int = Field(
        default=_DEFAULT.writer_passages, description="Passages that `answer_model` writes from."
    )
    scoring: ChunkScoring = Field(default=_DEFAULT.scoring, description="Which chunks a question is scored on.")
    held_tokens: int = Field(
        default=_DEFAULT.held_tokens, description="Tokens of documents that stay in memory, at the most."
    )
    apb: APB | None = Field(
        default=None,
        description="Read the documents anew for every question, over hosts. None reads them in chunks, once.",
    )

    temperature: float = Field(default=_SAMPLING.temperature, description="0 is greedy.")
    top_p: float = Field(default=_SAMPLING.top_p, description="Nucleus sampling.")
    repetition_penalty: float = Field(default=_SAMPLING.repetition_penalty, description="1 is none.")
    max_new_tokens: int = Field(default=_SAMPLING.max_new_tokens, description="Longest answer, in tokens.")
    seed: int = Field(default=_SAMPLING.seed, description="Seed of sampling.")

    document_characters: int = Field(
        default=LONG, description="Text of a prompt from this length on is a document, in characters."
    )
    context_window: int | None = Field(
        default=None,
        description="In tokens. None is the longest document that fits in memory when this is first asked for.",
    )

    def settings(self) -> Settings:
        """Returns the settings that the fields stand for. Raises ValueError if one is out of range."""
        return replace(
            _DEFAULT,
            **self._fields_of(_DEFAULT),
            device=torch.device(self.device) if self.device else None,
            dtype=KVPrecision(self.dtype).dtype if self.dtype else None,
            engine=replace(
                _ENGINE, **self._fields_of(_ENGINE), eviction=replace(_EVICTION, **self._fields_of(_EVICTION))
            ),
            sampling=replace(_SAMPLING, **self._fields_of(_SAMPLING)),
        )

    def _fields_of(self, part: Settings | EngineConfig | Eviction | Sampling) -> dict[str, Any]:
        """Returns the fields that stand for a part of the settings, except those that need converting."""
        names = vars(part).keys() & Options.model_fields.keys() - {"device", "dtype"}
        return {name: getattr(self, name) for name in names}


def fields(settings: Settings) -> dict[str, Any]:
    """Returns the fields that stand for these settings."""
    known = {
        **vars(settings),
        **vars(settings.engine),
        **vars(settings.engine.eviction),
        **vars(settings.sampling),
        "device": str(settings.device) if settings.device else None,
        "dtype": KVPrecision.of(settings.dtype).value if settings.dtype else None,
    }
    return {name: value for name, value in known.items() if name in Options.model_fields}


def for_call(settings: Settings, given: Mapping[str, Any]) -> tuple[Settings, Sequence[str]]:
    """Returns the settings with the options of one call, and its stop strings.

    Raises PromptError for options that are unknown or out of range.
    """
    said = {name: value for name, value in given.items() if value is not None}
    stop = said.pop("stop", ())
    unknown = sorted(set(said) - set(_CALL_OPTIONS))
    if unknown:
        known = ", ".join((*_CALL_OPTIONS, "stop"))
        raise PromptError(f"this engine knows no option {', '.join(unknown)} of a call; it knows {known}")
    try:
        sampling = replace(settings.sampling, **{_CALL_OPTIONS[name]: value for name, value in said.items()})
    except (ValueError, TypeError) as error:
        raise PromptError(f"an option of the call is out of range: {error}") from error
    return replace(settings, sampling=sampling), (stop,) if isinstance(stop, str) else tuple(stop)
