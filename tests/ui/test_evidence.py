"""What is opened beside the chat: citations, parts, documents, and the document that is asked next."""

from __future__ import annotations

from dataclasses import replace

import pytest

from wholedoc import AskedDocument, Citation, Document, ScoredChunk
from wholedoc_ui import evidence
from wholedoc_ui.app_state import AppState
from wholedoc_ui.evidence import RemovedPage, cited_pages, open_chunk, open_citation, open_document, opened, removed
from wholedoc_ui.session import Evidence, Exchange, PageView, Session

from .conftest import NOTICE, Put


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
    open_document(app_state, session, "unknown")
    assert session.view is None
    assert opened(app_state, session) is None


def test_every_opening_can_be_told_from_the_one_before(session_with_evidence: Session) -> None:
    """The same page is opened again if its citation is clicked again, although a person has scrolled away."""
    first = session_with_evidence.view
    open_citation(session_with_evidence, 0)
    assert session_with_evidence.view == first
    assert first is not None
    assert session_with_evidence.view is not None
    assert session_with_evidence.view.number > first.number


def test_the_document_that_is_asked_next_is_there_without_asking(
    app_state: AppState, session: Session, notice: Document, put: Put
) -> None:
    log = put("log.txt")
    session.selected = [notice.id, log.id]
    assert opened(app_state, session) == PageView(log.id)
    open_document(app_state, session, notice.id)
    assert opened(app_state, session) == PageView(notice.id)
    session.view = None  # as at a new question
    assert opened(app_state, session) == PageView(notice.id)  # the one that was looked at
    session.selected = [log.id]
    assert opened(app_state, session) == PageView(log.id)
    app_state.library.remove(log.id)
    assert opened(app_state, session) is None


def test_the_strip_knows_the_cited_pages(session_with_evidence: Session, notice: Document) -> None:
    assert cited_pages(session_with_evidence, notice.id) == [2, 4]
    assert cited_pages(session_with_evidence, "another") == []


def test_a_document_that_is_gone_is_not_shown(app_state: AppState, session_with_evidence: Session) -> None:
    assert session_with_evidence.view is not None
    app_state.library.remove(session_with_evidence.view.document_id)
    assert opened(app_state, session_with_evidence) == RemovedPage("The document")
    assert session_with_evidence.shown is not None
    asked = (AskedDocument(session_with_evidence.view.document_id, "notice.pdf"),)
    session_with_evidence.shown.documents = asked
    assert opened(app_state, session_with_evidence) == RemovedPage("notice.pdf")
    assert removed(app_state, session_with_evidence) == {asked[0].id}


def test_evidence_names_the_documents_that_were_asked(notice: Document) -> None:
    chunks = (chunk(notice, 1, 1), chunk(notice, 2, 2), replace(chunk(notice, 1, 1), document_id="another"))
    assert Evidence(chunks).document_ids == (notice.id, "another")
    assert Evidence().document_ids == ()
