"""A model that has read the documents itself is asked about its stored chunks, all of them, and reads nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from parallelcomp import Cancelled
from wholedoc import AskingParts, Done, Kind, Library, Settings
from wholedoc.documents.document import Document
from wholedoc.everywhere.asking import BEFORE, PartsAsking
from wholedoc.everywhere.parts import Part
from wholedoc.everywhere.stored import StoredChunks
from wholedoc.everywhere.tasks import listing
from wholedoc.everywhere.tasks.checking import check
from wholedoc.everywhere.tasks.listing import list_items
from wholedoc.reading.through_store import Plan
from wholedoc.writers.parts import PartsReader, SentParts

from .documents import LOG
from .scripted import Ruled, extracting
from .test_listing import vessels

pytestmark = pytest.mark.embedded
QUESTION = "From which vessels did gas oil run?"


@dataclass(frozen=True)
class Answered(StoredChunks):
    """Chunks that a scripted writer answers from, so that what becomes of its answers is known."""

    writer: Ruled | None = None

    def read(self, group: Sequence[Part]) -> PartsReader:
        assert self.writer is not None
        return SentParts(self.writer, BEFORE, [part.text for part in group])


@pytest.fixture
def library(settings: Settings) -> Library:
    """A library whose reader also writes, in chunks of a few sentences."""
    small = replace(settings, answer_model=settings.model or "", engine=replace(settings.engine, chunk_tokens=48))
    return Library.open(settings=small)


def asking(library: Library, writer: Ruled, question: str, *documents: Document) -> PartsAsking:
    plans = [Plan.of(library.engine, library.tokenized(one)) for one in documents]
    chunked = tuple((one.document, one.chunks) for one in plans)
    stored = Answered(library.model, library.engine, chunked, writer=writer)
    return PartsAsking(documents, question, writer, stored=stored)


def test_every_part_of_the_document_is_in_a_chunk(library: Library) -> None:
    one = asking(library, Ruled(vessels), QUESTION, LOG)
    assert len(one.to_ask) > 2
    pieces = [piece for part in one.to_ask for piece in part.pieces]
    assert set(pieces) == set(one.parts)
    assert [part.index for part in one.to_ask] == list(range(len(one.to_ask)))
    assert all(
        part.piece_at(piece.spans[0].page, piece.spans[0].start) is piece
        for part in one.to_ask
        for piece in part.pieces
    )


def test_a_list_from_chunks_has_the_items_of_a_list_from_parts(library: Library) -> None:
    other = Document.from_pages(
        "other", "other.txt", [("90 litres of gas oil ran from the yacht Grey Heron.", "1")]
    )
    writer = Ruled(extracting(vessels))
    *_, done = list_items(asking(library, writer, QUESTION, LOG, other))
    assert isinstance(done, Done)
    everywhere = done.answer.everywhere
    assert everywhere is not None
    assert [(one.item, one.page, one.document, one.verified) for one in everywhere.items] == [
        ("Amber Dove", 1, "log.txt", True),
        ("Bold Wren", 2, "log.txt", True),
        ("Grey Heron", 1, "other.txt", True),
    ]
    assert all("gas oil" in one.quote for one in everywhere.items)
    assert everywhere.asked == everywhere.parts
    assert done.answer.text.startswith(f"3 found in all {everywhere.parts} parts.")
    assert not any("synonyms" in told for told in writer.told)  # all are asked: nobody need say which first


def test_a_check_of_all_chunks_says_that_all_were_asked(library: Library) -> None:
    *_, done = check(asking(library, Ruled(lambda _: "No"), "Does it say anywhere that a crane fell?", LOG))
    assert isinstance(done, Done)
    assert done.answer.text.startswith("No: all ")


def test_the_reader_itself_answers_from_its_stored_chunks(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Random weights say nonsense, as long as they may: every reply reaches its limit, and that is said."""
    monkeypatch.setattr(listing, "LONGEST", 5)
    path = tmp_path / "log.txt"
    path.write_text("\f".join(page.text for page in LOG.pages))
    document = library.parse(path)
    chunks = len(Plan.of(library.engine, library.tokenized(document)).chunks)
    expected = library.expected([document], QUESTION, Kind.LIST)
    assert (expected.parts, expected.asked) == (chunks, chunks)
    events = list(library.everywhere([document], QUESTION, kind=Kind.LIST))
    progress = [one for one in events if isinstance(one, AskingParts)]
    assert (progress[0].done, progress[-1].done, progress[-1].total) == (0, chunks, chunks)
    assert isinstance(events[-1], Done)
    everywhere = events[-1].answer.everywhere
    assert everywhere is not None
    assert (everywhere.asked, everywhere.parts) == (chunks, chunks)
    assert everywhere.cut_short > 0


def test_it_stops_within_a_token(library: Library, tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_text("\f".join(page.text for page in LOG.pages))
    document = library.parse(path)
    list(library.read(document))
    asked = 0

    def soon() -> bool:
        nonlocal asked
        asked += 1
        return asked > 9  # in the middle of the first replies

    with pytest.raises(Cancelled):
        list(library.everywhere([document], QUESTION, kind=Kind.LIST, cancelled=soon))
    assert asked == 10
