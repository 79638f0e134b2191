"""A loaded model and what the engine needs to know about its shape."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM

from . import attention
from .errors import UnsupportedModelError

# Families for which a test shows that the engine equals the model's plain forward pass. SmolLM, TinyLlama and Yi
# are `llama`.
SUPPORTED = frozenset({"llama", "mistral", "qwen2", "qwen3", "phi3", "olmo2", "granite"})

# RoPE variants whose frequencies do not depend on the length, so that keys which were rotated once remain valid.
STATIC_ROPE = frozenset({"default", "linear", "llama3", "yarn"})


@dataclass(frozen=True)
class ModelSpec:
    """Shape of a model.

    `window` is its trained context in tokens, `parameters` the number of its weights, which take `weight_bytes`;
    `fingerprint` identifies them.
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
    check_supported(AutoConfig.from_pretrained(name, trust_remote_code=False))
    model = AutoModelForCausalLM.from_pretrained(name, dtype=dtype, trust_remote_code=False)
    return adopt(model.to(device))


def adopt(model: Any) -> LoadedModel:
    """Prepare a causal LM of transformers: check it, select the engine's attention and freeze its weights.

    Raises UnsupportedModelError before the model is changed.
    """
    check_supported(model.config)
    model.requires_grad_(False)
    model.eval()
    model.set_attn_implementation(attention.NAME)
    return LoadedModel(model, spec_of(model))


def check_supported(config: Any) -> None:
    """Raise UnsupportedModelError, with the reason, unless the engine can run models with this config."""
    family = config.model_type
    if family not in SUPPORTED:
        raise UnsupportedModelError(
            f"models of type '{family}' are not supported; supported are {', '.join(sorted(SUPPORTED))}"
        )
    if "sliding_attention" in (getattr(config, "layer_types", None) or ()) or (
        family in {"mistral", "phi3"} and config.sliding_window is not None
    ):
        raise UnsupportedModelError(
            f"this '{family}' model uses sliding-window attention, which cannot see a whole assembled context; "
            "choose a variant with full attention"
        )
    rope = getattr(config, "rope_parameters", None) or {}
    kind = rope.get("rope_type", "default")
    if kind not in STATIC_ROPE:
        raise UnsupportedModelError(
            f"this '{family}' model scales RoPE by '{kind}', whose rotation changes with the length, so that "
            "stored keys would not fit later questions; choose a variant without it"
        )


def spec_of(model: Any) -> ModelSpec:
    """Return the spec of a loaded model."""
    config = model.config
    parameter = next(model.parameters())
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return ModelSpec(
        family=config.model_type,
        layers=config.num_hidden_layers,
        query_heads=config.num_attention_heads,
        kv_heads=config.num_key_value_heads,
        head_dim=head_dim,
        hidden_size=config.hidden_size,
        intermediate_size=config.intermediate_size,
        vocabulary=config.vocab_size,
        window=config.max_position_embeddings,
        dtype=parameter.dtype,
        device=parameter.device,
        parameters=sum(p.numel() for p in model.parameters()),
        weight_bytes=sum(p.numel() * p.element_size() for p in model.parameters()),
        fingerprint=_fingerprint(model),
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
