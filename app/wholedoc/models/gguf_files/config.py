"""The transformers configuration of a GGUF file, or the reason why the file cannot be used."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from transformers import AutoConfig

from parallelcomp.models.families import check_supported

from ...errors import ModelError
from .header import GgufHeader

# Families whose conversion a test compares with transformers' own. llama.cpp says `llama` also of Mistral, Yi, ...
FAMILIES = ("llama", "qwen2", "qwen3")
# What transformers calls the numbers that every one of these families has.
NUMBERS = {
    "context_length": "max_position_embeddings",
    "block_count": "num_hidden_layers",
    "feed_forward_length": "intermediate_size",
    "embedding_length": "hidden_size",
    "rope.freq_base": "rope_theta",
    "attention.head_count": "num_attention_heads",
    "attention.head_count_kv": "num_key_value_heads",
    "attention.layer_norm_rms_epsilon": "rms_norm_eps",
}
TOKENS = {"bos": "bos_token_id", "eos": "eos_token_id", "unknown": "unk_token_id", "padding": "pad_token_id"}
OUTPUT, ROPE_FACTORS = "output.weight", "rope_freqs.weight"
# Llama 3 scales its rotary frequencies by these numbers and by a factor that differs between its releases.
LLAMA3 = {"low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}


def read_config(header: GgufHeader, rope_factors: np.ndarray | None) -> Any:
    """Return the configuration of a file's model.

    `rope_factors` is the file's tensor `rope_freqs.weight`, by which each rotary frequency is divided. Raises
    ModelError for a family that cannot be converted or a positional encoding that the file does not tell in full,
    and parallelcomp.UnsupportedModelError for what the engine cannot run.
    """
    family, facts = header.architecture, header.metadata
    if family not in FAMILIES:
        raise ModelError(
            f"GGUF files of the family '{family or 'unknown'}' cannot be converted; {', '.join(FAMILIES)} can "
            "(llama includes Mistral, SmolLM, TinyLlama, Yi). Name the model's folder or Hugging Face id instead"
        )
    if facts.get(f"{family}.rope.scaling.type", "none") != "none" or facts.get(f"{family}.expert_count"):
        raise ModelError(
            "this GGUF file scales its positions or has experts, which its conversion does not keep. "
            "Name the model's folder or Hugging Face id instead"
        )
    if (count := facts.get("split.count", 0)) not in (0, 1):
        raise ModelError(
            f"this GGUF file is one of {count} that make up a model: join them first (`llama-gguf-split --merge`)"
        )
    missing = [key for key in NUMBERS if f"{family}.{key}" not in facts and key != "rope.freq_base"]
    if missing:
        raise ModelError(
            f"this GGUF file does not say its {missing[0].replace('_', ' ')}: fetch or convert it again"
        )
    numbers = {name: facts[f"{family}.{key}"] for key, name in NUMBERS.items() if f"{family}.{key}" in facts}
    numbers |= _head_dim(header)
    ids = {name: facts[f"tokenizer.ggml.{key}_token_id"] for key, name in TOKENS.items() if _has(facts, key)}
    config = AutoConfig.for_model(
        family,
        **numbers,
        **ids,
        vocab_size=facts.get(f"{family}.vocab_size", facts.get("tokenizer.ggml.tokens")),
        tie_word_embeddings=all(tensor.name != OUTPUT for tensor in header.tensors),
        **_label(facts),
    )
    if rope_factors is not None:
        config.rope_parameters = {**config.rope_parameters, **_llama3_scaling(config, rope_factors)}
    check_supported(config)
    return config


def _label(facts: dict[str, object]) -> dict[str, object]:
    """Return the model's name in the entry that transformers makes of it.

    Libraries on disk are keyed by a hash of the configuration, in which earlier conversions had this entry.
    """
    return {"_model_name_or_path": facts["general.name"]} if "general.name" in facts else {}


def _has(facts: dict[str, object], token: str) -> bool:
    return f"tokenizer.ggml.{token}_token_id" in facts


def _head_dim(header: GgufHeader) -> dict[str, object]:
    """Return the size of a head where the family does not derive it from the model's width."""
    key = {"llama": "rope.dimension_count", "qwen3": "attention.key_length"}.get(header.architecture)
    size = header.metadata.get(f"{header.architecture}.{key}")
    return {} if size is None else {"head_dim": size}


def _llama3_scaling(config: Any, factors: np.ndarray) -> dict[str, object]:
    """Return the parameters of Llama 3's scaling from which `factors` (head_dim / 2,) follow. Raises ModelError if
    they follow from none."""
    factor = float(np.max(factors))
    count, theta = len(factors), config.rope_parameters["rope_theta"]
    expected = [_llama3_factor(theta ** (-index / count), factor) for index in range(count)]
    if not np.allclose(factors, expected, rtol=1e-3):
        raise ModelError(
            "this GGUF file scales its rotary frequencies in a way that is not known here. "
            "Name the model's folder or Hugging Face id instead"
        )
    return {"rope_type": "llama3", "factor": factor, **LLAMA3}


def _llama3_factor(frequency: float, factor: float) -> float:
    """Return by what Llama 3 divides a rotary frequency (radians a token)."""
    low, high = LLAMA3["low_freq_factor"], LLAMA3["high_freq_factor"]
    turns = LLAMA3["original_max_position_embeddings"] * frequency / (2 * math.pi)
    share = min(1.0, max(0.0, (turns - low) / (high - low)))
    return 1 / ((1 - share) / factor + share)
