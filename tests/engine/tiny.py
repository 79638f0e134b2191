"""Tiny random models of every supported family, each with an independent plain copy of its weights.

The weights are drawn wide, so that attention is peaked and a shift of one position or one dropped key is seen in
the logits; with the usual narrow ones every test would pass on nearly uniform attention.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import (
    AutoModelForCausalLM,
    Gemma3TextConfig,
    Glm4Config,
    GptOssConfig,
    GraniteConfig,
    Llama4TextConfig,
    LlamaConfig,
    Ministral3Config,
    MistralConfig,
    Olmo2Config,
    Olmo3Config,
    Phi3Config,
    Qwen2Config,
    Qwen3Config,
    Qwen3MoeConfig,
    SmolLM3Config,
)

from parallelcomp import Chunk, ChunkKV, DenseKV, KVPrecision, LoadedModel, ModelSpec, Prefix, Question, adopt
from parallelcomp.prefill import prefill_batch, prefill_prefix

VOCABULARY = 131
WINDOW = 512


def shape(query_heads: int, kv_heads: int, *, head_dim: int = 8, layers: int = 3) -> dict[str, Any]:
    """Keyword arguments of a tiny config."""
    return {
        "vocab_size": VOCABULARY,
        "hidden_size": query_heads * head_dim,
        "intermediate_size": 40,
        "num_hidden_layers": layers,
        "num_attention_heads": query_heads,
        "num_key_value_heads": kv_heads,
        "max_position_embeddings": WINDOW,
        "bos_token_id": None,
        "eos_token_id": None,
        "pad_token_id": None,
    }


def rope(kind: str, **settings: Any) -> dict[str, Any]:
    """The `rope_parameters` of a config."""
    return {"rope_parameters": {"rope_type": kind, "rope_theta": 10000.0, **settings}}


LLAMA3_SETTINGS = {
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}
LLAMA3_ROPE = rope("llama3", **LLAMA3_SETTINGS)

# A window that is shorter than the tests' chunks, and a mixture of layers as models have it.
SLIDING = 24
MIXED = ["sliding_attention", "full_attention", "sliding_attention", "full_attention"]
EXPERTS = {"num_local_experts": 4, "num_experts_per_tok": 2}

# Every family that the engine supports, with unusual ratios of query heads to KV heads.
CONFIGS: dict[str, Callable[[], Any]] = {
    "llama 4/4": lambda: LlamaConfig(**shape(4, 4)),
    "smollm 9/3 tied": lambda: LlamaConfig(**shape(9, 3), tie_word_embeddings=True),
    "mistral 6/2": lambda: MistralConfig(**shape(6, 2), sliding_window=None),
    "qwen2 7/1": lambda: Qwen2Config(**shape(7, 1)),
    "qwen3 15/5": lambda: Qwen3Config(**shape(15, 5), head_dim=8),
    "qwen3 wide heads 3/1": lambda: Qwen3Config(**shape(3, 1), head_dim=20),
    "phi3 6/2": lambda: Phi3Config(**shape(6, 2), sliding_window=None),
    "olmo2 6/3": lambda: Olmo2Config(**shape(6, 3)),
    "granite 10/2": lambda: GraniteConfig(
        **shape(10, 2),
        attention_multiplier=0.2,
        residual_multiplier=0.7,
        logits_scaling=1.5,
        embedding_multiplier=3.0,
    ),
    "ministral3 6/2": lambda: Ministral3Config(
        **shape(6, 2),
        head_dim=8,
        **rope("yarn", factor=4.0, original_max_position_embeddings=64, llama_4_scaling_beta=0.1),
    ),
    "qwen3_moe 4/2": lambda: Qwen3MoeConfig(**shape(4, 2), head_dim=8, **EXPERTS, moe_intermediate_size=24),
    "smollm3 8/2": lambda: SmolLM3Config(**shape(8, 2), no_rope_layer_interval=2),
    "glm4 4/2": lambda: Glm4Config(**shape(4, 2), head_dim=8),
    "olmo3 full 6/2": lambda: Olmo3Config(**shape(6, 2), layer_types=["full_attention"] * 3),
    "olmo3 sliding 6/2": lambda: Olmo3Config(**shape(6, 2, layers=4), sliding_window=SLIDING),
    "gemma3 6/2": lambda: Gemma3TextConfig(
        **shape(6, 2, layers=4),
        head_dim=8,
        query_pre_attn_scalar=16,
        sliding_window=SLIDING,
        layer_types=MIXED,
        rope_parameters={
            "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1e6},
            "sliding_attention": {"rope_type": "default", "rope_theta": 1e4},
        },
    ),
    "gpt_oss 8/2": lambda: GptOssConfig(
        **shape(8, 2, layers=4), head_dim=8, **EXPERTS, sliding_window=SLIDING, layer_types=MIXED
    ),
    "llama4 4/2": lambda: Llama4TextConfig(
        **{**shape(4, 2, layers=4), "intermediate_size": 24},
        head_dim=8,
        intermediate_size_mlp=40,
        num_local_experts=4,
        interleave_moe_layer_step=2,
        no_rope_layer_interval=2,
        **rope("llama3", **LLAMA3_SETTINGS),
    ),
    "phi3 longrope 6/2": lambda: Phi3Config(
        **{**shape(6, 2), "max_position_embeddings": 4 * WINDOW},
        original_max_position_embeddings=WINDOW,
        sliding_window=4 * WINDOW,
        **rope(
            "longrope",
            short_factor=[1.0, 1.1, 1.3, 1.5],
            long_factor=[1.0, 2.0, 4.0, 8.0],
            original_max_position_embeddings=WINDOW,
        ),
    ),
    "qwen2 window in two layers of three": lambda: Qwen2Config(
        **shape(4, 2), use_sliding_window=True, sliding_window=SLIDING, max_window_layers=1
    ),
    "llama linear rope": lambda: LlamaConfig(**shape(4, 2), **rope("linear", factor=4.0)),
    "llama llama3 rope": lambda: LlamaConfig(**shape(4, 2), **LLAMA3_ROPE),
    "qwen2 yarn rope": lambda: Qwen2Config(
        **shape(4, 2), **rope("yarn", factor=4.0, original_max_position_embeddings=128)
    ),
}

# One family for each way of attending, for what does not depend on more of a family than that. Each family by
# itself is held against its own plain forward elsewhere.
KINDS = (
    "llama 4/4",  # every head has keys of its own
    "smollm 9/3 tied",  # heads share keys
    "qwen2 7/1",  # all heads share keys, and keys have a bias
    "glm4 4/2",  # half of each head is rotated
    "smollm3 8/2",  # some layers rotate nothing
    "gpt_oss 8/2",  # sinks, layers that slide among others, and experts
    "phi3 longrope 6/2",  # frequencies depend on the length
)


@dataclass(frozen=True)
class Pair:
    """A model that the engine uses, and `plain`, a copy of it that attends through transformers' eager code."""

    loaded: LoadedModel
    plain: Any

    @property
    def spec(self) -> ModelSpec:
        return self.loaded.spec


