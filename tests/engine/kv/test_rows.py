"""Chunks that are read together: the same numbers as one by one, few operations, copies in the right order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from parallelcomp import ChunkKV, KVPrecision, QuantizedKV
from parallelcomp.kv.batch import Placed, StoredBatch
from parallelcomp.kv.rows import FusedRow, SeparateRow

from ..tiny import Pair, chunks_of, pair, read, read_prefix
from .late_lane import LateLane

CPU = torch.device("cpu")
LENGTHS = (37, 64, 5, 33, 64)


# Operations that only look at a tensor another way, and launch nothing.
VIEWS = {"select", "slice", "unsqueeze", "view", "unbind", "as_strided", "detach", "alias", "_unsafe_view"}


class Counting(TorchDispatchMode):
    """Counts the operations of torch that on a GPU would be launches."""

    def __init__(self) -> None:
        super().__init__()
        self.operations: Counter[str] = Counter()

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if function.__name__.partition(".")[0] not in VIEWS:
            self.operations[function.__name__] += 1
        return function(*args, **(kwargs or {}))


def stored(precision: KVPrecision, lengths: Sequence[int] = LENGTHS) -> tuple[Pair, list[ChunkKV]]:
    one = pair("smollm 9/3 tied")
    return one, read(one, read_prefix(one), chunks_of(*lengths), precision)


def rows(row: Any, one: Pair, dtype: torch.dtype = torch.float32) -> list[tuple[Tensor, Tensor]]:
    """Every layer's keys and values, each (kv_heads, tokens, head_dim)."""
    read_out = []
    for layer in range(one.spec.layers):
        keys, values = (torch.full((one.spec.kv_heads, row.tokens, one.spec.head_dim), torch.nan) for _ in range(2))
        keys, values = keys.to(dtype), values.to(dtype)
        row.read(layer, keys, values)
        read_out.append((keys, values))
    return read_out


def by_themselves(chunks: Sequence[ChunkKV], one: Pair, dtype: torch.dtype) -> list[tuple[Tensor, Tensor]]:
    """The same by one operation per chunk and layer, as a GPU reads a chunk."""
    found = []
    for layer in range(one.spec.layers):
        parts: list[list[Tensor]] = [[], []]
        for chunk in chunks:
            for part, which in zip(parts, ("keys", "values"), strict=True):
                out = torch.empty(one.spec.kv_heads, chunk.kv.tokens, one.spec.head_dim, dtype=dtype)
                if isinstance(chunk.kv, QuantizedKV):
                    getattr(chunk.kv, which).read_fused(layer, out)
                else:
                    out.copy_(chunk.kv.tensors()["kv"][layer, int(which == "values")])
                part.append(out)
        found.append((torch.cat(parts[0], dim=1), torch.cat(parts[1], dim=1)))
    return found


@pytest.mark.parametrize("travels", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("precision", KVPrecision)
def test_chunks_together_are_the_chunks_one_by_one_to_the_bit(
    precision: KVPrecision, dtype: torch.dtype, travels: bool
) -> None:
    one, chunks = stored(precision)
    row = FusedRow([chunk.kv for chunk in chunks], CPU, LateLane() if travels else None)
    assert row.tokens == sum(LENGTHS)
    for found, expected in zip(rows(row, one, dtype), by_themselves(chunks, one, dtype), strict=True):
        assert torch.equal(found[0], expected[0])
        assert torch.equal(found[1], expected[1])


@pytest.mark.parametrize("precision", [KVPrecision.INT8, KVPrecision.INT2, KVPrecision.BF16])
def test_a_gpus_way_is_that_of_a_cpu_but_for_the_rounding_of_fp32(precision: KVPrecision) -> None:
    one, chunks = stored(precision)
    kv = [chunk.kv for chunk in chunks]
    for found, expected in zip(rows(FusedRow(kv, CPU), one), rows(SeparateRow(kv), one), strict=True):
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("lengths", [(40, 40, 40), LENGTHS])
def test_a_batch_that_is_written_together_is_the_batch_one_by_one(lengths: tuple[int, ...]) -> None:
    """Padding, prefix, chunk; what is padding stays untouched."""
    one, chunks = stored(KVPrecision.BF16, lengths)
    prefix, kv = read_prefix(one), [chunk.kv for chunk in chunks]
    batch = StoredBatch(prefix, kv, one.spec)
    placed = Placed(batch, FusedRow(kv, CPU), one.spec)
    shape = (len(kv), one.spec.kv_heads, len(prefix) + batch.longest + 3, one.spec.head_dim)
    for layer in range(one.spec.layers):
        expected, found = torch.full((2, *shape), 7.0), torch.full((2, *shape), 7.0)
        batch.write(layer, *expected)
        placed.write(layer, *found)
        assert torch.equal(found, expected)
        assert bool((found[0, :, :, -3:] == 7).all())


@pytest.mark.parametrize("precision", KVPrecision)
def test_the_operations_of_a_layer_do_not_grow_with_the_chunks(precision: KVPrecision) -> None:
    """One dequantisation of the keys and one of the values, though there are twelve chunks."""
    counts = []
    for lengths in ((64, 33), (64, 33) * 6):
        one, chunks = stored(precision, lengths)
        row = FusedRow([chunk.kv for chunk in chunks], CPU)
        with Counting() as counting:
            rows(row, one)
        counts.append(counting.operations)
    assert counts[0] == counts[1]
    dequantised = 0 if precision.dtype is not None else 2 * one.spec.layers
    assert counts[0]["addcmul.out"] == dequantised


@pytest.mark.parametrize("precision", [KVPrecision.INT8, KVPrecision.BF16])
def test_a_layer_travels_in_one_copy_while_the_one_before_it_is_computed(precision: KVPrecision) -> None:
    """And no buffer of the host is written to before its last copy is done."""
    one, chunks = stored(precision)
    lane = LateLane()
    rows(FusedRow([chunk.kv for chunk in chunks], CPU, lane), one)
    assert one.spec.layers == 3
    assert lane.log == ["copy", "computed", "copy", "computed", "wait", "copy", "computed"]


def test_a_layer_that_is_read_out_of_order_is_right_all_the_same() -> None:
    one, chunks = stored(KVPrecision.INT8)
    row = FusedRow([chunk.kv for chunk in chunks], CPU, LateLane())
    expected = by_themselves(chunks, one, torch.float32)
    for layer in (2, 0, 0, 1, 2):
        keys, values = torch.empty_like(expected[0][0]), torch.empty_like(expected[0][1])
        row.read(layer, keys, values)
        assert torch.equal(keys, expected[layer][0])
        assert torch.equal(values, expected[layer][1])
