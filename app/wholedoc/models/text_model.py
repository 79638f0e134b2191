"""A language model with its tokenizer and the segments of its prompt."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from transformers import AutoTokenizer

import parallelcomp
from parallelcomp import DecodeWeights, Weights

from ..errors import ModelError
from ..settings import SMALL_MODEL
from ..storage.home import home
from . import embedded_model, held_models
from .catalogue import Role
from .chat_template import PromptSegments, encode, stop_ids
from .preparing import Notify, in_words
from .quiet import quiet_transformers


@dataclass(frozen=True)
class TextModel:
    """A loaded model with its tokenizer. `name` is the name by which a person chose it."""

    name: str
    loaded: parallelcomp.LoadedModel
    tokenizer: Any

    @property
    def parameters(self) -> int:
        """Number of weights."""
        return self.loaded.spec.parameters

    @cached_property
    def prompt(self) -> PromptSegments:
        return PromptSegments.of(self.tokenizer)

    @cached_property
    def stop_ids(self) -> frozenset[int]:
        return stop_ids(self.loaded.model, self.tokenizer)

    @cached_property
    def line_ends(self) -> frozenset[int]:
        """The ids of the tokens that end a line."""
        return frozenset(ids[0] for text in ("\n", "\n\n") if len(ids := encode(self.tokenizer, text)) == 1)

    def decode(self, token_ids: list[int]) -> str:
        """Return the text of token ids, without special tokens."""
        text: str = self.tokenizer.decode(token_ids, skip_special_tokens=True)
        return text


def open_model(
    name: str | None = None,
    *,
    device: torch.device | None = None,
    dtype: torch.dtype | None = None,
    weights: Weights | None = None,
    decode_weights: DecodeWeights | None = None,
    role: Role = Role.READER,
    notify: Notify = lambda _: None,
) -> TextModel:
    """Load a model by its short name, Hugging Face id, folder or GGUF file; None stands for the embedded model.

    A model of the catalogue is fetched and converted first, a GGUF file converted, each once; `notify` is told. A
    writer has its weights in 8 bits where that is faster and `weights` and `decode_weights` leave it open.
    Raises ModelError if it is not there, does not fit into memory, needs something that is missing, or cannot be
    run by the engine.
    """
    quiet_transformers()
    device = device or parallelcomp.default_device()
    open_choice = weights is None and decode_weights is None and dtype in (None, torch.float32)
    if dtype is None:
        dtype = torch.bfloat16 if weights is Weights.BF16 else parallelcomp.default_dtype(device)
    source = _source(name, notify)
    try:
        if role is Role.WRITER and open_choice and parallelcomp.int8_is_faster(device, dtype):
            loaded = parallelcomp.load_int8(str(source))
        else:
            loaded = parallelcomp.load(str(source), device=device, dtype=dtype, weights=weights)
        tokenizer = AutoTokenizer.from_pretrained(str(source), trust_remote_code=False)
    except (
        parallelcomp.UnsupportedModelError,
        parallelcomp.WeightsError,
        parallelcomp.MemoryPlanError,
    ) as error:
        raise ModelError(f"cannot use {name or embedded_model.NAME}: {error}") from error
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ModelError(f"cannot load the model {name or source}: {reason}") from error
    if not tokenizer.is_fast:
        raise ModelError(f"cannot use {name}: its tokenizer gives no character offsets, which citations need")
    held_models.note_fingerprint(source, home() / "models", loaded.spec.fingerprint)
    model = TextModel(name or embedded_model.NAME, loaded, tokenizer)
    return replace(model, loaded=_with_decode_weights(model, decode_weights))


def _source(name: str | None, notify: Notify) -> Path:
    """Return the folder of the model that is called `name`, or its Hugging Face id. Raises ModelError."""
    models = home() / "models"
    if name is None:
        return embedded_model.embedded_model(models, notify)
    return held_models.hold_named(name, models, in_words(notify))


def _with_decode_weights(model: TextModel, chosen: DecodeWeights | None) -> parallelcomp.LoadedModel:
    """Return the model with weights in 8 bits for decode where they are asked for, or by default where they help
    and take little memory. Raises ModelError."""
    helps = parallelcomp.can_quantize_decode(model.loaded) and model.parameters < SMALL_MODEL
    if chosen is DecodeWeights.INT8 or (chosen is None and helps):
        try:
            return parallelcomp.quantize_decode(model.loaded)
        except ValueError as error:
            raise ModelError(f"{error}; leave out the choice of decode weights, or compute in bf16") from error
    return model.loaded
