"""What an answer is generated from: the chunks that stay for a question, and the state that answers it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from torch import Tensor

from ..attention.attention import Cancel
from ..chai.clustered_heads import Savings
from ..config import Sampling
from ..decoding.decode import decode, decode_by_lookup
from ..decoding.lookup import Lookup
from ..decoding.next_token import AnswerState
from ..kv.context import Context
from ..scoring import ChunkScore, Question
from .composition import SingleState


@dataclass(frozen=True)
class Selection:
    """The chunks that stay for a question, in document order, and the state that answers it once.

    `asked` says that the question has gone through the context and only `question.last_ids` are left to run.
    `max_new_tokens`: the longest answer that the state has room for.
    """

    kept: tuple[ChunkScore, ...]
    state: AnswerState
    question: Question
    max_new_tokens: int
    asked: bool = False

    @property
    def context(self) -> Context:
        return self.state.context

    @property
    def left_ids(self) -> Sequence[int]:
        """The question's tokens that have not gone through the context yet."""
        return self.question.last_ids if self.asked else self.question.all_ids

    def tokens(
        self,
        sampling: Sampling,
        stop_ids: frozenset[int],
        lookup: Lookup | None,
        predicted: Callable[[Tensor], None] | None,
        cancelled: Cancel | None,
    ) -> Iterator[int]:
        """Yield the answer's tokens, by copying or by recorded steps where the state can; see `Engine.generate`."""
        state, left = self.state, self.left_ids
        if not isinstance(state, SingleState):
            return decode(state, left, sampling, stop_ids, predicted=predicted, cancelled=cancelled)
        if lookup is not None and state.takes_guesses:
            return decode_by_lookup(
                state, left, sampling, stop_ids, lookup, predicted=predicted, cancelled=cancelled
            )
        fixed = state.recorded(sampling.max_new_tokens)
        return decode(state, left, sampling, stop_ids, predicted=predicted, cancelled=cancelled, fixed=fixed)

    @property
    def savings(self) -> Savings | None:
        """What clustered heads save, known once the question has run; None without clustered heads."""
        clustering = self.state.clustering if isinstance(self.state, SingleState) else None
        return None if clustering is None else clustering.savings()
