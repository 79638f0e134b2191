"""The memory plan: exact bytes where they can be counted, and a longest document that is the same for every
request."""

from __future__ import annotations

import dataclasses
import sys
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from parallelcomp import (
    Composition,
    Engine,
    EngineConfig,
    Eviction,
    KVPrecision,
    MemoryPlanError,
    ModelSpec,
    plan,
)
from parallelcomp.memory import free_bytes
from parallelcomp.scoring import score_batch

from .tiny import PREFIX, QUESTION, chunks_of, pair, read, read_prefix

MB = 10**6
CPU = torch.device("cpu")
CONFIG = EngineConfig(chunk_tokens=64, precision=KVPrecision.BF16)


def cpu_spec() -> ModelSpec:
    return pair("llama 4/4").spec


def gpu_spec() -> ModelSpec:
    """A plan asks nothing of the device when it is told what is free."""
    return dataclasses.replace(cpu_spec(), device=torch.device("cuda"))


def test_weights_are_counted_to_the_byte() -> None:
    """Llama by hand: embedding and head, per layer four square projections, three of the MLP, two norms."""
    hidden, vocabulary, inner = 32, 131, 40
    layer = 4 * hidden * hidden + 3 * hidden * inner + 2 * hidden
    assert cpu_spec().weight_bytes == 4 * (2 * vocabulary * hidden + 3 * layer + hidden)


def test_tied_embeddings_are_counted_once() -> None:
    spec = pair("smollm 9/3 tied").spec
    hidden, kv, inner = 72, 24, 40
    layer = 2 * hidden * hidden + 2 * hidden * kv + 3 * hidden * inner + 2 * hidden
    assert spec.weight_bytes == 4 * (131 * hidden + 3 * layer + hidden)


@pytest.mark.parametrize("family", ["smollm 9/3 tied", "qwen2 7/1", "qwen3 wide heads 3/1"])
@pytest.mark.parametrize("precision", KVPrecision)
def test_kv_bytes_are_those_of_the_chunks_really_stored(family: str, precision: KVPrecision) -> None:
    one = pair(family)
    stored = read(one, read_prefix(one), chunks_of(32, 96, 64), precision)
    config = dataclasses.replace(CONFIG, precision=precision)
    memory = plan(one.spec, 192, config, free=100 * MB)
    assert memory.kv == sum(chunk.kv.nbytes for chunk in stored)
    assert memory.kv_per_token == stored[0].kv.nbytes / 32


@pytest.mark.parametrize("precision", KVPrecision)
def test_a_last_group_that_is_not_full_costs_at_most_its_scale_and_zero_point_and_a_byte(
    precision: KVPrecision,
) -> None:
    """Per channel: a scale and a zero point in fp16, and the data of keys and values filled up to a byte."""
    one = pair()
    spec = one.spec
    for length in (1, 23, 41, 63):
        (chunk,) = read(one, read_prefix(one), chunks_of(length), precision)
        memory = plan(spec, length, dataclasses.replace(CONFIG, precision=precision), free=100 * MB)
        beyond = chunk.kv.nbytes - memory.kv
        if precision.dtype is None:
            assert 0 < beyond < spec.layers * spec.kv_heads * spec.head_dim * (4 + 2) + 1
        else:
            assert beyond == 0


@pytest.mark.parametrize("free", [10 * MB, 40 * MB, 123_456_789])
@pytest.mark.parametrize("asked", [1, 100, 5000, 10**7])
def test_the_longest_document_fits_and_one_token_more_does_not(free: int, asked: int) -> None:
    """This holds whatever the length of the document that was planned for."""
    spec = cpu_spec()
    longest = plan(spec, asked, CONFIG, free=free).longest_document
    assert longest > 0
    exactly = plan(spec, longest, CONFIG, free=free)
    beyond = plan(spec, longest + 1, CONFIG, free=free)
    assert exactly.fits
    assert not beyond.fits


def test_what_fits_takes_no_more_than_what_is_free() -> None:
    spec = cpu_spec()
    for tokens in (1, 3000, 20_000, 60_000, 200_000):
        memory = plan(spec, tokens, CONFIG, free=20 * MB)
        if memory.fits:
            assert memory.kv + memory.activations + memory.context <= 20 * MB
        else:
            assert memory.kv > memory.kv_available
    assert plan(spec, 1, CONFIG, free=20 * MB).fits
    assert not plan(spec, 200_000, CONFIG, free=20 * MB).fits


def test_a_narrower_format_fits_twice_the_document() -> None:
    narrow, wide = (
        plan(cpu_spec(), 10**6, dataclasses.replace(CONFIG, precision=precision), free=50 * MB)
        for precision in (KVPrecision.FP16, KVPrecision.FP32)
    )
    assert narrow.longest_document // 2 == wide.longest_document


