"""What an answer cost in tokens, seconds and memory."""

from __future__ import annotations

from dataclasses import dataclass

import psutil
import torch

from wholedoc import Answer

from .session import Memory

# An answer of fewer tokens says nothing of a speed.
TELLING_TOKENS = 20


@dataclass(frozen=True)
class Cost:
    """Counts of tokens, seconds since the question, and bytes of memory.

    `memory_bytes` is what the program held in GPU memory if the model was there, else in main memory; 0 if that is
    not known any more. `support` is
    how likely the passages are to state an answer, None if no writer told. `parts_asked` of the documents' `parts`
    were used for the answer; both are 0 if that is not known.
    """

    tokens_read: int
    tokens_cached: int
    tokens_document: int
    tokens_kept: int
    tokens_answered: int
    first_token_s: float
    total_s: float
    memory_bytes: int = 0
    device: str = ""
    support: float | None = None
    parts: int = 0
    parts_asked: int = 0

    @property
    def tokens_per_second(self) -> float | None:
        """Speed of the answer after its first token; None if it is too short to tell.

        What is held back until it is sure, or copied from a passage, comes at once and has no speed.
        """
        rest = self.total_s - self.first_token_s
        return (self.tokens_answered - 1) / rest if self.tokens_answered >= TELLING_TOKENS and rest >= 1 else None


def cost_of(answer: Answer, held: Memory | None = None) -> Cost:
    """Return the cost of an answer, with the memory that was in use when it was given."""
    usage, timings = answer.usage, answer.timings
    return Cost(
        usage.document_tokens - usage.cached_tokens,
        usage.cached_tokens,
        usage.document_tokens,
        usage.kept_tokens,
        usage.answer_tokens,
        timings.first_token_s,
        timings.total_s,
        held.bytes if held else 0,
        held.device if held else "",
        answer.support,
        answer.everywhere.parts if answer.everywhere else len(answer.chunks),
        answer.everywhere.asked if answer.everywhere else sum(chunk.kept for chunk in answer.chunks),
    )


def memory_in_use(device: torch.device) -> Memory:
    """Return the memory that the program holds now where the model is."""
    if device.type == "cuda":
        return Memory(int(torch.cuda.memory_allocated(device)), device.type)
    if device.type == "mps":
        return Memory(int(torch.mps.driver_allocated_memory()), device.type)
    return Memory(int(psutil.Process().memory_info().rss), device.type)
