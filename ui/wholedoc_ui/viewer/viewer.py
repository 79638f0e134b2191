"""A document as the viewer shows it: page by page, as a picture where it can be drawn, otherwise as text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from wholedoc import Document, Library
from wholedoc.documents.document import Page, place
from wholedoc.documents.recognition.boxes import boxes_between, line_boxes, quote_boxes
from wholedoc.documents.rendering import Box, PageImage, PageRenderer, TextLine
from wholedoc.errors import DocumentError, PasswordError
from wholedoc.runtime.courtesy import Courtesy
from wholedoc.storage.files.originals import Originals

from . import finding
from .renderers import Renderers

# No page is drawn narrower or wider than so many pixels.
NARROWEST, WIDEST = 100, 2400
# Stands near the beginning of every PDF.
PDF_MARK = b"%PDF-"
# Height of a page by its width where the file does not say it, as of A4.
USUAL_SHAPE = 1.414
# Whoever has seen a page looks at the next one soon: readings stay aside for so many seconds.
LINGER_S = 0.5


@dataclass(frozen=True)
class Sheet:
    """A page before it is looked at. `shape` is its height by its width; `place` is how it is cited."""

    label: str
    place: str
    shape: float
    letters: int


@dataclass(frozen=True)
class Contents:
    """What the viewer knows of a document at once. `is_drawn` says that its pages are pictures; `note` why not."""

    name: str
    sheets: tuple[Sheet, ...]
    outline: tuple[tuple[str, int, int], ...]
    is_drawn: bool
    note: str


@dataclass(frozen=True)
class PageText:
    """A page's text in pieces, each with whether it is marked; `note` tells a person what to know of it."""

    pieces: tuple[tuple[str, bool], ...]
    note: str


@dataclass(frozen=True)
class Marks:
    """Boxes on a drawn page: those of the quote, and those of each place where the words stand."""

    quote: tuple[Box, ...]
    words: tuple[tuple[Box, ...], ...]


class Viewer:
    """Shows the documents of the library that `library` returns. Readings step aside while it draws.

    All methods raise `UnknownDocumentError` for a document that is not there, and `DocumentError` for a page that
    is not there or cannot be drawn. Pages count from 1.
    """

    def __init__(self, library: Callable[[], Library], courtesy: Courtesy) -> None:
        self._library = library
        self._courtesy = courtesy
        self._renderers = Renderers()
        self._pdfs: dict[str, bool] = {}

    def contents(self, id: str) -> Contents:
        """Return what the viewer needs before the first page."""
        document = self._library().document(id)
        outline = tuple((one.title, one.level, one.page) for one in document.outline)
        note = (
            ""
            if document.id in self._originals
            else "The file is not in the library; this is the text of its pages."
        )
        shapes: list[float] = []
        try:
            with self._renderer(document) as renderer:
                sizes = renderer.sizes(len(document.pages)) if renderer else ()
                shapes = [down / across if across and down else USUAL_SHAPE for across, down in sizes]
        except PasswordError:
            note = "The file is encrypted and cannot be drawn; this is the text of its pages."
        except DocumentError as error:
            note = f"The pages cannot be drawn, this is their text. {error}"
        missing = [USUAL_SHAPE] * (len(document.pages) - len(shapes))
        sheets = tuple(
            Sheet(page.label, place(page.label), shape, len(page.text))
            for page, shape in zip(document.pages, [*shapes, *missing], strict=False)
        )
        return Contents(document.name, sheets, outline, bool(shapes), note)

    def picture(self, id: str, page: int, width: int) -> PageImage:
        """Draw a page about `width` pixels wide."""
        document, _ = self._page(id, page)
        with self._renderer(document) as renderer:
            if renderer is None:
                raise DocumentError(f"{document.name} has no pages that can be drawn.")
            return renderer.picture(page, min(max(width, NARROWEST), WIDEST))

    def text(self, id: str, page: int, quote: str, words: str) -> PageText:
        """Return a page's text, with the first occurrence of a quote marked, or else every occurrence of words."""
        _, one = self._page(id, page)
        at = one.text.find(quote) if quote else -1
        marked = [(at, at + len(quote))] if at >= 0 else finding.spans(one.text, words)
        return PageText(tuple(finding.pieces(one.text, marked)), one.note)

    def lines(self, id: str, page: int) -> tuple[TextLine, ...]:
        """Return what a drawn page says, line by line, for being selected and copied."""
        document, one = self._page(id, page)
        if one.confidence is not None:
            return line_boxes(one)
        with self._renderer(document) as renderer:
            return renderer.lines(page) if renderer else ()

    def marks(self, id: str, page: int, quote: str, words: str) -> Marks:
        """Return where a quote and words stand on a drawn page."""
        document, one = self._page(id, page)
        if one.confidence is not None:  # its text is not in the file
            places = (boxes_between(one, start, stop) for start, stop in finding.spans(one.text, words))
            return Marks(quote_boxes(one, quote), tuple(boxes for boxes in places if boxes))
        with self._renderer(document) as renderer:
            if renderer is None:
                return Marks((), ())
            boxes = renderer.quote(page, quote) if quote else ()
            return Marks(boxes, renderer.words(page, words) if words else ())

    def find(self, id: str, words: str) -> finding.Found:
        """Find words in a document."""
        return finding.find(self._library().document(id), words)

    def close(self) -> None:
        """End the processes that draw pages."""
        self._renderers.close()

    def _page(self, id: str, page: int) -> tuple[Document, Page]:
        document = self._library().document(id)
        if not 1 <= page <= len(document.pages):
            raise DocumentError(f"{document.name} has {len(document.pages):,} pages, so there is no page {page:,}.")
        return document, document.pages[page - 1]

    @property
    def _originals(self) -> Originals:
        return self._library().folder.originals

    @contextmanager
    def _renderer(self, document: Document) -> Iterator[PageRenderer | None]:
        """Lend what draws a document's pages; None for a file of text."""
        recognised = any(page.confidence is not None for page in document.pages)
        if document.id not in self._originals or not (recognised or self._is_pdf(document.id)):
            yield None
            return
        opened = self._renderers.use(document.id, lambda: self._originals.opened(document.id), document.name)
        with self._courtesy.first(LINGER_S), opened as renderer:
            yield renderer

    def _is_pdf(self, id: str) -> bool:
        known = self._pdfs.get(id)
        if known is None:  # a file of this id never has another content, and to open a sealed one takes its time
            known = self._pdfs[id] = PDF_MARK in (self._originals.head(id, 1024) or b"")
        return known
