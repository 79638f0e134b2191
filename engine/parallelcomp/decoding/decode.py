"""The decoding loop: from next-token log-probabilities to an answer, through transformers' logits processors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor
from transformers import (
    LogitsProcessorList,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopPLogitsWarper,
)

from ..attention.attention import Cancel, Observer
from ..config import Sampling
from ..errors import Cancelled
from .fixed import FixedSteps
from .lookup import Lookup
from .next_token import NextTokenModel, SeveralTokensModel


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


# A recorded step's tokens are looked at by so many at a time, since the device waits while they travel to the host.
BLOCK = 4


class Drawing:
    """Draws the tokens of one answer on the device that predicts them. `answer`: int64 (max_new_tokens,)."""

    def __init__(self, sampling: Sampling, device: torch.device) -> None:
        self._sampling = sampling
        self._process = processors(sampling)
        self._generator = torch.Generator(device=device).manual_seed(sampling.seed)
        self.answer = torch.zeros(sampling.max_new_tokens, dtype=torch.long, device=device)
        self.count = 0

    def draw(self, log_probabilities: Tensor) -> Tensor:
        """Draw the next token, int64 (1,), given log-probabilities (vocabulary,), and append it to the answer."""
        scores = self._process(self.answer[None, : self.count], log_probabilities[None])[0]
        if self._sampling.temperature == 0:
            token = scores.argmax(dim=-1, keepdim=True)
        else:
            token = torch.multinomial(scores.softmax(dim=-1), 1, generator=self._generator)
        self.answer[self.count] = token[0]
        self.count += 1
        return token


def decode(
    state: NextTokenModel,
    question_ids: Sequence[int],
    sampling: Sampling,
    stop_ids: frozenset[int],
    *,
    question_observer: Observer | None = None,
    answer_observer: Observer | None = None,
    predicted: Callable[[Tensor], None] | None = None,
    cancelled: Cancel | None = None,
    fixed: Callable[[], FixedSteps] | None = None,
) -> Iterator[int]:
    """Yield the answer's token ids as they are drawn, up to a stop id, which is not yielded, or `max_new_tokens`.

    The question's tokens go through the context first. One observer is shown the question's pass, the other the
    answer's passes. `predicted` is called with the log-probabilities of the first token, fp32 (vocabulary,). With
    `fixed`, which is called after the question, its steps take the place of the state's own. Raises Cancelled, also
    in the middle of a pass of the state's own.
    """
    log_probabilities = state.step(question_ids, question_observer, cancelled)
    if predicted is not None:
        predicted(log_probabilities)
    drawing = Drawing(sampling, log_probabilities.device)
    token = drawing.draw(log_probabilities)
    first = int(token)
    if first in stop_ids:
        return
    yield first
    if fixed is not None:
        yield from _decode_fixed(fixed(), token, drawing, stop_ids, cancelled)
        return
    last = first
    while drawing.count < sampling.max_new_tokens:
        _poll(cancelled)
        last = int(drawing.draw(state.step([last], answer_observer, cancelled)))
        if last in stop_ids:
            return
        yield last


def decode_by_lookup(
    state: SeveralTokensModel,
    question_ids: Sequence[int],
    sampling: Sampling,
    stop_ids: frozenset[int],
    lookup: Lookup,
    *,
    predicted: Callable[[Tensor], None] | None = None,
    cancelled: Cancel | None = None,
) -> Iterator[int]:
    """Yield what `decode` yields, from fewer passes where `lookup` guesses the next tokens.

    The tokens that are drawn depend on the guesses by no more than rounding: one is drawn behind each token that
    came true, and what was guessed after the first that did not is taken back. Raises Cancelled, also in the middle
    of a pass.
    """
    log_probabilities = state.step(question_ids, None, cancelled)
    if predicted is not None:
        predicted(log_probabilities)
    drawing = Drawing(sampling, log_probabilities.device)
    last = int(drawing.draw(log_probabilities))
    while last not in stop_ids:
        yield last
        lookup.append(last)
        left = sampling.max_new_tokens - drawing.count
        if not left:
            return
        _poll(cancelled)
        guesses = lookup.guess(left - 1)
        behind_each = state.step_each([last, *guesses], cancelled)
        for come_true, guess in enumerate(guesses):
            last = int(drawing.draw(behind_each[come_true]))
            if last != guess or last in stop_ids:
                state.take_back(len(guesses) - come_true)
                break
            yield last
            lookup.append(last)
        else:
            last = int(drawing.draw(behind_each[-1]))


def _decode_fixed(
    steps: FixedSteps, token: Tensor, drawing: Drawing, stop_ids: frozenset[int], cancelled: Cancel | None
) -> Iterator[int]:
    """Yield what follows the answer's first token. Some tokens behind a stop id are computed for nothing."""
    shown = 0  # of the tokens after the first
    try:
        while (first := drawing.count) < len(drawing.answer):
            for _ in range(min(BLOCK, len(drawing.answer) - first)):
                _poll(cancelled)
                token = drawing.draw(steps(token))
            for one in drawing.answer[first : drawing.count].tolist():
                shown += 1
                if one in stop_ids:
                    return
                yield one
    finally:
        steps.finish(shown)


def _poll(cancelled: Cancel | None) -> None:
    if cancelled is not None and cancelled():
        raise Cancelled("stopped while answering")
