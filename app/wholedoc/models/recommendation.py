"""Which models of the catalogue suit a machine, by its free memory."""

from __future__ import annotations

from dataclasses import dataclass

import torch

import parallelcomp
from parallelcomp import Weights
from parallelcomp.memory import free_bytes

from ..settings import Answerer, Settings
from .catalogue import QWEN_CODER_15B, SMOLLM2_135M, CatalogueModel, find_model

# The best pair first: who reads, who writes. docs/benchmarks.md has the measurements behind it.
PAIRS = ((SMOLLM2_135M, QWEN_CODER_15B), (SMOLLM2_135M, SMOLLM2_135M))
# What else memory is needed for: the KV of a document of 128K tokens, and the numbers between two layers.
WORKING_BYTES = 3_000_000_000
# Bytes that a weight of a writer takes where its linear layers are in 8 bits or fewer, and its embeddings in 16.
INT8_WRITER = 1.4


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


def recommend_pair(
    free: int, device: torch.device, dtype: torch.dtype, weights: Weights | None = None
) -> Recommendation:
    """Return the best pair that fits into `free` bytes of memory, or the smallest one if none does."""
    pairs = [Recommendation(*pair, _needs(*pair, device, dtype, weights)) for pair in PAIRS]
    return next((pair for pair in pairs if pair.memory_bytes <= free), pairs[-1])


def default_writer(settings: Settings) -> CatalogueModel | None:
    """Return the model that should write the answers, fetched or not; None if that is the reader.

    It is the writer of the best pair that fits into the memory that is free now. A model that a person brings
    answers itself, and so does one that reads by APB.
    """
    reader = SMOLLM2_135M if settings.model is None else find_model(settings.model)
    if settings.answer_model is not Answerer.DEFAULT or settings.apb is not None or reader is None:
        return None
    device = settings.device or parallelcomp.default_device()
    dtype = settings.dtype or parallelcomp.default_dtype(device)
    writer = recommend_pair(free_bytes(device), device, dtype, settings.weights).writer
    return writer if writer.parameters > reader.parameters else None


def _needs(
    reader: CatalogueModel,
    writer: CatalogueModel,
    device: torch.device,
    dtype: torch.dtype,
    weights: Weights | None,
) -> int:
    """Return the bytes of memory that a pair needs with a document of 128K tokens."""
    if reader == writer:
        return WORKING_BYTES + reader.memory_bytes(dtype.itemsize)
    in_8_bits = parallelcomp.int8_is_faster(device, dtype) if weights is None else weights is not Weights.BF16
    each = INT8_WRITER if in_8_bits else dtype.itemsize
    return WORKING_BYTES + reader.memory_bytes(dtype.itemsize) + int(writer.parameters * each)