def test_the_verdict_names_lengths_and_remedies() -> None:
    fits, fails = (plan(cpu_spec(), tokens, CONFIG, free=20 * MB) for tokens in (1000, 10**7))
    assert "1,000 tokens" in fits.verdict
    assert "it fits" in fits.verdict
    assert f"{fits.longest_document:,}" in fits.verdict
    assert "10,000,000 tokens" in fails.verdict
    assert f"at most {fails.longest_document:,} tokens" in fails.verdict
    fits.check()
    with pytest.raises(MemoryPlanError) as caught:
        fails.check()
    assert str(caught.value) == fails.verdict


@pytest.mark.parametrize(
    ("spec", "chunk_tokens", "free", "prefill", "score"),
    [
        (gpu_spec(), 64, 10 * MB, 4, 3),
        (gpu_spec(), 64, 10**12, 512, 256),  # 32,768 tokens of chunks, 16,384 of questions
        (gpu_spec(), 64, 4 * MB, 1, 1),  # a quarter of 159,360 bytes is less than one chunk
        (gpu_spec(), 64, 1000, 1, 1),  # not even the context fits
        (cpu_spec(), 64, 10 * MB, 4, 4),
        (cpu_spec(), 64, 10**12, 16, 16),  # 1,024 tokens
        (cpu_spec(), 2048, 10**12, 1, 16),  # one chunk has more than 1,024 tokens
    ],
)
def test_batches_worked_out_by_hand(
    spec: ModelSpec, chunk_tokens: int, free: int, prefill: int, score: int
) -> None:
    """In fp32, KV takes 2 * 3 layers * 4 heads * 8 * 4 bytes = 768 bytes a token, activations take
    4 * (4 * 32 + 3 * 40 + 16 * 8) = 1,504. Of 10 MB 9 are usable, less 4,096 + 384 tokens of context: 5,559,360
    bytes, of which a batch may take a quarter. Reading a chunk of 64 tokens after a prefix of 64 takes
    128 * 2,272 = 290,816 bytes; scoring it by 64 tokens takes 32,768 of KV, on a GPU four times
        that, 67,072 of logits, 131,072 of attention weights and 96,256 of activations.
    """
    config = dataclasses.replace(CONFIG, chunk_tokens=chunk_tokens)
    memory = plan(spec, 1000, config, free=free, free_host=free)
    assert (memory.prefill_batch, memory.score_batch) == (prefill, score)


class LiveTensors(TorchDispatchMode):
    """Counts the bytes of all living tensors that operations make. `peak` is the most at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.peak = 0
        self._live: dict[int, int] = {}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        given = {self._storage(tensor)._cdata for tensor in tree_leaves((args, kwargs)) if torch.is_tensor(tensor)}
        out = func(*args, **(kwargs or {}))
        for storage in (self._storage(tensor) for tensor in tree_leaves(out) if torch.is_tensor(tensor)):
            if storage._cdata not in given and storage._cdata not in self._live:
                self._live[storage._cdata] = storage.nbytes()
                weakref.finalize(storage, self._live.pop, storage._cdata, None)
        self.peak = max(self.peak, sum(self._live.values()))
        return out

    @staticmethod
    def _storage(tensor: torch.Tensor) -> torch.UntypedStorage:
        return tensor.untyped_storage()


@pytest.mark.parametrize(
    "family",
    [
        "llama 4/4",
        "smollm 9/3 tied",
        "qwen2 7/1",
        "phi3 6/2",
        "glm4 4/2",
        "qwen3_moe 4/2",
        "gemma3 6/2",
        "gpt_oss 8/2",
    ],
)
@pytest.mark.parametrize("length", [48, 192])
def test_reading_and_scoring_take_no_more_than_the_activations_of_the_plan(family: str, length: int) -> None:
    """Measured by the tensors that really live at a time, while three chunks are read and 50 scored.

    The plan is not much larger than that either. Scores are without observed attention, whose buffers the plan does
    not count in full.
    """
    one = pair(family)
    prefix = read_prefix(one)
    chunks = chunks_of(length, length, length)

    def planned(prefill_batch: int, score_batch: int) -> int:
        config = EngineConfig(
            chunk_tokens=length,
            prefill_batch=prefill_batch,
            score_batch=score_batch,
            precision=KVPrecision.FP32,
        )
        lengths = {"prefix_tokens": len(PREFIX), "question_tokens": len(QUESTION.scored)}
        return plan(one.spec, 3 * length, config, free=10**9, **lengths).activations

    with LiveTensors() as live:
        stored = read(one, prefix, chunks)
    least = 0.7 if one.spec.is_plain else 0.5  # in fp32 one of the copies that are counted is none
    assert least * planned(3, 1) < live.peak < planned(3, 1)
    with LiveTensors() as live:
        score_batch(one.loaded, prefix, [stored[0].kv] * 50, QUESTION)
    assert 0.25 * planned(1, 50) < live.peak < planned(1, 50)


def test_batches_grow_with_the_memory_and_stop_where_they_no_longer_help() -> None:
    sizes = [
        plan(gpu_spec(), 1000, CONFIG, free=free, free_host=0).prefill_batch
        for free in (4 * MB, 40 * MB, 10**9, 10**12)
    ]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[1] < sizes[2] == sizes[3]


def test_batches_that_were_set_are_not_second_guessed() -> None:
    config = dataclasses.replace(CONFIG, prefill_batch=7, score_batch=5)
    memory = plan(cpu_spec(), 1000, config, free=100 * MB)
    assert (memory.prefill_batch, memory.score_batch) == (7, 5)


def test_an_empty_document_fits() -> None:
    memory = plan(cpu_spec(), 0, CONFIG, free=20 * MB)
    assert memory.kv == 0
    assert memory.fits


def test_nothing_fits_where_nothing_is_free() -> None:
    memory = plan(cpu_spec(), 1, CONFIG, free=0)
    assert not memory.fits
    assert memory.longest_document == 0


def meminfo(field: str) -> int:
    """Bytes of a field of the kernel's own account of memory."""
    path = Path("/proc/meminfo")
    if not path.exists():
        pytest.skip("only Linux has /proc/meminfo")
    (line,) = (line for line in path.read_text().splitlines() if line.startswith(f"{field}:"))
    return int(line.split()[1]) * 1024


