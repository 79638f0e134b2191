"""An answer that is a quote: the best passage, word for word."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from ..models.chat_template import encode
from .asking import Asking
from .evidence.passages import Passage


def quoted(asking: Asking, passage: Passage) -> Iterator[int]:
    """Return an iterator over the token ids of a passage in one line, at most as many as an answer may have."""
    line = " ".join(passage.text(asking.corpus).split())
    return islice(encode(asking.model.tokenizer, line), asking.max_new_tokens)
