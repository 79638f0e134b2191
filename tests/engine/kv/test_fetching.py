"""KV that is fetched into the host's memory: the same to the bit, after what computes it, into one buffer."""

from __future__ import annotations

import pytest
import torch

from parallelcomp import KVPrecision, fetching
from parallelcomp.kv.fetching import Fetcher

from ..tiny import chunks_of, pair, read, read_prefix
from .late_lane import LateLane


@pytest.mark.parametrize("precision", [KVPrecision.BF16, KVPrecision.INT8, KVPrecision.INT2])
def test_what_is_fetched_is_what_was_stored_and_the_buffer_is_used_again(precision: KVPrecision) -> None:
    one = pair()
    chunks = read(one, read_prefix(one), chunks_of(64, 33, 64), precision)
    lane = LateLane()
    fetcher = Fetcher(lane)
    begun = [fetcher.begin(chunk.kv) for chunk in chunks]
    assert lane.log == []  # nothing is copied in the thread that computes
    places = set()
    for chunk, fetch in zip(chunks, begun, strict=True):
        found = fetch()
        assert lane.log[-1] == "wait"
        for name, tensor in chunk.kv.tensors().items():
            assert torch.equal(found.tensors()[name], tensor)
        places.add(next(iter(found.tensors().values())).data_ptr())
    assert len(places) == 1


def test_on_a_cpu_nothing_is_copied() -> None:
    one = pair()
    (chunk,) = read(one, read_prefix(one), chunks_of(33))
    (tensor,) = fetching(torch.device("cpu"))(chunk.kv)().tensors().values()
    assert tensor.data_ptr() == chunk.kv.tensors()["kv"].data_ptr()
