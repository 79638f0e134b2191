"""A loaded model and what the engine needs to know about its shape."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForImageTextToText

from . import attention
from .errors import UnsupportedModelError
from .families import check_supported, has_sinks, sliding_windows, text_config, usable_window


@dataclass(frozen=True)
class ModelSpec:
    """Shape of a model.

    `window` is its usable context in tokens, `parameters` the number of its weights, which take `weight_bytes`;
    `fingerprint` identifies them. `sliding_windows`: for each layer how many positions back it sees, None for all.
    `sinks` says whether a part of every head's attention goes to no token.
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

    @property
    def full_layers(self) -> list[int]:
        """The layers that see all positions."""
        windows = self.sliding_windows or (None,) * self.layers
        return [layer for layer, window in enumerate(windows) if window is None]

    def require_plain(self, feature: str) -> None:
        """Raise UnsupportedModelError if some layers slide or have sinks, which this feature cannot allow for."""
        if self.sinks or len(self.full_layers) < self.layers:
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


def load(name: str | Path, *, device: torch.device, dtype: torch.dtype) -> LoadedModel:
    """Load a causal LM from a folder or a Hugging Face id.

    Raises UnsupportedModelError before any weight is read if the engine cannot express the model, and OSError
    (from transformers) if there is no such model.
    """
    # Code that comes with a model is never run, and nobody is asked whether it should be.
    config = AutoConfig.from_pretrained(name, trust_remote_code=False)
    check_supported(config)
    kind = AutoModelForCausalLM if text_config(config) is config else AutoModelForImageTextToText
    model = kind.from_pretrained(name, dtype=dtype, trust_remote_code=False)
    return adopt(model.to(device))


def adopt(model: Any) -> LoadedModel:
    """Prepare a causal LM of transformers: check it, select the engine's attention and freeze its weights.

    Of a model that also sees pictures the text part is kept. Raises UnsupportedModelError before the model is
    changed.
    """
    check_supported(model.config)
    model = _text_model(model)
    model.requires_grad_(False)
    model.eval()
    model.set_attn_implementation(attention.NAME)
    return LoadedModel(model, spec_of(model))


def _text_model(model: Any) -> Any:
    """Return the causal LM inside a model that also sees pictures, with its weights, or the model itself."""
    config = text_config(model.config)
    if config is model.config:
        return model
    with torch.device("meta"):
        text = AutoModelForCausalLM.from_config(config, dtype=model.dtype)
    text.model, text.lm_head = model.model.language_model, model.lm_head
    text.generation_config = model.generation_config
    return text


def spec_of(model: Any) -> ModelSpec:
    """Return the spec of a loaded model."""
    config = model.config
    experts = getattr(config, "num_experts_per_tok", None) or 1
    widest = experts * (getattr(config, "moe_intermediate_size", None) or config.intermediate_size)
    parameter = next(model.parameters())
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return ModelSpec(
        family=config.model_type,
        layers=config.num_hidden_layers,
        query_heads=config.num_attention_heads,
        kv_heads=config.num_key_value_heads,
        head_dim=head_dim,
        hidden_size=config.hidden_size,
        intermediate_size=max(config.intermediate_size, widest),
        vocabulary=config.vocab_size,
        window=usable_window(config),
        dtype=parameter.dtype,
        device=parameter.device,
        parameters=sum(p.numel() for p in model.parameters()),
        weight_bytes=sum(p.numel() * p.element_size() for p in model.parameters()),
        fingerprint=_fingerprint(model),
        sliding_windows=sliding_windows(config),
        sinks=has_sinks(config),
    )


def _fingerprint(model: Any, samples: int = 64) -> str:
    """Hash the architecture and `samples` numbers of every tensor, which is quick and tells models apart."""
    digest = hashlib.sha256()
    config = {k: v for k, v in model.config.to_dict().items() if k not in _NOT_IDENTITY}
    digest.update(repr(sorted(config.items(), key=lambda item: item[0])).encode())
    for name, parameter in model.named_parameters():
        flat = parameter.detach().reshape(-1)
        step = max(1, flat.numel() // samples)
        picked = flat[::step][:samples].to("cpu", torch.float32)
        digest.update(name.encode() + repr(tuple(parameter.shape)).encode() + picked.numpy().tobytes())
    return digest.hexdigest()[:32]


# Entries of a config that say where and by which program a model was saved. They do not change what it computes.
_NOT_IDENTITY = frozenset(
    {
        "_name_or_path",
        "transformers_version",
        "architectures",
        "_attn_implementation",
        "use_cache",
        "torch_dtype",
    }
)
