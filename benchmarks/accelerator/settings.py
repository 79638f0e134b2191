"""What is measured: lengths, chunk sizes and batches, in full and quickly."""

from __future__ import annotations

from dataclasses import dataclass

from parallelcomp import Eviction


@dataclass(frozen=True)
class Settings:
    """Lengths in tokens.

    `common_length` is the document of the comparisons of precisions, chunk sizes and evictions, `batch_length`
    that of prefill batches; batches of None are the memory plan's. `square` is the side of the matrices whose
    product is the machine's rate.
    """

    document_lengths: tuple[int, ...]
    full_lengths: tuple[int, ...]
    common_length: int
    batch_length: int
    batches: tuple[int | None, ...]
    chunk_tokens: int
    other_chunk_tokens: tuple[int, ...]
    eviction: Eviction
    prefix_tokens: int
    lead_tokens: int
    question_tokens: int
    tail_tokens: int
    decoded_tokens: int
    square: int

    @property
    def asked_tokens(self) -> int:
        return self.lead_tokens + self.question_tokens + self.tail_tokens


K = 1024
FULL = Settings(
    document_lengths=(8 * K, 32 * K, 128 * K, 256 * K, 512 * K, 1024 * K),
    full_lengths=(8 * K, 32 * K, 128 * K),
    common_length=128 * K,
    batch_length=32 * K,
    batches=(1, 4, 23, None),
    chunk_tokens=2 * K,
    other_chunk_tokens=(4 * K, 7 * K + 512),
    eviction=Eviction(),
    prefix_tokens=16,
    lead_tokens=4,
    question_tokens=24,
    tail_tokens=4,
    decoded_tokens=32,
    square=8192,
)
QUICK = Settings(
    document_lengths=(512, 1 * K, 2 * K),
    full_lengths=(512, 1 * K),
    common_length=1 * K,
    batch_length=512,
    batches=(1, None),
    chunk_tokens=64,
    other_chunk_tokens=(128, 256),
    eviction=Eviction(kept_tokens=256, capacity=128),
    prefix_tokens=4,
    lead_tokens=2,
    question_tokens=6,
    tail_tokens=2,
    decoded_tokens=4,
    square=256,
)
