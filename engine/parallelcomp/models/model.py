"""A loaded model and what the engine needs to know about its shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import AutoModelForCausalLM

from ..attention import attention
from ..errors import UnsupportedModelError
from .families import LLAMA_4, check_supported, has_sinks, sliding_windows, text_config, usable_window
from .fingerprint import fingerprint, state_tensors
from .weights import ready_made, size_of


@dataclass(frozen=True)
class ModelSpec:
    """Shape of a model.

    `window` is its usable context in tokens, `parameters` the number of its weights, which take `weight_bytes`;
    `fingerprint` identifies them. `sliding_windows`: for each layer how many positions back it sees, None for all.
    `sinks` says whether a part of every head's attention goes to no token. `quantization`: by which method the
    weights are quantised, None if they are not. `experts_per_token` is 0 in models without experts.
    """

    family: str
    layers: int
    query_heads: int
    kv_heads: int
    head_dim: int
    hidden_size: int
    intermediate_size: int
    vocabulary: int
    window: int
    dtype: torch.dtype
    device: torch.device
    parameters: int
    weight_bytes: int
    fingerprint: str
    sliding_windows: tuple[int | None, ...] = ()
    sinks: bool = False
    quantization: str | None = None
    experts_per_token: int = 0

    @property
    def full_layers(self) -> list[int]:
        """The layers that see all positions."""
        windows = self.sliding_windows or (None,) * self.layers
        return [layer for layer, window in enumerate(windows) if window is None]

    @property
    def is_plain(self) -> bool:
        """Whether every layer sees all positions and has no sinks."""
        return not self.sinks and len(self.full_layers) == self.layers

    def require_plain(self, feature: str) -> None:
        """Raise UnsupportedModelError if some layers slide or have sinks, which this feature cannot allow for."""
        if not self.is_plain:
            what = "attention sinks" if self.sinks else "sliding layers"
            raise UnsupportedModelError(f"{feature} not possible with a '{self.family}' model, which has {what}")

    @property
    def group(self) -> int:
        """Query heads per KV head."""
        return self.query_heads // self.kv_heads

    def kv_bytes_per_token(self, bytes_per_number: float) -> float:
        """Bytes that one token's keys and values take in all layers together."""
        return 2 * self.layers * self.kv_heads * self.head_dim * bytes_per_number


@dataclass(frozen=True)
class LoadedModel:
    """A causal LM of transformers that attends through `attention.attend`, and its spec.

    `decoder` runs the single tokens of an answer (see `decoding.weights`); where it is None, `model` runs them.
    """

    model: Any
    spec: ModelSpec
    decoder: Any = None


def adopt(model: Any) -> LoadedModel:
    """Prepare a causal LM of transformers: check it, select the engine's attention and freeze its weights.

    Of a model that also sees pictures the text part is kept. Raises UnsupportedModelError before the model is
    changed.
    """
    check_supported(model.config)
    method = ready_made(model.config)
    model = _text_model(model)
    model.requires_grad_(False)
    model.eval()
    model.set_attn_implementation(attention.NAME)
    if model.config.model_type == LLAMA_4:
        _as_within_the_first_chunk(model)
    return LoadedModel(model, spec_of(model, method))


def _as_within_the_first_chunk(model: Any) -> None:
    """Leave out what Llama 4 does beyond its usable window, and name its layers as other models do.

    Some layers scale their queries from a position on that the engine never reaches. transformers goes by the
    slots of the cache instead, of which a context of several chunks has more than positions.
    """
    for layer in model.model.layers:
        layer.self_attn.attn_temperature_tuning = False
    model.base_model_prefix = "model"


def _text_model(model: Any) -> Any:
    """Return the causal LM inside a model that also sees pictures, with its weights, or the model itself."""
    config = text_config(model.config)
    if config is model.config:
        return model
    inner: Any = getattr(model, "language_model", None)
    if hasattr(inner, "lm_head"):  # it is a causal LM by itself
        inner.generation_config = model.generation_config
        return inner
    with torch.device("meta"):
        text = AutoModelForCausalLM.from_config(config, dtype=model.dtype)
    text.model, text.lm_head = model.model.language_model, model.lm_head
    text.generation_config = model.generation_config
    return text


def spec_of(model: Any, method: str | None = None) -> ModelSpec:
    """Return the spec of a loaded model. `method`: how its weights are quantised."""
    config = model.config
    embedding = model.get_input_embeddings().weight
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    experts = getattr(config, "num_experts_per_tok", None) or 0
    if config.model_type == LLAMA_4:
        experts = config.num_local_experts  # every token goes through each of them, most with a weight of zero
    widest = experts * (getattr(config, "moe_intermediate_size", None) or config.intermediate_size)
    tensors = dict(model.named_parameters()) if method is None else state_tensors(model)
    return ModelSpec(
        family=config.model_type,
        layers=config.num_hidden_layers,
        query_heads=config.num_attention_heads,
        kv_heads=config.num_key_value_heads,
        head_dim=head_dim,
        hidden_size=config.hidden_size,
        intermediate_size=max(config.intermediate_size, widest, getattr(config, "intermediate_size_mlp", 0)),
        vocabulary=config.vocab_size,
        window=usable_window(config),
        dtype=embedding.dtype,
        device=embedding.device,
        parameters=sum(p.numel() for p in tensors.values()) if method is None else size_of(config).parameters,
        weight_bytes=_bytes(tensors),
        fingerprint=fingerprint(config, tensors, method),
        sliding_windows=sliding_windows(config),
        sinks=has_sinks(config),
        quantization=method,
        experts_per_token=experts,
    )


def _bytes(tensors: Mapping[str, Tensor]) -> int:
    """Return the bytes of tensors; of several that share their memory one counts."""
    return sum({one.data_ptr(): one.nbytes for one in tensors.values()}.values())
