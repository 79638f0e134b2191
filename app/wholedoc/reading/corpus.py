"""The documents of one question as one row of chunks, and the way back from a token to its page."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from parallelcomp import ChunkKV, ScanKeys

from ..documents.tokenized import TokenizedDocument
from ..documents.words import WordCounts
from ..storage.chunks.filed_kv import FiledKV


@dataclass(frozen=True)
class ReadDocument:
    """A document whose chunks have all been read; `cached_tokens` of them came from the library.

    `scan` holds every chunk's keys for a scan, None where they were not laid out. `kept_words` are the words of
    every chunk as the library keeps them; without them they are counted.
    """

    tokenized: TokenizedDocument
    chunks: tuple[ChunkKV, ...]
    cached_tokens: int = 0
    scan: tuple[ScanKeys, ...] | None = None
    kept_words: tuple[WordCounts, ...] | None = None

    @property
    def is_lost(self) -> bool:
        """Whether a chunk was missing or damaged when a question needed it."""
        return any(isinstance(one.kv, FiledKV) and one.kv.is_lost for one in self.chunks)

    @cached_property
    def words(self) -> tuple[WordCounts, ...]:
        """The words of every chunk. They are counted once for a document, not for every question to it."""
        if self.kept_words is not None:
            return self.kept_words
        tokenized, text = self.tokenized, self.tokenized.document.text
        chunks = [one.chunk for one in self.chunks]
        return tuple(WordCounts.of(text[tokenized.starts[c.start] : tokenized.ends[c.stop - 1]]) for c in chunks)


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
    def words(self) -> list[WordCounts]:
        """The words of every chunk, in the order of the chunks."""
        return [words for document in self.documents for words in document.words]

    @property
    def scan(self) -> list[ScanKeys] | None:
        """Every chunk's keys for a scan, in the order of the chunks; None if they are not there for all of them."""
        laid_out = [document.scan for document in self.documents]
        if any(keys is None for keys in laid_out):
            return None
        return [one for keys in laid_out if keys is not None for one in keys]

    def locate(self, token: int) -> tuple[int, int]:
        """Return the index of the document that holds a token of the corpus, and the token's offset in that
        document."""
        document = bisect_right(self.token_offsets, token) - 1
        return document, token - self.token_offsets[document]
