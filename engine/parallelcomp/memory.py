"""The memory plan, made before work starts: bytes of everything, batch sizes, and whether a document fits."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

import torch

from .attention.attention import BLOCK_QUERIES
from .config import HEADS, Composition, EngineConfig, HostKV
from .devices import SHARING_HOST_MEMORY
from .errors import MemoryPlanError
from .models.model import ModelSpec

# The part of the free memory that a plan may use: allocators fragment, and other programs need memory too.
USABLE = 0.9
# With this many tokens a pass, larger batches are no faster; on a CPU one chunk already fills the caches.
PREFILL_TOKENS = {"cpu": 1024, "cuda": 32768}
SCORE_TOKENS = {"cpu": 1024, "cuda": 16384}
# Chunks that are answered from at once: reading the weights for one token then serves all of them.
REPLIES = {"cpu": 8, "cuda": 64}
# Chunks whose KV lies in the host's memory travel a layer at a time; so many at once hide a copy's latency.
STREAMED_CHUNKS = 16
# One layer's KV is there so many times where chunks are read together: placed, in a row, and its scales in fp32.
COPIES_TOGETHER = 4
# Copies of a hidden state that a layer's forward pass holds at its widest point.
LIVE_STATES = 4
# What the host's memory holds of each token beside its KV: its number and place, its text, the words of its chunk.
HOST_BYTES_A_TOKEN = 200
# A key for a scan is as many bytes as it has numbers, and its scale in fp32.
SCAN_SCALE_BYTES = 4


class KVWay(Enum):
    """Where a question finds the KV of a document that was read."""

    RESIDENT = "resident"
    """On the device that computes."""
    HOST = "host"
    """In the library's files, which the host's memory holds: a device gets a copy of the chunks that are scored."""
    DISK = "disk"
    """In the library's files, which are more than the host's memory holds."""
    MEMORY = "memory"
    """In the host's memory and no file's: a device gets a copy of the chunks that are scored."""


@dataclass(frozen=True)
class MemoryPlan:
    """Bytes that reading a document of `tokens` tokens and asking about it take.

    `weights` are loaded already. `kv` is the stored KV of the whole document on `kv_device`, `activations` the
    larger of one prefill batch and one scoring batch, `context` the assembled KV. `available` is what is free now
    on the compute device `device`, `kv_available` what the KV may take where it goes, and `way` says where a
    question finds it. `prefill_batch`, `score_batch` and `reply_batch` are in chunks. `longest_document`: the most
    tokens that would fit; `longest_by_way`: those of them that take each way, or a better one.
    """

    tokens: int
    weights: int
    kv_per_token: float
    kv: int
    activations: int
    context: int
    prefill_batch: int
    score_batch: int
    reply_batch: int
    device: torch.device
    kv_device: torch.device
    way: KVWay
    available: int
    kv_available: int
    longest_document: int
    longest_by_way: Mapping[KVWay, int]

    @property
    def fits(self) -> bool:
        return self.tokens <= self.longest_document

    @property
    def verdict(self) -> str:
        """One sentence that says whether the document fits, and if not what to do."""
        need = f"{self.tokens:,} tokens need {gigabytes(self.kv)} of KV {self._where(self.way)}"
        if self.fits:
            return f"{need}; it fits (up to {self.longest_document:,} tokens would)"
        return (
            f"{need}, but only {gigabytes(self.kv_available)} is free: at most {self.longest_document:,} tokens "
            "fit; choose a lower KV precision, a smaller model, or split the document"
        )

    def way_in_words(self, tokens: int, way: KVWay | None = None) -> str:
        """Return where the KV is, and what a question takes to get at that of the `tokens` tokens it scores.

        `way` is another than the plan's, for a document of another length.
        """
        way = way or self.way
        where = self._where(way)
        if way is KVWay.RESIDENT:
            return f"{where}: a question copies nothing"
        kv = gigabytes((min(tokens, self.tokens) if way is self.way else tokens) * self.kv_per_token)
        if way is KVWay.MEMORY:
            return f"{where}: a question copies {kv} to {self.device.type}"
        copied = "" if self.device.type == "cpu" else f" and copies it to {self.device.type}"
        reads = f"{where}: a question reads {kv} of the library's files{copied}"
        if way is KVWay.HOST:
            return f"{reads}, from the disk only after a start or where other programs need the memory"
        return f"{reads}, from the disk wherever the memory does not hold them"

    def _where(self, way: KVWay) -> str:
        if way is KVWay.RESIDENT:
            return f"resident on {self.device.type}"
        return "on disk" if way is KVWay.DISK else "in host memory"

    def check(self) -> None:
        """Raise MemoryPlanError unless the document fits."""
        if not self.fits:
            raise MemoryPlanError(self.verdict)


def plan(
    spec: ModelSpec,
    tokens: int,
    config: EngineConfig,
    *,
    question_tokens: int = 64,
    prefix_tokens: int = 64,
    answer_tokens: int = 256,
    free: int | None = None,
    free_host: int | None = None,
    host_kv: HostKV = HostKV.MAPPED,
    files: int = 0,
) -> MemoryPlan:
    """Plan the memory for a document of `tokens` tokens.

    The KV is kept on the compute device if it fits there, else in the host's memory, else in mapped files alone.
    `free` and `free_host` are the bytes that are free on the compute device and on the host; where they are None
    the system is asked. `host_kv` says what KV in the host's memory is, and `files` how many bytes of it mapped
    files may hold, where that is more than the host's memory.
    """
    free = free_bytes(spec.device) if free is None else free
    host = torch.device("cpu")
    shared = spec.device.type in SHARING_HOST_MEMORY  # then the host's memory is not a second one
    free_host = (free if shared else free_bytes(host)) if free_host is None else free_host
    number = torch.empty(0, dtype=spec.dtype).element_size()
    per_token = spec.kv_bytes_per_token(config.precision.bytes_per_number(spec.head_dim))
    # A short document counts with the whole budget too, so that `longest_document` does not depend on `tokens`.
    sequences = _sequences(config)
    beside = sequences * (prefix_tokens + question_tokens + answer_tokens)
    context = int((config.eviction.kept_tokens + beside) * spec.kv_bytes_per_token(number))
    usable = int(free * USABLE) - context
    chunk = config.chunk_tokens + prefix_tokens
    prefill_one = chunk * (activation_bytes(spec, number) + int(spec.kv_bytes_per_token(number)))
    prefill_one += limited_bytes(spec, number, min(BLOCK_QUERIES, chunk), chunk)
    score_one = _score_bytes(spec, number, chunk, question_tokens)
    prefill_batch = config.prefill_batch or _batch(
        PREFILL_TOKENS, spec.device, config.chunk_tokens, usable // 4 // prefill_one
    )
    score_batch = config.score_batch or _batch(SCORE_TOKENS, spec.device, question_tokens, usable // 4 // score_one)
    reply_one = int((chunk + question_tokens + answer_tokens) * spec.kv_bytes_per_token(number))
    reply_batch = max(1, min(REPLIES.get(spec.device.type, REPLIES["cuda"]), usable // 4 // reply_one))
    activations = max(prefill_batch * prefill_one, score_batch * score_one)
    longest = _longest_by_way(spec, host_kv, per_token, usable - activations, int(free_host * USABLE), files)
    way = next((one for one, most in longest.items() if tokens <= most), max(longest, key=longest.__getitem__))
    # KV that a CPU computes with lies where it lies.
    kv_device = spec.device if way is KVWay.RESIDENT else host
    if spec.device.type != "cpu" and way is not KVWay.RESIDENT and config.score_batch is None:
        score_batch = min(score_batch, STREAMED_CHUNKS)
    return MemoryPlan(
        tokens=tokens,
        weights=spec.weight_bytes,
        kv_per_token=per_token,
        kv=int(tokens * per_token),
        activations=activations,
        context=context,
        prefill_batch=prefill_batch,
        score_batch=score_batch,
        reply_batch=reply_batch,
        device=spec.device,
        kv_device=kv_device,
        way=way,
        available=free,
        kv_available=int(longest[way] * per_token),
        longest_document=max(longest.values()),
        longest_by_way=longest,
    )


def _longest_by_way(
    spec: ModelSpec, host_kv: HostKV, per_token: float, on_device: int, on_host: int, files: int
) -> dict[KVWay, int]:
    """Return how many tokens a document may have whose KV goes each way that there is, the best way first.

    `on_device` bytes are left on the device beside the forward pass; below zero nothing fits, wherever the KV is.
    The device that is no CPU also holds the document's keys for a scan.
    """
    is_cpu = spec.device.type == "cpu"
    scanned = 0 if is_cpu else HEADS * (spec.head_dim + SCAN_SCALE_BYTES)
    most_beside = max(on_device, 0) / scanned if scanned else math.inf
    in_files = min(files / per_token, on_host / HOST_BYTES_A_TOKEN, most_beside) if on_device >= 0 else 0
    here = max(on_device, 0) / (per_token + scanned)
    longest = {KVWay.RESIDENT: here}
    if is_cpu and host_kv is HostKV.MAPPED:
        longest = {KVWay.HOST: here}
    elif spec.device.type not in SHARING_HOST_MEMORY:
        there = KVWay.HOST if host_kv is HostKV.MAPPED else KVWay.MEMORY
        longest[there] = min(on_host / per_token, most_beside) if on_device >= 0 else 0
    if host_kv is HostKV.MAPPED:
        longest[KVWay.DISK] = in_files
    return {way: int(most) for way, most in longest.items()}


def check_plain(spec: ModelSpec, tokens: int) -> None:
    """Raise MemoryPlanError unless one ordinary forward pass over `tokens` tokens fits in memory."""
    number = torch.empty(0, dtype=spec.dtype).element_size()
    # The KV is there twice: as it is computed, and in the cache to which the answer is appended.
    each = activation_bytes(spec, number) + 2 * int(spec.kv_bytes_per_token(number))
    usable = int(free_bytes(spec.device) * USABLE)
    if tokens * each > usable:
        raise MemoryPlanError(
            f"a prompt and answer of {tokens:,} tokens need {gigabytes(tokens * each)} on {spec.device.type}, but "
            f"only {gigabytes(usable)} is free: at most {usable // each:,} tokens fit; shorten the prompt"
        )


def _sequences(config: EngineConfig) -> int:
    """Sequences in the context: in a mixture every kept chunk has a prefix, question and answer of its own."""
    if config.composition is not Composition.MIXTURE:
        return 1
    return math.ceil(config.eviction.kept_tokens / config.chunk_tokens)


def free_bytes(device: torch.device) -> int:
    """Bytes that can be allocated on the device now."""
    if device.type == "cuda":
        free, total = torch.cuda.mem_get_info(device)
        reserved = torch.cuda.memory_reserved(device)
        if hasattr(torch.cuda, "get_per_process_memory_fraction"):  # newer than the oldest torch that is supported
            free = min(free, int(torch.cuda.get_per_process_memory_fraction(device) * total) - reserved)
        return int(free + reserved - torch.cuda.memory_allocated(device))
    if device.type == "mps":
        # Apple's GPU takes its memory from the host's, and no more of it than this.
        left = torch.mps.recommended_max_memory() - torch.mps.current_allocated_memory()
        return max(0, min(int(left), _free_host_bytes()))
    return _free_host_bytes()


def _free_host_bytes() -> int:
    try:
        import psutil
    except ImportError:
        # torch and transformers do not install it. Unused pages are less than the memory that is available.
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return int(psutil.virtual_memory().available)


def activation_bytes(spec: ModelSpec, number: int) -> int:
    """Bytes of one token's activations at the widest point of a forward pass; `number` is the bytes of a number."""
    copies = 2 if spec.is_plain else 4  # layers with limits put their blocks' results together
    attention = (copies * spec.query_heads + 2 * spec.kv_heads) * spec.head_dim
    # Each token's hidden state goes to several experts, and comes back from them.
    states = LIVE_STATES + 2 * spec.experts_per_token
    return number * (states * spec.hidden_size + 3 * spec.intermediate_size + attention)


