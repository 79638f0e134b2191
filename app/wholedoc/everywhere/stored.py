"""The chunks of documents as parts, for a model that has read them itself and need read nothing now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from parallelcomp import Chunk, ChunkKV, Engine

from ..documents.tokenized import TokenizedDocument
from ..models.text_model import TextModel
from ..writers.parts import PartsReader, StoredParts
from .parts import Part, parts_of

# The task stands behind the chunk, whose KV is there already. One word says that there is nothing, so that in most
# vocabularies one token does.
TASK = (
    "\n\nAnswer the question using only the text above: the names or items alone, one per line. "
    "If the text does not answer it, answer exactly: None"
)
NOTHING = "None"
# Tokens that task, question and reply may take behind a chunk.
ROOM = 256
# A document as tokens, with its chunks in order.
Chunked = tuple[TokenizedDocument, Sequence[Chunk]]


@dataclass(frozen=True)
class StoredChunks:
    """The chunks of `documents`, which `engine` reads, each as a part with the chunk's number among all of them.

    `kv` is their KV, in order; it is empty as long as the documents are not read.
    """

    model: TextModel
    engine: Engine
    documents: tuple[Chunked, ...]
    kv: tuple[ChunkKV, ...] = ()

    @cached_property
    def parts(self) -> list[Part]:
        """The chunks that hold any text beside lists of contents, in order.

        A paragraph that is cut by a chunk's end belongs to both.
        """
        return list(_parts(self.documents))

    @property
    def at_once(self) -> int:
        """How many chunks answer together, by the memory that is free."""
        return self.engine.replies_at_once()

    def read(self, group: Sequence[Part]) -> PartsReader:
        """Return some of the parts for questions to them."""
        chunks = [self.kv[part.index] for part in group]
        return StoredParts(self.model, self.engine, chunks, task=TASK, nothing=NOTHING)


def has_room(engine: Engine) -> bool:
    """Return whether a question to a chunk of the longest length fits the model's window."""
    return len(engine.prefix) + engine.config.chunk_tokens + ROOM <= engine.spec.window


def _parts(documents: Sequence[Chunked]) -> Iterator[Part]:
    index = 0
    for tokenized, chunks in documents:
        placed = [(*_characters(part), part) for part in parts_of(tokenized.document) if not part.is_contents]
        for chunk in chunks:
            start, stop = tokenized.starts[chunk.start], tokenized.ends[chunk.stop - 1]
            inside = [part for first, last, part in placed if first < stop and start < last]
            if inside:
                yield Part.joined(inside, index)
            index += 1


def _characters(part: Part) -> tuple[int, int]:
    """Return where a part begins and ends in the whole text of its document, in characters."""
    first, last, pages = part.spans[0], part.spans[-1], part.document.pages
    return pages[first.page].offset + first.start, pages[last.page].offset + last.stop
