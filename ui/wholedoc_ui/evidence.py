"""The evidence beside the chat: which answer's it is, and what is opened in the viewer."""

from __future__ import annotations

from dataclasses import dataclass

from wholedoc import Citation, Item

from .app_state import AppState
from .session import Evidence, Exchange, PageView, Session


@dataclass(frozen=True)
class RemovedPage:
    """A page that cannot be shown, as the document of this name is not in the library any more."""

    name: str


def show(session: Session, exchange: Exchange) -> None:
    """Put an exchange's evidence beside the chat, and open the page of its best citation."""
    session.shown = exchange
    session.view = None
    if exchange.evidence and exchange.evidence.citations:
        open_citation(session, 0)


def open_citation(session: Session, index: int) -> None:
    """Open the page of a citation, by its index in the exchange that is shown."""
    citations = _evidence(session).citations
    if 0 <= index < len(citations):
        one = citations[index]
        session.open(one.document_id, one.page, one.quote)


def open_source(session: Session, exchange: int, index: int) -> None:
    """Open the page of a citation of any exchange, by the indexes of both, and show that exchange's evidence."""
    if 0 <= exchange < len(session.exchanges):
        session.shown = session.exchanges[exchange]
        open_citation(session, index)


def open_chunk(session: Session, index: int) -> None:
    """Open the first page of a chunk, by its index in the exchange that is shown."""
    chunks = _evidence(session).chunks
    if 0 <= index < len(chunks):
        session.open(chunks[index].document_id, chunks[index].pages[0])


def open_item(session: Session, exchange: int, index: int) -> None:
    """Open the page of an item of any exchange, by the indexes of both, and show that exchange's evidence."""
    if not 0 <= exchange < len(session.exchanges):
        return
    evidence = session.exchanges[exchange].evidence or Evidence()
    if 0 <= index < len(evidence.items):
        item = evidence.items[index]
        session.shown = session.exchanges[exchange]
        session.open(item.document_id, item.page, item.quote)


def open_section(app_state: AppState, session: Session, exchange: int, section: int, page: int) -> None:
    """Open a page that carries a section of a summary, by the indexes of exchange and section."""
    if not 0 <= exchange < len(session.exchanges):
        return
    answer = session.exchanges[exchange].answer
    sections = answer.everywhere.sections if answer and answer.everywhere else ()
    if 0 <= section < len(sections):
        session.shown = session.exchanges[exchange]
        open_page(app_state, session, sections[section].document_id, page)


def open_page(app_state: AppState, session: Session, document_id: str, page: int) -> None:
    """Open a page of a document that was asked. What was found or cited there first is highlighted."""
    evidence = _evidence(session)
    if document_id not in evidence.document_ids or not app_state.library.knows(document_id):
        return
    if 1 <= page <= len(app_state.library.document(document_id).pages):
        places: list[Item | Citation] = [*evidence.items, *evidence.citations]
        here = (one.quote for one in places if (one.document_id, one.page) == (document_id, page))
        session.open(document_id, page, next(here, ""))


def open_introduced(app_state: AppState, session: Session, document_id: str, page: int) -> None:
    """Open a page of any document on the shelf, as what introduces it names it before anything is asked."""
    library = app_state.library
    if library.knows(document_id) and 1 <= page <= len(library.document(document_id).pages):
        session.open(document_id, page, "")


def chosen_citation(session: Session) -> int | None:
    """Return the index of the citation whose page and quote are open; None if that is none of them."""
    view = session.view
    for index, one in enumerate(_evidence(session).citations):
        if view and (one.document_id, one.page, one.quote) == (view.document_id, view.page, view.quote):
            return index
    return None


def open_document(app_state: AppState, session: Session, document_id: str) -> None:
    """Open a document of the library where it was left."""
    if app_state.library.knows(document_id):
        session.open(document_id)


def removed(app_state: AppState, session: Session) -> frozenset[str]:
    """Return the ids of documents that are cited beside the chat and not in the library any more."""
    cited = {one.document_id for one in _evidence(session).citations}
    return frozenset(id for id in cited if not app_state.library.knows(id))


def opened(app_state: AppState, session: Session) -> PageView | RemovedPage | None:
    """Return what the viewer shows: what was opened last, and before that the document that is asked next."""
    view = session.view
    if view is None:
        known = [id for id in session.selected if app_state.library.knows(id)]
        if not known:
            return None
        id = session.looked_at if session.looked_at in known else known[-1]
        return PageView(id, number=session.opened)
    if not app_state.library.knows(view.document_id):
        asked = session.shown.documents if session.shown else ()
        return RemovedPage(next((one.name for one in asked if one.id == view.document_id), "The document"))
    return view


def cited_pages(session: Session, document_id: str) -> list[int]:
    """Return the pages of a document on which the evidence beside the chat stands, in order."""
    evidence = _evidence(session)
    places: list[Item | Citation] = [*evidence.items, *evidence.citations]
    return sorted({one.page for one in places if one.document_id == document_id})


def _evidence(session: Session) -> Evidence:
    return (session.shown and session.shown.evidence) or Evidence()
