"""The lengths, chunk sizes and batches to measure, in the full and in the quick run."""

from __future__ import annotations

from dataclasses import dataclass

from parallelcomp import Eviction


@dataclass(frozen=True)
class Settings:
    """What to measure; lengths are in tokens.

    Precisions, chunk sizes and evictions are compared on a document of `common_length`, prefill batches on one of
    `batch_length`. The memory plan chooses a batch of None. `square` is the side of the matrices whose product
    measures the machine's rate, and a copy of `copied_bytes` measures that of its memory.
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
    copied_bytes: int

    @property
    def asked_tokens(self) -> int:
        """Tokens of a question with its lead and tail."""
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
    decoded_tokens=64,
    square=8192,
    copied_bytes=2**30,
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
    copied_bytes=2**20,
)
