"""Every setting as a pydantic field, as LlamaIndex wants them, and the settings that they stand for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import torch
from llama_index.core.bridge.pydantic import Field
from llama_index.core.llms import CustomLLM

from parallelcomp import (
    Calibration,
    ClusteredHeads,
    Composition,
    DecodeWeights,
    EvictionPolicy,
    KVPrecision,
    PolicySettings,
)
from parallelcomp.apb import APB

from ..errors import PromptError
from ..prompts.recognition import LONG
from ..settings import AnswerFrom, Settings

_DEFAULT = Settings()
_ENGINE, _EVICTION, _SAMPLING = _DEFAULT.engine, _DEFAULT.engine.eviction, _DEFAULT.sampling
# What one call may say, and the field that it stands in for.
_OF_A_CALL = {
    "temperature": "temperature",
    "top_p": "top_p",
    "repetition_penalty": "repetition_penalty",
    "max_tokens": "max_new_tokens",
    "max_new_tokens": "max_new_tokens",
    "seed": "seed",
}


class Options(CustomLLM):
    """Settings of the model, of reading, of asking and of answering."""

    model: str | None = Field(default=None, description="Hugging Face id or folder; None is the embedded model.")
    device: str | None = Field(default=None, description="cpu, cuda, cuda:1; None is cuda if there is one.")
    dtype: Literal["fp32", "bf16", "fp16"] | None = Field(
        default=None, description="Number format to compute in; None is the fastest that the device has."
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
    observation_window: int = Field(default=_EVICTION.observation_window, description="Query tokens that choose.")
    pooling_kernel: int = Field(default=_EVICTION.pooling_kernel, description="Width of the choice's smoothing.")
    policy: EvictionPolicy = Field(default=_EVICTION.policy, description="Who chooses a chunk's tokens that stay.")
    policy_settings: PolicySettings = Field(default=_EVICTION.policy_settings, description="What policies need.")
    clustered_heads: ClusteredHeads | None = Field(default=None, description="One head's scores for many.")
    score_batch: int | None = Field(default=None, description="Chunks scored at once; None is what fits.")
    composition: Composition = Field(default=_ENGINE.composition, description="How kept chunks are put together.")
    prior_sharpness: float = Field(default=_ENGINE.prior_sharpness, description="Weight of the mixture's prior.")
    calibration: Calibration | None = Field(default=None, description="Attention calibration.")
    found_margin: float = Field(
        default=_DEFAULT.found_margin, description="Nats per token that evidence must win for an answer to count."
    )
    citations: int = Field(default=_DEFAULT.citations, description="Most citations of an answer.")
    answer_from: AnswerFrom | None = Field(default=None, description="None follows the model's size.")
    passages: int = Field(default=_DEFAULT.passages, description="Passages that a small model reads again.")
    apb: APB | None = Field(default=None, description="Read anew for every question, over hosts; None: in chunks.")

    temperature: float = Field(default=_SAMPLING.temperature, description="0 is greedy.")
    top_p: float = Field(default=_SAMPLING.top_p, description="Nucleus sampling.")
    repetition_penalty: float = Field(default=_SAMPLING.repetition_penalty, description="1 is none.")
    max_new_tokens: int = Field(default=_SAMPLING.max_new_tokens, description="Longest answer, in tokens.")
    seed: int = Field(default=_SAMPLING.seed, description="Of sampling.")

    document_characters: int = Field(
        default=LONG, description="Text of a prompt from this length on is a document, in characters."
    )
    context_window: int | None = Field(
        default=None, description="In tokens; None is the longest document that fits in memory when first asked."
    )

    def settings(self) -> Settings:
        """The settings that the fields stand for. Raises ValueError."""
        evicting = ("kept_tokens", "capacity", "observation_window", "pooling_kernel", "policy", "policy_settings")
        eviction = replace(_EVICTION, **_values(self, *evicting))
        reading = _values(self, "chunk_tokens", "precision", "prefill_batch")
        asking = _values(self, "score_batch", "composition", "prior_sharpness", "calibration", "clustered_heads")
        sampling = ("temperature", "top_p", "repetition_penalty", "max_new_tokens", "seed")
        return Settings(
            device=torch.device(self.device) if self.device else None,
            dtype=KVPrecision(self.dtype).dtype if self.dtype else None,
            engine=replace(_ENGINE, eviction=eviction, **reading, **asking),
            sampling=replace(_SAMPLING, **_values(self, *sampling)),
            **_values(
                self,
                "model",
                "decode_weights",
                "library_bytes",
                "found_margin",
                "citations",
                "answer_from",
                "passages",
                "apb",
            ),
        )


def fields(settings: Settings) -> dict[str, Any]:
    """The fields that stand for these settings: the way back."""
    known = {
        **vars(settings),
        **vars(settings.engine),
        **vars(settings.engine.eviction),
        **vars(settings.sampling),
        "device": str(settings.device) if settings.device else None,
        "dtype": KVPrecision.of(settings.dtype).value if settings.dtype else None,
    }
    return {name: value for name, value in known.items() if name in Options.model_fields}


def for_a_call(settings: Settings, given: Mapping[str, Any]) -> tuple[Settings, Sequence[str]]:
    """Settings with what one call says, and its stop strings. Raises PromptError for what nobody knows."""
    said = {name: value for name, value in given.items() if value is not None}
    stop = said.pop("stop", ())
    unknown = sorted(set(said) - set(_OF_A_CALL))
    if unknown:
        known = ", ".join((*_OF_A_CALL, "stop"))
        raise PromptError(f"this engine knows no option {', '.join(unknown)} of a call; it knows {known}")
    try:
        sampling = replace(settings.sampling, **{_OF_A_CALL[name]: value for name, value in said.items()})
    except (ValueError, TypeError) as error:
        raise PromptError(f"an option of the call is out of range: {error}") from error
    return replace(settings, sampling=sampling), (stop,) if isinstance(stop, str) else tuple(stop)


def _values(options: Options, *names: str) -> dict[str, Any]:
    return {name: getattr(options, name) for name in names}
