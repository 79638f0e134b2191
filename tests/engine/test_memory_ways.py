"""Where the KV is by the memory plan: on the device, on the host or in files; and what each way costs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from parallelcomp import HostKV, KVWay, MemoryPlan, ModelSpec, plan
from parallelcomp.config import HEADS
from parallelcomp.memory import STREAMED_CHUNKS

from .test_memory import CONFIG, CPU, MB, cpu_spec, gpu_spec


def test_kv_goes_to_the_device_if_it_fits_there_and_else_to_the_host() -> None:
    few, many = (plan(gpu_spec(), n, CONFIG, free=20 * MB, free_host=200 * MB) for n in (1000, 200_000))
    assert few.kv_device.type == "cuda"
    assert many.kv_device.type == "cpu"
    assert few.fits
    assert many.fits


@pytest.mark.parametrize(
    ("spec", "free", "free_host", "way", "copies"),
    [
        (gpu_spec, 200, 200, KVWay.RESIDENT, "copies nothing"),
        (gpu_spec, 20, 200, KVWay.HOST, "copies it to cuda"),
        (gpu_spec, 20, 50, KVWay.DISK, "copies it to cuda"),
        (cpu_spec, 200, 200, KVWay.HOST, "of the library's files,"),
        (cpu_spec, 20, 50, KVWay.DISK, "wherever the memory does not hold them"),
    ],
)
def test_the_way_of_the_kv_is_said_with_what_it_costs(
    spec: Callable[[], ModelSpec], free: int, free_host: int, way: KVWay, copies: str
) -> None:
    memory = plan(spec(), 200_000, CONFIG, free=free * MB, free_host=free_host * MB, files=100 * MB)
    assert memory.way is way
    assert memory.fits
    assert copies in memory.way_in_words(1000)
    place = memory.way_in_words(1000).partition(":")[0]
    assert place in memory.verdict
    if way is not KVWay.RESIDENT:
        assert f"{100_000 * memory.kv_per_token / 1e9:.1f} GB" in memory.way_in_words(100_000)


@pytest.mark.parametrize("spec", [cpu_spec, gpu_spec])
def test_what_the_host_cannot_hold_stays_in_files_as_long_as_its_text_and_its_scan_fit(
    spec: Callable[[], ModelSpec],
) -> None:
    """Every token takes 384 bytes of KV, 200 of text and more on the host, and 48 of keys for a scan on a GPU."""

    def planned(tokens: int, files: int, host_kv: HostKV = HostKV.MAPPED) -> MemoryPlan:
        sizes = {"free": 20 * MB, "free_host": 40 * MB, "files": files}
        return plan(spec(), tokens, CONFIG, **sizes, host_kv=host_kv)

    without = planned(1, 0)
    assert without.longest_by_way[KVWay.DISK] == 0
    within = planned(1, 50 * MB)
    assert within.longest_document == 50 * MB // 384 > without.longest_document
    assert planned(within.longest_document, 50 * MB).way is KVWay.DISK
    assert planned(within.longest_document, 50 * MB).kv_device == CPU
    assert not planned(within.longest_document + 1, 50 * MB).fits
    most = planned(1, 10**12).longest_document
    assert most == int(40 * MB * 0.9) // 200  # the text; scans of it take 9 of 20 MB on the device
    assert planned(1, 10**12, HostKV.MEMORY).longest_document == planned(1, 0, HostKV.MEMORY).longest_document
    ways = [within.longest_by_way[way] for way in within.longest_by_way]
    assert ways == sorted(ways)


def test_a_device_holds_the_keys_for_a_scan_beside_the_kv_or_alone() -> None:
    spec = gpu_spec()
    memory = plan(spec, 1, CONFIG, free=20 * MB, free_host=10**12, files=10**12)
    left = int(20 * MB * 0.9) - memory.context - memory.activations
    keys = HEADS * (spec.head_dim + 4)
    assert memory.longest_by_way[KVWay.RESIDENT] == int(left / (memory.kv_per_token + keys))
    assert memory.longest_by_way[KVWay.HOST] == memory.longest_by_way[KVWay.DISK] == left // keys


@pytest.mark.parametrize(
    ("spec", "free", "free_host", "way", "copies"),
    [
        (gpu_spec, 200, 200, KVWay.RESIDENT, "copies nothing"),
        (gpu_spec, 20, 200, KVWay.MEMORY, "in host memory: a question copies 0.0 GB to cuda"),
        (cpu_spec, 200, 200, KVWay.RESIDENT, "resident on cpu: a question copies nothing"),
    ],
)
def test_kv_that_is_no_mapped_file_is_in_memory_or_does_not_fit(
    spec: Callable[[], ModelSpec], free: int, free_host: int, way: KVWay, copies: str
) -> None:
    sizes = {"free": free * MB, "free_host": free_host * MB}
    memory = plan(spec(), 200_000, CONFIG, **sizes, host_kv=HostKV.MEMORY)
    assert memory.way is way
    assert copies in memory.way_in_words(1000)
    assert memory.longest_document == plan(spec(), 200_000, CONFIG, **sizes).longest_document


def test_chunks_that_travel_do_so_a_few_at_a_time() -> None:
    resident, streamed = (
        plan(gpu_spec(), 2_000_000, CONFIG, free=free * MB, free_host=10**4 * MB) for free in (9000, 500)
    )
    assert (resident.way, streamed.way) == (KVWay.RESIDENT, KVWay.HOST)
    assert streamed.score_batch == STREAMED_CHUNKS < resident.score_batch


@pytest.mark.parametrize(("free", "free_host"), [(100, 5), (20, 200)])
@pytest.mark.parametrize("asked", [100, 50_000, 10**7])
def test_the_longest_document_is_that_of_the_larger_of_device_and_host(
    free: int, free_host: int, asked: int
) -> None:
    """This holds wherever the document that was planned for would have gone."""

    def planned(tokens: int) -> MemoryPlan:
        return plan(gpu_spec(), tokens, CONFIG, free=free * MB, free_host=free_host * MB)

    longest = planned(asked).longest_document
    assert planned(longest).fits
    assert not planned(longest + 1).fits


def test_a_device_without_room_for_one_chunk_is_not_saved_by_the_host() -> None:
    """KV may live in the host's memory; the forward pass may not."""
    assert not plan(gpu_spec(), 1000, CONFIG, free=0, free_host=10**12).fits
