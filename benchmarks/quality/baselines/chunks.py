"""A document in chunks, for the baselines that answer from some of them."""

from __future__ import annotations

from collections.abc import Sequence

from parallelcomp import Chunk, split
from wholedoc.documents.tokenized import TokenizedDocument

CHUNK_TOKENS = 512


def chunks_of(document: TokenizedDocument, chunk_tokens: int) -> list[Chunk]:
    """Return the document's chunks of at most `chunk_tokens` tokens, cut where ours are cut."""
    return split(document.token_ids, chunk_tokens, document.paragraph_starts)


def tokens_of(chunk: Chunk) -> range:
    """Return the range of the document's tokens that a chunk holds."""
    return range(chunk.start, chunk.stop)


def together(chunks: Sequence[Chunk]) -> list[int]:
    """Return the chunks' token ids in document order."""
    return [token for one in sorted(chunks, key=lambda each: each.start) for token in one.token_ids]


def pages_of(document: TokenizedDocument, chunks: Sequence[Chunk]) -> tuple[int, ...]:
    """Return the chunks' pages (0-based) in the chunks' order, each once."""
    pages = (page for one in chunks for page in document.pages[one.start : one.stop].tolist())
    return tuple(dict.fromkeys(pages))
