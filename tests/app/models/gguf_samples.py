"""Tiny GGUF files of random weights, with a vocabulary of bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import gguf
import numpy as np
from tokenizers.pre_tokenizers import ByteLevel

WIDTH, INNER, HEADS, KV_HEADS, LAYERS, HEAD_DIM = 64, 96, 4, 2, 2, 16
SPECIAL = ("<|start|>", "<|end|>")
TEMPLATE = "{% for m in messages %}<|start|>{{ m['role'] }}\n{{ m['content'] }}<|end|>\n{% endfor %}"
Kind = gguf.GGMLQuantizationType


@dataclass(frozen=True)
class Sample:
    """What a tiny GGUF file holds.

    With `output` the output has a matrix of its own, with `twice` that of the input once more in 8 bits. `extra`
    tensors are added in fp32, `without` names tensors that are left out.
    """

    family: str = "llama"
    kind: Kind = Kind.Q8_0
    output: bool = False
    twice: bool = False
    parts: int = 1
    numbers: Mapping[str, object] = field(default_factory=dict)
    extra: Mapping[str, np.ndarray] = field(default_factory=dict)
    without: tuple[str, ...] = ()


def write_sample(path: Path, sample: Sample) -> Path:
    """Write the file and return its path."""
    writer = gguf.GGUFWriter(path, sample.family)
    writer.add_name("Tiny")
    writer.add_context_length(512)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(INNER)
    writer.add_block_count(LAYERS)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10_000.0)
    if sample.family == "llama":
        writer.add_rope_dimension_count(HEAD_DIM)
    if sample.family == "qwen3":
        writer.add_key_length(128)  # what transformers takes without looking
    if sample.parts > 1:
        writer.add_uint16("split.count", sample.parts)
    for key, value in sample.numbers.items():
        (writer.add_string if isinstance(value, str) else writer.add_uint32)(f"{sample.family}.{key}", value)
    tokens = _vocabulary(writer)
    random = np.random.default_rng(3)
    for name, shape in _shapes(sample, tokens).items():
        if name not in sample.without:
            _add(writer, name, (random.standard_normal(shape) / 8).astype(np.float32), sample.kind)
    if sample.twice:
        random = np.random.default_rng(3)
        _add(writer, "output.weight", (random.standard_normal((tokens, WIDTH)) / 8).astype(np.float32), Kind.Q8_0)
    for name, numbers in sample.extra.items():
        writer.add_tensor(name, numbers.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _add(writer: gguf.GGUFWriter, name: str, numbers: np.ndarray, kind: Kind) -> None:
    if numbers.ndim == 1:
        writer.add_tensor(name, numbers)
    else:
        writer.add_tensor(name, gguf.quantize(numbers, kind), raw_dtype=kind)


def _vocabulary(writer: gguf.GGUFWriter) -> int:
    """Add a vocabulary of the 256 bytes, two merges and two special tokens. Returns its length."""
    tokens = [*sorted(ByteLevel.alphabet()), "th", "the", *SPECIAL, *(f"[unused{index}]" for index in range(28))]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types([3 if token in SPECIAL else 1 for token in tokens])
    writer.add_token_merges(["t h", "th e"])
    writer.add_bos_token_id(tokens.index(SPECIAL[0]))
    writer.add_eos_token_id(tokens.index(SPECIAL[1]))
    writer.add_chat_template(TEMPLATE)
    return len(tokens)


def _shapes(sample: Sample, tokens: int) -> dict[str, tuple[int, ...]]:
    """The shapes of all tensors, in the order of torch, by llama.cpp's names."""
    head = 128 if sample.family == "qwen3" else HEAD_DIM
    shapes: dict[str, tuple[int, ...]] = {"token_embd.weight": (tokens, WIDTH), "output_norm.weight": (WIDTH,)}
    if sample.output:
        shapes["output.weight"] = (tokens, WIDTH)
    for layer in range(LAYERS):
        block = {
            "attn_norm.weight": (WIDTH,),
            "attn_q.weight": (HEADS * head, WIDTH),
            "attn_k.weight": (KV_HEADS * head, WIDTH),
            "attn_v.weight": (KV_HEADS * head, WIDTH),
            "attn_output.weight": (WIDTH, HEADS * head),
            "ffn_norm.weight": (WIDTH,),
            "ffn_gate.weight": (INNER, WIDTH),
            "ffn_up.weight": (INNER, WIDTH),
            "ffn_down.weight": (WIDTH, INNER),
        }
        if sample.family == "qwen2":
            block |= {
                "attn_q.bias": (HEADS * head,),
                "attn_k.bias": (KV_HEADS * head,),
                "attn_v.bias": (KV_HEADS * head,),
            }
        if sample.family == "qwen3":
            block |= {"attn_q_norm.weight": (head,), "attn_k_norm.weight": (head,)}
        shapes |= {f"blk.{layer}.{name}": shape for name, shape in block.items()}
    return shapes
