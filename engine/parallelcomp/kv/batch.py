"""Stored chunks as the sequences of a batch: each laid out as padding, prefix, chunk, so that all end together."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..models.model import ModelSpec
from . import rows
from .stored import KEYS, VALUES, Prefix, StoredKV


class StoredBatch:
    """Sequences of the prefix and one of `stored` each; `longest` is the longest of these, in tokens.

    `padding`: leading slots of each sequence that hold nothing, int64 (batch,); None if there are none.
    """

    def __init__(self, prefix: Prefix, stored: Sequence[StoredKV], spec: ModelSpec) -> None:
        self.prefix, self.stored = prefix, stored
        self.longest = max(kv.tokens for kv in stored)
        missing = [self.longest - kv.tokens for kv in stored]
        self.padding = torch.tensor(missing, device=spec.device) if any(missing) else None
        self._missing = missing
        together = rows.reads_together(spec.device)
        self._placed = Placed(self, rows.in_one_row(stored, spec.device), spec) if together else None

    def write(self, layer: int, keys: Tensor, values: Tensor) -> None:
        """Write a layer's KV into the first slots of buffers (batch, kv_heads, slots, head_dim)."""
        if self._placed is not None:
            self._placed.write(layer, keys, values)
            return
        for sequence, (kv, pad) in enumerate(zip(self.stored, self._missing, strict=True)):
            body = pad + len(self.prefix)
            stop = body + kv.tokens
            self.prefix.kv.read(layer, keys[sequence, :, pad:body], values[sequence, :, pad:body])
            kv.read(layer, keys[sequence, :, body:stop], values[sequence, :, body:stop])


class Placed:
    """Writes all sequences of a batch together, for a GPU: reads a row and puts its tokens where they belong."""

    def __init__(self, batch: StoredBatch, row: rows.KVRow, spec: ModelSpec) -> None:
        device = spec.device
        self._prefix, self._row = batch.prefix, row
        shape = (spec.kv_heads, row.tokens, spec.head_dim)
        self._keys, self._values = (torch.empty(shape, dtype=spec.dtype, device=device) for _ in range(2))
        lengths = torch.tensor([kv.tokens for kv in batch.stored])
        missing = batch.longest - lengths
        sequence = torch.arange(len(lengths))
        prefix = torch.arange(len(batch.prefix))
        self._prefix_at = sequence[:, None].to(device), (missing[:, None] + prefix).to(device)
        first = missing + len(batch.prefix) - (lengths.cumsum(0) - lengths)  # less the tokens before it in the row
        slot = torch.arange(row.tokens) + first.repeat_interleave(lengths)
        self._row_at = sequence.repeat_interleave(lengths).to(device), slot.to(device)

    def write(self, layer: int, keys: Tensor, values: Tensor) -> None:
        """As in StoredBatch."""
        self._row.read(layer, self._keys, self._values)
        for target, row, which in ((keys, self._keys, KEYS), (values, self._values, VALUES)):
            sequence, slot = self._prefix_at
            target[sequence, :, slot] = self._prefix.kv.tensor[layer, which].transpose(0, 1)
            sequence, slot = self._row_at
            target[sequence, :, slot] = row.transpose(0, 1)
