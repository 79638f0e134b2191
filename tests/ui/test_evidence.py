"""The page beside the chat: which one opens, turning and zooming, and what is shown if it cannot be drawn."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from wholedoc import AskedDocument, Citation, Document, ScoredChunk
from wholedoc.documents.document import Line
from wholedoc.storage.shelf import file_id
from wholedoc_ui import evidence
from wholedoc_ui.app_state import AppState
from wholedoc_ui.evidence import (
    PAGE_WIDTH,
    WIDEST,
    RemovedPage,
    open_chunk,
    open_citation,
    removed,
    shown_page,
    turn,
    zoom,
)
from wholedoc_ui.session import ZOOMS, Evidence, Exchange, PageView, Session

from .conftest import NOTICE, PASSWORD, SAMPLES, Put

TEXT_PAGE = "A page.\n\nIt has the words of its quote, and some more."
QUOTE = "the words of its quote"


@pytest.fixture
def notice(app_state: AppState) -> Document:
    return app_state.library.parse(NOTICE)


def citation(document: Document, page: int, quote: str) -> Citation:
    return Citation(document.id, document.name, page, document.pages[page - 1].label, quote, 0.5)


def chunk(document: Document, first: int, last: int) -> ScoredChunk:
    return ScoredChunk(document.id, (first, last), 100, 2.0, 0.5, True)


def line(document: Document, page: int) -> str:
    """Return a line in the middle of a page."""
    lines = [one for one in document.pages[page - 1].text.splitlines() if len(one) > 30]
    return lines[len(lines) // 2]


@pytest.fixture
def session_with_evidence(session: Session, notice: Document) -> Session:
    """A tab with an answer's evidence: two citations and two chunks of the notice."""
    citations = tuple(citation(notice, page, line(notice, page)) for page in (2, 4))
    chunks = (chunk(notice, 1, 2), chunk(notice, 3, 5))
    evidence.show(session, Exchange("A question?", evidence=Evidence(chunks, citations, True)))
    return session


# Opening


def test_showing_an_exchange_opens_its_best_citation(session_with_evidence: Session, notice: Document) -> None:
    assert session_with_evidence.view == PageView(notice.id, 2, line(notice, 2))
    assert evidence.chosen_citation(session_with_evidence) == 0


@pytest.mark.parametrize("known", [None, Evidence(), Evidence((), (), False)])
def test_showing_an_exchange_without_citations_opens_nothing(
    session_with_evidence: Session, known: Evidence | None
) -> None:
    exchange = Exchange("Another?", evidence=known)
    evidence.show(session_with_evidence, exchange)
    assert session_with_evidence.shown is exchange
    assert session_with_evidence.view is None
    assert evidence.chosen_citation(session_with_evidence) is None


def test_a_citation_opens_its_page_with_its_quote(session_with_evidence: Session, notice: Document) -> None:
    open_citation(session_with_evidence, 1)
    assert session_with_evidence.view == PageView(notice.id, 4, line(notice, 4))
    assert evidence.chosen_citation(session_with_evidence) == 1


def test_a_chunk_opens_its_first_page_without_a_quote(session_with_evidence: Session, notice: Document) -> None:
    open_chunk(session_with_evidence, 1)
    assert session_with_evidence.view == PageView(notice.id, 3)
    assert evidence.chosen_citation(session_with_evidence) is None


@pytest.mark.parametrize("index", [-1, 2, 1000])
def test_what_is_not_there_opens_nothing(session_with_evidence: Session, index: int) -> None:
    before = session_with_evidence.view
    open_citation(session_with_evidence, index)
    open_chunk(session_with_evidence, index)
    assert session_with_evidence.view is before


def test_a_tab_that_looks_at_nothing_stays_so(app_state: AppState, session: Session) -> None:
    open_citation(session, 0)
    open_chunk(session, 0)
    turn(app_state, session, 1)
    zoom(session, 1)
    assert session.view is None
    assert shown_page(app_state, session) is None


# Turning and zooming


def test_pages_turn_within_the_document(
    app_state: AppState, session_with_evidence: Session, notice: Document
) -> None:
    pages = []
    for by in (1, 1, 1, 1, -1, -1, -1, -1, -1, -1, 1):
        turn(app_state, session_with_evidence, by)
        assert session_with_evidence.view is not None
        pages.append(session_with_evidence.view.page)
    assert pages == [3, 4, 5, 5, 4, 3, 2, 1, 1, 1, 2]
    assert len(notice.pages) == 5


def test_a_quote_stays_on_its_page(app_state: AppState, session_with_evidence: Session) -> None:
    zoom(session_with_evidence, 1)
    turn(app_state, session_with_evidence, 1)
    assert session_with_evidence.view is not None
    assert (session_with_evidence.view.quote, session_with_evidence.view.zoom) == ("", ZOOMS[1])
    assert evidence.chosen_citation(session_with_evidence) is None


def test_a_turn_that_goes_nowhere_keeps_the_quote(
    app_state: AppState, session_with_evidence: Session, notice: Document
) -> None:
    session_with_evidence.view = PageView(notice.id, 5, "a quote")
    turn(app_state, session_with_evidence, 1)
    assert session_with_evidence.view == PageView(notice.id, 5, "a quote")


def test_zoom_stays_within_its_steps(session_with_evidence: Session) -> None:
    zooms = []
    for by in [1] * len(ZOOMS) + [-1] * (len(ZOOMS) + 1):
        zoom(session_with_evidence, by)
        assert session_with_evidence.view is not None
        zooms.append(session_with_evidence.view.zoom)
    assert zooms == [*ZOOMS[1:], ZOOMS[-1], *ZOOMS[-2::-1], ZOOMS[0], ZOOMS[0]]


