"""What an answer is generated from: the chunks that stay for a question, and the state that answers it."""

from __future__ import annotations

from dataclasses import dataclass

from ..chai.clustered_heads import Savings
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
    def savings(self) -> Savings | None:
        """What clustered heads save, known once the question has run; None without clustered heads."""
        clustering = self.state.clustering if isinstance(self.state, SingleState) else None
        return None if clustering is None else clustering.savings()