def assert_between(before: int, found: int, after: int) -> None:
    """`found` was measured between the other two, while other programs may take or free a tenth of the memory."""
    slack = meminfo("MemTotal") // 10
    assert min(before, after) - slack <= found <= max(before, after) + slack


def test_what_is_free_is_asked_of_the_system() -> None:
    before = meminfo("MemAvailable")
    available = plan(cpu_spec(), 1000, CONFIG).available
    assert_between(before, available, meminfo("MemAvailable"))


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_memory_that_torch_holds_but_does_not_use_is_free() -> None:
    device = torch.device("cuda")
    before = free_bytes(device)
    taken = torch.empty(256 * MB, dtype=torch.uint8, device=device)
    assert free_bytes(device) == pytest.approx(before - 256 * MB, abs=64 * MB)
    del taken
    assert free_bytes(device) == pytest.approx(before, abs=64 * MB)


@pytest.mark.parametrize(("composition", "sequences"), [(Composition.ASSEMBLED, 1), (Composition.MIXTURE, 4)])
def test_the_context_has_room_for_what_is_kept_and_no_more(composition: Composition, sequences: int) -> None:
    """In a mixture each of the four kept chunks (500 tokens in chunks of 128) has a prefix, question and answer."""
    config = EngineConfig(chunk_tokens=128, eviction=Eviction(kept_tokens=500), composition=composition)
    memory = plan(cpu_spec(), 9000, config, free=100 * MB, prefix_tokens=10, question_tokens=20, answer_tokens=30)
    assert memory.context == (500 + sequences * 60) * cpu_spec().kv_bytes_per_token(4)


@pytest.mark.parametrize("composition", Composition)
def test_the_context_takes_the_bytes_that_were_planned(composition: Composition) -> None:
    """Two chunks that fill the budget exactly, and all the buffers that the answer's cache really allocates."""
    config = EngineConfig(chunk_tokens=64, eviction=Eviction(kept_tokens=128), composition=composition)
    engine = Engine(pair("smollm 9/3 tied").loaded, PREFIX, config)
    memory = engine.plan(128, question_tokens=len(QUESTION.all_ids), answer_tokens=6, free=100 * MB)
    stored = list(engine.prefill(chunks_of(64, 64), memory))
    kept = engine.select(stored, engine.score(stored, QUESTION, memory))
    cache = engine.compress(stored, kept, QUESTION, max_new_tokens=6).context.cache
    assert memory.context == sum(layer.key_buffer.nbytes + layer.value_buffer.nbytes for layer in cache.layers)


def test_free_memory_is_known_without_psutil(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only torch and transformers are installed, memory that nobody uses counts as free."""
    monkeypatch.setitem(sys.modules, "psutil", None)
    before = meminfo("MemFree")
    free = free_bytes(CPU)
    assert_between(before, free, meminfo("MemFree"))
