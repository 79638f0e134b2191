"""The decoding loop: from next-token log-probabilities to an answer, through transformers' logits processors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from transformers import (
    LogitsProcessorList,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopPLogitsWarper,
)

from ..attention import Cancel, Observer
from ..config import Sampling
from ..errors import Cancelled
from .next_token import NextTokenModel


def processors(sampling: Sampling) -> LogitsProcessorList:
    """Return the logits processors for these sampling settings."""
    chosen = LogitsProcessorList()
    if sampling.repetition_penalty != 1.0:
        chosen.append(RepetitionPenaltyLogitsProcessor(sampling.repetition_penalty))
    if sampling.temperature > 0:
        chosen.append(TemperatureLogitsWarper(sampling.temperature))
        if sampling.top_p < 1:
            chosen.append(TopPLogitsWarper(sampling.top_p))
    return chosen


def decode(
    state: NextTokenModel,
    question_ids: Sequence[int],
    sampling: Sampling,
    stop_ids: frozenset[int],
    *,
    question_observer: Observer | None = None,
    answer_observer: Observer | None = None,
    cancelled: Cancel | None = None,
) -> Iterator[int]:
    """Yield the answer's token ids as they are drawn, up to a stop id, which is not yielded, or `max_new_tokens`.

    The question's tokens go through the context first. One observer is shown the question's pass, the other the
    answer's passes. Raises Cancelled, also in the middle of a pass.
    """
    log_probabilities = state.step(question_ids, question_observer, cancelled)
    process = processors(sampling)
    generator = torch.Generator(device=log_probabilities.device).manual_seed(sampling.seed)
    answer: list[int] = []
    while True:
        token = draw(log_probabilities, answer, process, sampling, generator)
        if token in stop_ids:
            return
        answer.append(token)
        yield token
        if len(answer) == sampling.max_new_tokens:
            return
        if cancelled is not None and cancelled():
            raise Cancelled("stopped while answering")
        log_probabilities = state.step([token], answer_observer, cancelled)


def draw(
    log_probabilities: Tensor,
    answer: list[int],
    process: LogitsProcessorList,
    sampling: Sampling,
    generator: torch.Generator,
) -> int:
    """Draw the next token, given log-probabilities (vocabulary,) and the answer so far."""
    so_far = torch.tensor([answer], dtype=torch.long, device=log_probabilities.device)
    scores = process(so_far, log_probabilities[None])[0]
    if sampling.temperature == 0:
        return int(scores.argmax())
    return int(torch.multinomial(scores.softmax(dim=-1), 1, generator=generator))
