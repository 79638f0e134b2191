"""The documents of one question as one row of chunks, and the way back from a token to its page."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from parallelcomp import ChunkKV

from ..documents.tokenized import TokenizedDocument

WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class ChunkWords:
    """The words of one chunk's text, without regard to case.

    `counts` says how often each word occurs; its keys stand in the order in which the text first uses them.
    `characters` is the length of the text.
    """

    counts: Counter[str]
    characters: int

    @classmethod
    def of(cls, text: str) -> ChunkWords:
        return cls(Counter(WORD.findall(text.casefold())), len(text))


@dataclass(frozen=True)
class ReadDocument:
    """A document whose chunks have all been read; `cached_tokens` of them came from the library."""

    tokenized: TokenizedDocument
    chunks: tuple[ChunkKV, ...]
    cached_tokens: int = 0

    @cached_property
    def words(self) -> tuple[ChunkWords, ...]:
        """The words of every chunk. They are counted once for a document, not for every question to it."""
        tokenized, text = self.tokenized, self.tokenized.document.text
        chunks = [one.chunk for one in self.chunks]
        return tuple(ChunkWords.of(text[tokenized.starts[c.start] : tokenized.ends[c.stop - 1]]) for c in chunks)


@dataclass(frozen=True)
class Corpus:
    """The documents that are asked together. Chunks and tokens are numbered on from one document to the next."""

    documents: tuple[ReadDocument, ...]
    chunks: tuple[ChunkKV, ...]
    token_offsets: tuple[int, ...]

    @classmethod
    def of(cls, documents: Sequence[ReadDocument]) -> Corpus:
        chunks: list[ChunkKV] = []
        token_offsets: list[int] = []
        tokens = 0
        for document in documents:
            token_offsets.append(tokens)
            for one in document.chunks:
                moved = replace(one.chunk, index=len(chunks), start=tokens + one.chunk.start)
                chunks.append(replace(one, chunk=moved))
            tokens += len(document.tokenized)
        return cls(tuple(documents), tuple(chunks), tuple(token_offsets))

    @property
    def tokens(self) -> int:
        return sum(len(document.tokenized) for document in self.documents)

    @property
    def cached_tokens(self) -> int:
        return sum(document.cached_tokens for document in self.documents)

    def token_ids(self, first: int, last: int) -> tuple[int, ...]:
        """Return the token ids [first, last), which all belong to one document."""
        document, offset = self.locate(first)
        return self.documents[document].tokenized.token_ids[offset : offset + last - first]

    @property
    def words(self) -> list[ChunkWords]:
        """The words of every chunk, in the order of the chunks."""
        return [words for document in self.documents for words in document.words]

    def locate(self, token: int) -> tuple[int, int]:
        """Return the index of the document that holds a token of the corpus, and the token's offset in that
        document."""
        document = bisect_right(self.token_offsets, token) - 1
        return document, token - self.token_offsets[document]
