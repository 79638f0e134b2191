"""Reading a document to its end."""

from __future__ import annotations

from wholedoc.answer import Planned
from wholedoc.documents.document import Document
from wholedoc.library import Library
from wholedoc.reading.corpus import ReadDocument


def read(library: Library, document: Document) -> tuple[int, ReadDocument]:
    """How many of its tokens were not in the library before, and the document as it was read."""
    reading = library.read(document)
    new = 0
    while True:
        try:
            event = next(reading)
        except StopIteration as stop:
            finished: ReadDocument = stop.value
            return new, finished
        if isinstance(event, Planned):
            new = event.tokens - event.cached_tokens
