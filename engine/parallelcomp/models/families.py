"""Which models the engine can run, by their config alone, and what of their attention departs from plain attention.

README.md has the list for people: what works, what works with limits, and what cannot.
"""

from __future__ import annotations

from typing import Any

from ..errors import UnsupportedModelError

# Families for which a test shows that the engine equals the model's plain forward pass. SmolLM, TinyLlama and Yi
# are `llama`.
SUPPORTED = frozenset(
    {
        "gemma3_text",
        "glm4",
        "gpt_oss",
        "granite",
        "llama",
        "llama4_text",
        "ministral3",
        "mistral",
        "olmo2",
        "olmo3",
        "phi3",
        "qwen2",
        "qwen3",
        "qwen3_moe",
        "smollm3",
    }
)
# Models that also see pictures; their text model, which is all that is used, is of a supported family.
WITH_PICTURES = frozenset({"gemma3", "llama4", "mistral3"})

# Of these, the ones whose queries are all rotated in the same way, in two halves, and by nothing but the position:
# they can be rotated further without the model.
ROTATED_IN_HALVES = frozenset({"granite", "llama", "mistral", "olmo2", "phi3", "qwen2", "qwen3", "qwen3_moe"})

# RoPE variants whose frequencies do not depend on the length, so that keys which were rotated once remain valid.
STATIC_ROPE = frozenset({"default", "linear", "llama3", "yarn"})
# This one has two sets of frequencies, the second for sequences beyond the length of pretraining. Within that
# length the first set alone is used.
TWO_ROPES = "longrope"
# Some of its layers see the chunk of positions alone that a query lies in: within the first of them, all.
LLAMA_4 = "llama4_text"
# What models call layers that carry a state from token to token instead of keys and values.
RECURRENT_LAYERS = frozenset({"linear_attention", "mamba", "mamba2", "conv", "recurrent"})
RECURRENT = frozenset(
    {
        "bamba",
        "falcon_h1",
        "falcon_mamba",
        "granitemoehybrid",
        "jamba",
        "lfm2",
        "lfm2_moe",
        "mamba",
        "mamba2",
        "nemotron_h",
        "qwen3_5",
        "qwen3_5_moe",
        "qwen3_5_moe_text",
        "qwen3_5_text",
        "qwen3_next",
        "recurrent_gemma",
        "zamba2",
    }
)


def text_config(config: Any) -> Any:
    """Return the config of a model's text part, which is the whole config of a model that only reads text."""
    return config.text_config if config.model_type in WITH_PICTURES else config


def check_supported(config: Any) -> None:
    """Raise UnsupportedModelError, with the reason, unless the engine can run models with this config."""
    config = text_config(config)
    family = config.model_type
    layer_types = frozenset(getattr(config, "layer_types", None) or ())
    if family in RECURRENT or layer_types & RECURRENT_LAYERS:
        raise UnsupportedModelError(
            f"models of type '{family}' have recurrent layers, which carry one state through the whole text: "
            "chunks that are read in parallel would each begin without it, and a state cannot be taken apart into "
            "the tokens that a question needs; choose a model with attention in every layer"
        )
    if family not in SUPPORTED:
        raise UnsupportedModelError(
            f"models of type '{family}' are not supported; supported are "
            f"{', '.join(sorted(SUPPORTED | WITH_PICTURES))}"
        )
    if getattr(config, "use_bidirectional_attention", None):
        raise UnsupportedModelError(
            f"this '{family}' model attends in both directions, so that a text's keys depend on what follows it"
        )
    for rope in _ropes(config):
        _check_rope(family, rope)
    if all(sliding_windows(config)):
        raise UnsupportedModelError(
            f"this '{family}' model uses sliding-window attention in every layer, so that none sees a whole "
            "assembled context; choose a variant with full attention in some layers"
        )


def _ropes(config: Any) -> list[dict[str, Any]]:
    """Return the RoPE settings of all kinds of layers."""
    found = getattr(config, "rope_parameters", None) or {}
    by_kind = [one for one in found.values() if isinstance(one, dict)]
    return by_kind or [found]


def _check_rope(family: str, rope: dict[str, Any]) -> None:
    kind = rope.get("rope_type", "default")
    if kind not in STATIC_ROPE | {TWO_ROPES}:
        raise UnsupportedModelError(
            f"this '{family}' model scales RoPE by '{kind}', whose rotation changes with the length, so that "
            "stored keys would not fit later questions; choose a variant without it"
        )


def usable_window(config: Any) -> int:
    """Return how many tokens the engine may put into one pass: the trained context, with LongRoPE the length of
    pretraining, within which the rotation does not change, and of Llama 4 what its chunked layers see at once."""
    lengths = [config.max_position_embeddings]
    for rope in _ropes(config):
        if rope.get("rope_type") == TWO_ROPES:
            lengths.append(rope.get("original_max_position_embeddings") or config.original_max_position_embeddings)
    if config.model_type == LLAMA_4:
        # From the position before `floor_scale` on, some layers would scale their queries.
        lengths += [config.attention_chunk_size or config.floor_scale, config.floor_scale - 1]
    return int(min(lengths))


def sliding_windows(config: Any) -> tuple[int | None, ...]:
    """Return for each layer how many positions back it sees, its own included; None where it sees all."""
    window = getattr(config, "sliding_window", None)
    kinds = getattr(config, "layer_types", None) or ["sliding_attention"] * config.num_hidden_layers
    if window is None or window >= usable_window(config):
        return (None,) * config.num_hidden_layers
    return tuple(window if kind == "sliding_attention" else None for kind in kinds)


def has_sinks(config: Any) -> bool:
    """Return whether the model's heads have attention sinks: a share of each head's attention goes to no token."""
    return bool(config.model_type == "gpt_oss")