def pair(
    name: str | Any = "smollm 9/3 tied",
    device: torch.device | str = "cpu",
    *,
    dtype: torch.dtype = torch.float32,
    seed: int = 0,
) -> Pair:
    """A model of `CONFIGS` (or of the given config) with wide random weights, and its plain copy."""
    model = random_model(CONFIGS[name]() if isinstance(name, str) else name, seed=seed)
    model = model.to(device=device, dtype=dtype)
    plain = copy.deepcopy(model).eval().requires_grad_(False)
    plain.set_attn_implementation("eager")
    return Pair(adopt(model), plain)


def random_model(config: Any, *, seed: int = 0) -> Any:
    """A model in fp32 on the CPU whose weights, norms and biases are all far from their initial values."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.dim() == 1:
                    parameter.add_(torch.randn_like(parameter) * 0.2)
                else:
                    parameter.copy_(torch.randn_like(parameter) * 1.4 * parameter.shape[-1] ** -0.5)
    return model


def tokens(count: int, seed: int = 0) -> tuple[int, ...]:
    """Random token ids."""
    return tuple(random.Random(seed * 7919 + count).choices(range(VOCABULARY), k=count))


def chunks_of(*lengths: int, start: int = 0, seed: int = 1) -> list[Chunk]:
    """Chunks of the given lengths, side by side in a document, from the offset `start`."""
    made: list[Chunk] = []
    for index, length in enumerate(lengths):
        made.append(Chunk(index, start, tokens(length, seed * 101 + index)))
        start += length
    return made


PREFIX = tokens(5, 901)
QUESTION = Question(preamble=tokens(2, 902), ids=tokens(7, 903), suffix=tokens(3, 904))


def read_prefix(one: Pair, ids: tuple[int, ...] = PREFIX) -> Prefix:
    return prefill_prefix(one.loaded, ids)


def read(
    one: Pair, prefix: Prefix, chunks: list[Chunk], precision: KVPrecision = KVPrecision.FP32
) -> list[ChunkKV]:
    """All chunks read in one batch."""
    return prefill_batch(one.loaded, prefix, chunks, precision=precision, device=one.spec.device)


def dense(chunk: ChunkKV) -> Tensor:
    """A chunk's KV as it is stored: (layers, 2, kv_heads, tokens, head_dim)."""
    assert isinstance(chunk.kv, DenseKV)
    return chunk.kv.tensor
