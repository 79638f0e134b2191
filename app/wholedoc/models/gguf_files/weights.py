"""The weights of a GGUF file as one safetensors file, written a few rows at a time.

The file's header is written first, since all sizes are known before any number is. Then every piece of a tensor is
read, dequantised, cast and written to its place, so that memory holds some pieces and never the model.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch
from transformers import AutoModelForCausalLM

from ...errors import ModelError
from .config import OUTPUT
from .header import GgufHeader, GgufTensor, read_numbers

EMBEDDING = "token_embd.weight"
# Two quantisations of one matrix differ by a few hundredths, two matrices by about 1.
SAME_MATRIX = 0.2
COMPARED_ROWS = 1024
PIECE_NUMBERS = 2_000_000
FORMATS = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16"}
PLAIN = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}


@dataclass(frozen=True)
class Placed:
    """A tensor of the GGUF file with its place in the safetensors file, in bytes from that file's start.

    `turned_heads` is the number of attention heads whose rows llama.cpp keeps in an order of its own, or 0.
    """

    source: GgufTensor
    name: str
    dtype: torch.dtype
    offset: int
    turned_heads: int

    @property
    def row_numbers(self) -> int:
        """How many numbers are read at once at least."""
        return prod(self.source.shape[1:]) if self.rows > 1 else self.source.shape[0]

    @property
    def rows(self) -> int:
        return self.source.shape[0] if len(self.source.shape) > 1 else 1

    def pieces(self) -> Iterator[tuple[Placed, int, int]]:
        """The tensor with the first row and the number of rows of each piece. Heads are turned as a whole."""
        step = self.rows if self.turned_heads else max(1, PIECE_NUMBERS // self.row_numbers)
        return ((self, first, min(step, self.rows - first)) for first in range(0, self.rows, step))


def finer_of_tied(path: Path, header: GgufHeader) -> GgufTensor | None:
    """Return the finer one of input and output matrix if they are one matrix, quantised twice; else None.

    Some files hold both although the model ties them. The finer one then serves as both.
    """
    found = {tensor.name: tensor for tensor in header.tensors}
    if EMBEDDING not in found or OUTPUT not in found or found[EMBEDDING].shape != found[OUTPUT].shape:
        return None
    embedding, output = found[EMBEDDING], found[OUTPUT]
    rows = embedding.shape[0]
    descriptor = os.open(path, os.O_RDONLY)
    try:
        chosen = range(0, rows, max(1, rows // COMPARED_ROWS))
        first, second = (
            np.concatenate([read_numbers(descriptor, tensor, row, 1) for row in chosen])
            for tensor in (embedding, output)
        )
    finally:
        os.close(descriptor)
    if np.linalg.norm(first - second) > SAME_MATRIX * np.linalg.norm(second):
        return None
    return max(embedding, output, key=lambda tensor: tensor.bytes)


def write_weights(
    path: Path,
    header: GgufHeader,
    config: Any,
    tied: GgufTensor | None,
    unpacked: torch.dtype,
    target: Path,
    progress: Callable[[int, int], None],
) -> None:
    """Write the weights of `path` to the file `target`.

    `tied` serves as both input and output matrix, unless it is None. Quantised tensors are written in the number
    format `unpacked`, others as they are. `progress` is told how many numbers of how many are written. Raises
    ModelError if the file lacks a tensor that the model needs or has one of another shape, and OSError.
    """
    sources = _by_name(header, config, tied)
    placed, head = _layout(sources, config, header.architecture, unpacked)
    total, done = sum(prod(one.source.shape) for one in placed), 0
    reading, writing = os.open(path, os.O_RDONLY), os.open(target, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
    try:
        _write_exactly(writing, head, 0)
        with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
            pieces = (piece for one in placed for piece in one.pieces())
            for written in _in_step(pool, lambda piece: _write_piece(reading, writing, *piece), pieces):
                done += written
                progress(done, total)
        os.fsync(writing)
    finally:
        os.close(reading)
        os.close(writing)


def _in_step(
    pool: ThreadPoolExecutor,
    work: Callable[[tuple[Placed, int, int]], int],
    pieces: Iterable[tuple[Placed, int, int]],
) -> Iterator[int]:
    """Work through the pieces, some at a time, so that few of them are in memory at once."""
    waiting = []
    for piece in pieces:
        waiting.append(pool.submit(work, piece))
        if len(waiting) >= 8:
            yield waiting.pop(0).result()
    for future in waiting:
        yield future.result()


def _by_name(header: GgufHeader, config: Any, tied: GgufTensor | None) -> dict[str, GgufTensor]:
    """Return the file's tensor for every weight of the model, by the weight's name in transformers."""
    known_names = {name: key for key, name in gguf.MODEL_ARCH_NAMES.items()}
    if (architecture := known_names.get(header.architecture)) is None:
        raise ModelError(f"the installed `gguf` does not know the family '{header.architecture}': update it")
    names = gguf.get_tensor_name_map(architecture, config.num_hidden_layers)
    found = {tensor.name: tensor for tensor in header.tensors}
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    sources = {}
    for name, weight in model.named_parameters():
        stem, _, suffix = name.rpartition(".")
        known = names.get_name(stem)
        source = found.get(f"{known}.{suffix}")
        if known == EMBEDDING.removesuffix(".weight") and tied is not None:
            source = tied
        if source is None:
            raise ModelError(
                f"this GGUF file has no {known or stem}.{suffix}, which its model needs: fetch it again"
            )
        if source.shape != tuple(weight.shape):
            raise ModelError(
                f"the tensor {source.name} of this GGUF file has the shape {source.shape}, and its model needs "
                f"{tuple(weight.shape)}: fetch it again"
            )
        sources[name] = source
    return sources


def _layout(
    sources: dict[str, GgufTensor], config: Any, architecture: str, unpacked: torch.dtype
) -> tuple[list[Placed], bytes]:
    """Return where every tensor goes, and the bytes that stand before them all."""
    kinds = {name: unpacked if one.is_quantized else PLAIN[one.type.name] for name, one in sources.items()}
    entries: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    at = 0
    for name, source in sources.items():
        size = prod(source.shape) * kinds[name].itemsize
        entries[name] = {
            "dtype": FORMATS[kinds[name]],
            "shape": list(source.shape),
            "data_offsets": [at, at + size],
        }
        at += size
    text = json.dumps(entries, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    head = len(text).to_bytes(8, "little") + text
    heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}
    placed = [
        Placed(
            source,
            name,
            kinds[name],
            len(head) + entries[name]["data_offsets"][0],
            heads.get(name.split(".")[-2], 0) if architecture == "llama" else 0,
        )
        for name, source in sources.items()
    ]
    return placed, head


def _write_piece(reading: int, writing: int, placed: Placed, first: int, rows: int) -> int:
    """Write some rows of a tensor to their place. Returns how many numbers they have."""
    numbers = read_numbers(reading, placed.source, first, rows)
    if placed.turned_heads:
        numbers = _heads_in_halves(numbers, placed.turned_heads)
    data = torch.from_numpy(np.array(numbers, copy=not numbers.flags.writeable)).to(placed.dtype).contiguous()
    at = placed.offset + first * placed.row_numbers * placed.dtype.itemsize
    _write_exactly(writing, data.reshape(-1).view(torch.uint8).numpy().data, at)
    return data.numel()


def _heads_in_halves(numbers: np.ndarray, heads: int) -> np.ndarray:
    """Return a query or key matrix (heads * head_dim, hidden_size) in the order that transformers' RoPE expects.

    llama.cpp rotates neighbouring rows of a head, transformers a row of the first half with one of the second.
    """
    pairs = numbers.reshape(heads, numbers.shape[0] // heads // 2, 2, *numbers.shape[1:])
    return np.ascontiguousarray(pairs.swapaxes(1, 2)).reshape(numbers.shape)


def _write_exactly(descriptor: int, data: bytes | memoryview, offset: int) -> None:
    left = memoryview(data)
    while len(left):
        count = os.pwrite(descriptor, left, offset)
        left, offset = left[count:], offset + count
