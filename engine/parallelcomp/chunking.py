"""Token-exact chunks whose boundaries follow the content (section 3.1, step 1).

A boundary is chosen among the places the caller prefers (paragraph ends), by a hash of the tokens that follow.
So an insertion at the front of a document moves boundaries only until the same place is chosen again. All later
chunks stay the same and are found in the store by their content. Text without preferred places is cut into full
chunks, which an insertion moves.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

# Tokens after a preferred place that its hash is made of.
HASHED_TOKENS = 16


@dataclass(frozen=True)
class Chunk:
    """One chunk of a document. `start` is the offset of its first token in the document, in tokens."""

    index: int
    start: int
    token_ids: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.token_ids)

    @property
    def stop(self) -> int:
        """Offset in the document of the first token after this chunk."""
        return self.start + len(self.token_ids)


def split(
    token_ids: Sequence[int], chunk_tokens: int, preferred: Sequence[int] = (), least_fill: float = 0.6
) -> list[Chunk]:
    """Split a document into chunks of at most `chunk_tokens` tokens that cover it exactly.

    `preferred`: sorted token offsets at which chunks should start if possible. Every chunk but the last holds at
    least `least_fill * chunk_tokens` tokens; where no preferred offset lies in that range the chunk is full. Raises
    ValueError if chunk_tokens < 1 or least_fill is not within (0, 1].
    """
    if chunk_tokens < 1 or not 0 < least_fill <= 1:
        raise ValueError(f"need chunk_tokens >= 1 and 0 < least_fill <= 1, got {chunk_tokens}, {least_fill}")
    ids = tuple(token_ids)
    least = math.ceil(chunk_tokens * least_fill)
    chunks: list[Chunk] = []
    start = 0
    while start < len(ids):
        stop = len(ids)
        if stop - start > chunk_tokens:
            stop = _boundary(ids, preferred, start + least, start + chunk_tokens)
        chunks.append(Chunk(len(chunks), start, ids[start:stop]))
        start = stop
    return chunks


def _boundary(ids: tuple[int, ...], preferred: Sequence[int], earliest: int, latest: int) -> int:
    """Return the preferred offset in [earliest, latest] with the smallest hash of what follows, else `latest`."""
    candidates = preferred[bisect_left(preferred, earliest) : bisect_right(preferred, latest)]
    return min(candidates, key=lambda offset: _hash(ids, offset), default=latest)


def _hash(ids: tuple[int, ...], offset: int) -> bytes:
    following = ids[offset : offset + HASHED_TOKENS]
    return blake2b(b"".join(i.to_bytes(4, "little") for i in following), digest_size=8).digest()
