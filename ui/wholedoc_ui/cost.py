"""What an answer cost in tokens, seconds and memory."""

from __future__ import annotations

from dataclasses import dataclass

import psutil
import torch

from wholedoc import Answer


@dataclass(frozen=True)
class Cost:
    """Counts of tokens, seconds since the question, and bytes of memory.

    `memory_bytes` is what the program holds in GPU memory if the model is there, else in main memory. `support` is
    how likely the passages are to state an answer, None if no writer told.
    """

    tokens_read: int
    tokens_cached: int
    tokens_document: int
    tokens_kept: int
    tokens_answered: int
    first_token_s: float
    total_s: float
    memory_bytes: int
    device: str
    support: float | None = None

    @property
    def tokens_per_second(self) -> float | None:
        """Speed of the answer after its first token; None if the answer is too short to tell."""
        rest = self.total_s - self.first_token_s
        return (self.tokens_answered - 1) / rest if self.tokens_answered > 1 and rest > 0 else None


def cost_of(answer: Answer, device: torch.device) -> Cost:
    """Return the cost of an answer, with the memory that is in use now."""
    usage, timings = answer.usage, answer.timings
    return Cost(
        usage.document_tokens - usage.cached_tokens,
        usage.cached_tokens,
        usage.document_tokens,
        usage.kept_tokens,
        usage.answer_tokens,
        timings.first_token_s,
        timings.total_s,
        _memory_in_use(device),
        device.type,
        answer.support,
    )


def _memory_in_use(device: torch.device) -> int:
    if device.type == "cuda":
        return int(torch.cuda.memory_allocated(device))
    return int(psutil.Process().memory_info().rss)
