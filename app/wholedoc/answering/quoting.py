"""An answer that is a quote: the first citation, word for word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from ..answer import Citation, Cited
from ..models.chat_template import encode
from ..settings import AnswerFrom
from .asking import Asking


def cited(asking: Asking, citations: Sequence[Citation], *, answered: bool = True) -> Cited:
    """Return the event of these citations. `answered`: the question will be answered, and not refused."""
    alone = asking.writer is None
    quotes = answered and alone and asking.answer_from is AnswerFrom.QUOTE and bool(citations)
    lead = not (alone and asking.answer_from is AnswerFrom.CONTEXT)
    return Cited(tuple(citations), lead, quotes)


def quoted(asking: Asking, quote: str) -> Iterator[int]:
    """Return an iterator over the token ids of a quote in one line, at most as many as an answer may have."""
    return islice(encode(asking.model.tokenizer, " ".join(quote.split())), asking.max_new_tokens)
