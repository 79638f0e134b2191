"""Which models of the catalogue suit a machine, by its free memory."""

from __future__ import annotations

from dataclasses import dataclass

from .catalogue import QWEN_CODER_05B, QWEN_CODER_15B, SMOLLM2_135M, CatalogueModel

# The best pair first: who reads, who writes.
PAIRS = (
    (QWEN_CODER_05B, QWEN_CODER_15B),
    (QWEN_CODER_05B, QWEN_CODER_05B),
    (SMOLLM2_135M, QWEN_CODER_05B),
    (SMOLLM2_135M, SMOLLM2_135M),
)
# What else memory is needed for: the KV of a document of 128K tokens, and the numbers between two layers.
WORKING_BYTES = 3_000_000_000


@dataclass(frozen=True)
class Recommendation:
    """A reader, a writer, which may be the same model, and the bytes of memory that both need with a document."""

    reader: CatalogueModel
    writer: CatalogueModel
    memory_bytes: int

    def in_words(self) -> str:
        """Return a clause for a person: who reads, who writes, and the memory that they need."""
        need = f"{self.memory_bytes / 1e9:.1f} GB of memory with a document of 128K tokens"
        if self.reader == self.writer:
            return f"{self.reader.name} reads and writes, {need}"
        return f"{self.reader.name} reads and {self.writer.name} writes, {need}"


def recommend_pair(free_bytes: int, number_bytes: int) -> Recommendation:
    """Return the best pair that fits into the free memory, or the smallest one if none does.

    `number_bytes` is the size of one weight in the number format that is computed in.
    """
    pairs = [Recommendation(*pair, _needs(*pair, number_bytes)) for pair in PAIRS]
    return next((pair for pair in pairs if pair.memory_bytes <= free_bytes), pairs[-1])


def _needs(reader: CatalogueModel, writer: CatalogueModel, number_bytes: int) -> int:
    return WORKING_BYTES + sum(model.memory_bytes(number_bytes) for model in {reader, writer})
