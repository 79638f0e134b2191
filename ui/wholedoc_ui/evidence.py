"""The page beside the chat: which page is open, and what it looks like."""

from __future__ import annotations

from dataclasses import dataclass, replace

from wholedoc import Citation, Document, Item
from wholedoc.documents.recognition.boxes import quote_boxes
from wholedoc.documents.rendering import PageImage, render_page
from wholedoc.errors import PasswordError, UnknownDocumentError, WholedocError

from .app_state import AppState
from .session import Evidence, Exchange, PageView, Session

# Width of a page's image in pixels at a zoom of 100: about twice the panel's, to be sharp on dense screens.
PAGE_WIDTH = 1100
# No page is drawn wider than this many pixels.
WIDEST = 2200
# Stands near the beginning of every PDF.
PDF_MARK = b"%PDF-"


@dataclass(frozen=True)
class ShownPage:
    """A page as it is shown: its image if the file is a PDF that can be drawn, otherwise its text.

    `note` tells a person why a PDF has no image, or that its text was recognised.
    """

    document: Document
    view: PageView
    image: PageImage | None
    note: str = ""

    @property
    def text(self) -> str:
        return self.document.pages[self.view.page - 1].text

    @property
    def label(self) -> str:
        return self.document.pages[self.view.page - 1].label


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
        session.view = PageView(one.document_id, one.page, one.quote, _zoom(session))


def open_source(session: Session, exchange: int, index: int) -> None:
    """Open the page of a citation of any exchange, by the indexes of both, and show that exchange's evidence."""
    if 0 <= exchange < len(session.exchanges):
        session.shown = session.exchanges[exchange]
        open_citation(session, index)


def open_chunk(session: Session, index: int) -> None:
    """Open the first page of a chunk, by its index in the exchange that is shown."""
    chunks = _evidence(session).chunks
    if 0 <= index < len(chunks):
        session.view = PageView(chunks[index].document_id, chunks[index].pages[0], "", _zoom(session))


def open_item(session: Session, exchange: int, index: int) -> None:
    """Open the page of an item of any exchange, by the indexes of both, and show that exchange's evidence."""
    if not 0 <= exchange < len(session.exchanges):
        return
    evidence = session.exchanges[exchange].evidence or Evidence()
    if 0 <= index < len(evidence.items):
        item = evidence.items[index]
        session.shown = session.exchanges[exchange]
        session.view = PageView(item.document_id, item.page, item.quote, _zoom(session))


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
        session.view = PageView(document_id, page, next(here, ""), _zoom(session))


def chosen_citation(session: Session) -> int | None:
    """Return the index of the citation whose page and quote are open; None if that is none of them."""
    view = session.view
    for index, one in enumerate(_evidence(session).citations):
        if view and (one.document_id, one.page, one.quote) == (view.document_id, view.page, view.quote):
            return index
    return None


def turn(app_state: AppState, session: Session, by: int) -> None:
    """Open the page that is `by` pages further on; `by` may be negative."""
    if session.view is not None and app_state.library.knows(session.view.document_id):
        document = app_state.library.document(session.view.document_id)
        session.view = session.view.turned(len(document.pages), by)


def zoom(session: Session, by: int) -> None:
    """Make the page `by` steps of zoom larger; smaller if `by` is negative."""
    if session.view is not None:
        session.view = session.view.zoomed(by)


def removed(app_state: AppState, session: Session) -> frozenset[str]:
    """Return the ids of documents that are cited beside the chat and not in the library any more."""
    cited = {one.document_id for one in _evidence(session).citations}
    return frozenset(id for id in cited if not app_state.library.knows(id))


def shown_page(app_state: AppState, session: Session) -> ShownPage | RemovedPage | None:
    """Draw the open page. Return None if no page is open."""
    if session.view is None:
        return None
    view = session.view
    try:
        document = app_state.library.document(view.document_id)
    except UnknownDocumentError:
        asked = session.shown.documents if session.shown else ()
        return RemovedPage(next((one.name for one in asked if one.id == view.document_id), "The document"))
    file = app_state.library.folder.originals.get(document.id)
    if file is None:
        return ShownPage(document, view, None, "The file is not in the library; this is the page's text.")
    page = document.pages[view.page - 1]
    with file.open("rb") as content:
        if PDF_MARK not in content.read(1024) and page.confidence is None:
            return ShownPage(document, view, None)
    try:
        width = min(PAGE_WIDTH * view.zoom // 100, WIDEST)
        image = render_page(file, view.page, quote=view.quote, width=width)
        if page.confidence is not None:  # its text is not in the file
            image = replace(image, boxes=quote_boxes(page, view.quote))
        return ShownPage(document, view, image, page.note)
    except PasswordError:
        return ShownPage(
            document, view, None, "The file is encrypted and cannot be drawn; this is the page's text."
        )
    except WholedocError as error:
        return ShownPage(document, view, None, f"The page cannot be drawn, this is its text. {error}")


def _evidence(session: Session) -> Evidence:
    return (session.shown and session.shown.evidence) or Evidence()


def _zoom(session: Session) -> int:
    return session.view.zoom if session.view else 100
