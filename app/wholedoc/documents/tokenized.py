"""A document as the model sees it: token ids, and where each token stands in the text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .document import Document
from .encoding import encodings

# A paragraph ends at a blank line (there is one between pages, too), or at a line end after a full stop.
PARAGRAPH_END = re.compile(r"\n[ \t]*\n\s*|(?<=[.!?:;])[ \t]*\n\s*")


@dataclass(frozen=True)
class TokenizedDocument:
    """The `token_ids` of the whole text. `starts` and `ends` are each token's offsets in it, in characters."""

    document: Document
    token_ids: tuple[int, ...]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.token_ids)

    @cached_property
    def paragraph_starts(self) -> list[int]:
        """Ascending token offsets at which a paragraph starts."""
        characters = [match.end() for match in PARAGRAPH_END.finditer(self.document.text)]
        # A token may include the white space before its word, so the paragraph's first token may begin before it.
        tokens = np.searchsorted(self.ends, characters, side="right")
        return np.unique(tokens[tokens < len(self)]).tolist()

    @cached_property
    def pages(self) -> NDArray[np.int64]:
        """The 0-based page index of every token."""
        offsets = np.array([page.offset for page in self.document.pages])
        # A token belongs to the page of its last character: its leading white space may stand on the page before.
        return np.searchsorted(offsets, np.maximum(self.ends - 1, 0), side="right") - 1

    def token_range(self, start: int, stop: int) -> tuple[int, int]:
        """Return the half-open range of the tokens that overlap the characters [start, stop)."""
        first = int(np.searchsorted(self.ends, start, side="right"))
        last = int(np.searchsorted(self.starts, stop, side="left"))
        return first, max(first, last)


class TooManyTokensError(Exception):
    """A text has more tokens than its caller has use for: `counted` of them were found before it was given up."""

    def __init__(self, counted: int) -> None:
        super().__init__(f"more than {counted:,} tokens")
        self.counted = counted


def count_tokens(text: str, tokenizer: Any, most: int) -> int:
    """Return the number of the text's tokens, and keep nothing. Raises TooManyTokensError if there are more than
    `most`, after looking at no more of the text than shows it.
    """
    counted = 0
    for _, encoded in encodings(tokenizer, text):
        counted += len(encoded["input_ids"])
        if counted > most:
            raise TooManyTokensError(counted)
    return counted


def tokenize(document: Document, tokenizer: Any, most: int | None = None) -> TokenizedDocument:
    """Tokenize the whole text. Nothing is cut off, and what looks like a special token is read as plain text.

    Raises TooManyTokensError as soon as there are more than `most` tokens.
    """
    token_ids: list[int] = []
    offsets: list[NDArray[np.int64]] = []
    start = 0
    for piece, encoded in encodings(tokenizer, document.text):
        token_ids += encoded["input_ids"]
        if most is not None and len(token_ids) > most:
            raise TooManyTokensError(len(token_ids))
        offsets.append(np.array(encoded["offset_mapping"], dtype=np.int64).reshape(-1, 2) + start)
        start += len(piece)
    starts, ends = np.concatenate(offsets).T.copy()
    return TokenizedDocument(document, tuple(token_ids), starts, ends)