def limited_bytes(spec: ModelSpec, number: int, queries: int, keys: int) -> int:
    """Bytes of the attention of `queries` queries in layers with a sliding window or sinks.

    These hold their logits: as a product, in fp32, with the sinks beside them, and as weights.
    """
    if spec.is_plain:
        return 0
    windows = [window for window in spec.sliding_windows if window is not None]
    seen = keys if spec.sinks or not windows else min(keys, max(windows) + queries)
    return spec.query_heads * queries * seen * (number + (12 if spec.sinks else 8))


def _score_bytes(spec: ModelSpec, number: int, chunk: int, question_tokens: int) -> int:
    """Bytes of one chunk in a scoring batch: one layer's KV, the question's logits and attention weights."""
    copies = 1 if spec.device.type == "cpu" else COPIES_TOGETHER
    one_layer = copies * chunk * int(spec.kv_bytes_per_token(number)) // spec.layers
    logits = question_tokens * spec.vocabulary * (number + 4)
    attention_weights = 4 * spec.query_heads * question_tokens * chunk
    limited = limited_bytes(spec, number, question_tokens, chunk)
    return one_layer + logits + attention_weights + limited + question_tokens * activation_bytes(spec, number)


def _batch(helpful_tokens: dict[str, int], device: torch.device, tokens_each: int, fitting: int) -> int:
    """Chunks in one pass: as many as fit, but no more than make it faster, and at least one."""
    helpful = helpful_tokens.get(device.type, helpful_tokens["cuda"]) // tokens_each
    return max(1, min(helpful, fitting))


def gigabytes(count: float) -> str:
    return f"{count / 1e9:.1f} GB"