def test_zoom_stays_when_another_page_is_opened(session_with_evidence: Session) -> None:
    zoom(session_with_evidence, 2)
    for step in (lambda: open_citation(session_with_evidence, 1), lambda: open_chunk(session_with_evidence, 0)):
        step()
        assert session_with_evidence.view is not None
        assert session_with_evidence.view.zoom == ZOOMS[2]


def test_turning_a_page_of_a_document_that_is_gone_changes_nothing(
    app_state: AppState, session_with_evidence: Session
) -> None:
    """Another tab has removed the document meanwhile."""
    assert session_with_evidence.view is not None
    app_state.library.remove(session_with_evidence.view.document_id)
    turn(app_state, session_with_evidence, 1)
    assert isinstance(shown_page(app_state, session_with_evidence), RemovedPage)


# What a page looks like


def test_a_page_of_a_pdf_is_an_image_with_the_quote_marked(
    app_state: AppState, session_with_evidence: Session, notice: Document
) -> None:
    shown = shown_page(app_state, session_with_evidence)
    assert shown is not None
    assert shown.image is not None
    assert shown.image.width == PAGE_WIDTH
    assert Image.open(io.BytesIO(shown.image.content)).size == (shown.image.width, shown.image.height)
    assert len(shown.image.boxes) == 1
    assert shown.note == ""
    assert (shown.document, shown.view) == (notice, session_with_evidence.view)
    assert shown.label == notice.pages[1].label == "1"


def test_a_page_that_was_recognised_is_drawn_and_says_so(
    app_state: AppState, session: Session, tmp_path: Path
) -> None:
    scan = tmp_path / "scan.png"
    Image.new("L", (400, 600), 255).save(scan)
    document = Document.from_pages(file_id(scan), scan.name, [("one two", "1")])
    page = replace(document.pages[0], confidence=0.97, lines=(Line(0, 7, 0.1, 0.2, 0.7, 0.05),))
    app_state.library.folder.keep(replace(document, pages=(page,)), scan)
    session.view = PageView(document.id, 1, "two", 100)
    shown = shown_page(app_state, session)
    assert shown is not None
    assert shown.note == "recognised, confidence 0.97"
    assert shown.image is not None
    assert (shown.image.width, shown.image.height) == (PAGE_WIDTH, PAGE_WIDTH * 3 // 2)
    (box,) = shown.image.boxes
    assert (box.left, box.top, box.width) == (pytest.approx(0.5), 0.2, pytest.approx(0.3))


def test_a_page_without_a_quote_has_no_marks(app_state: AppState, session_with_evidence: Session) -> None:
    open_chunk(session_with_evidence, 0)
    shown = shown_page(app_state, session_with_evidence)
    assert shown is not None
    assert shown.image is not None
    assert shown.image.boxes == ()


@pytest.mark.parametrize(("steps", "width"), [(1, PAGE_WIDTH * 3 // 2), (3, WIDEST)])
def test_a_larger_page_is_sharper_up_to_a_limit(
    app_state: AppState, session_with_evidence: Session, steps: int, width: int
) -> None:
    zoom(session_with_evidence, steps)
    shown = shown_page(app_state, session_with_evidence)
    assert shown is not None
    assert shown.image is not None
    assert shown.image.width == width


def test_a_text_file_is_shown_as_text(app_state: AppState, session: Session, put: Put) -> None:
    document = put("log.txt", TEXT_PAGE.split("\n\n"))
    session.view = PageView(document.id, 1, QUOTE)
    shown = shown_page(app_state, session)
    assert shown is not None
    assert (shown.image, shown.note) == (None, "")
    assert shown.text == document.pages[0].text
    assert QUOTE in shown.text


def check_text_instead(app_state: AppState, session: Session, document: Document, words: str) -> None:
    """Check that the page's text is shown, with a note that says why."""
    session.view = PageView(document.id, 1)
    shown = shown_page(app_state, session)
    assert shown is not None
    assert shown.image is None
    assert shown.text == document.pages[0].text
    assert words in shown.note
    assert str(app_state.library.folder.path) not in shown.note


def test_a_file_that_is_missing_leaves_its_text(app_state: AppState, session: Session, notice: Document) -> None:
    app_state.library.folder.originals.remove(notice.id)
    check_text_instead(app_state, session, notice, "not in the library")


def test_a_file_that_cannot_be_drawn_leaves_its_text(
    app_state: AppState, session: Session, notice: Document
) -> None:
    app_state.library.folder.originals.path(notice.id).write_bytes(b"%PDF-1.7\nand nothing else")
    check_text_instead(app_state, session, notice, "cannot be drawn")


def test_an_encrypted_file_leaves_its_text(app_state: AppState, session: Session) -> None:
    document = app_state.library.parse(SAMPLES / "encrypted.pdf", PASSWORD)
    check_text_instead(app_state, session, document, "encrypted")


def test_a_document_that_is_gone_is_not_shown(app_state: AppState, session_with_evidence: Session) -> None:
    assert session_with_evidence.view is not None
    app_state.library.remove(session_with_evidence.view.document_id)
    assert shown_page(app_state, session_with_evidence) == RemovedPage("The document")
    assert session_with_evidence.shown is not None
    asked = (AskedDocument(session_with_evidence.view.document_id, "notice.pdf"),)
    session_with_evidence.shown.documents = asked
    assert shown_page(app_state, session_with_evidence) == RemovedPage("notice.pdf")
    assert removed(app_state, session_with_evidence) == {asked[0].id}


def test_evidence_names_the_documents_that_were_asked(notice: Document) -> None:
    chunks = (chunk(notice, 1, 1), chunk(notice, 2, 2), replace(chunk(notice, 1, 1), document_id="another"))
    assert Evidence(chunks).document_ids == (notice.id, "another")
    assert Evidence().document_ids == ()
