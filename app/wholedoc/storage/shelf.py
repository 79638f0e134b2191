"""The shelf: the documents in the library's folder, and what can be done with them without a model."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import file_digest
from pathlib import Path

from ..documents.document import Document
from ..documents.extraction import WebSource, read_document
from ..documents.recognition import Recognition, awaits_recognition, is_installed
from ..documents.texts import pages_document, text_document
from ..errors import UnknownDocumentError, UnreadableFileError
from ..runtime.places import Places
from .folder import DocumentInfo, LibraryFolder

# Files of clients whose text is extracted at a time, each in a process of its own.
CONCURRENT_EXTRACTIONS = 4


class Shelf:
    """Documents by their ids: the files that were added, and beside them the texts that programs sent.

    `extractions` are the places that an adapter takes for a client before it parses that client's file; `parse`
    itself waits for nobody.
    """

    def __init__(self, folder: LibraryFolder) -> None:
        self.folder = folder
        self.extractions = Places(CONCURRENT_EXTRACTIONS)

    def parse(
        self,
        path: Path | str,
        password: str | None = None,
        recognition: Recognition | None = None,
        source: WebSource | None = None,
    ) -> Document:
        """Extract a file's text and remember it. Raises DocumentError, LibraryError and Cancelled.

        Where the extra `ocr` is installed, scanned pages are recognised, which takes seconds for each:
        `recognition` says who is told how far it is, and who may stop it. A file that was parsed without is parsed
        anew. `source` says that it is a page from the web (`webpages.add_page`).
        """
        path = Path(path)
        if recognition is None and is_installed():
            recognition = Recognition()
        # What is no regular file may never end: extraction says so, without reading it.
        known = self.folder.catalog.get(file_id(path)) if path.is_file() else None
        if known is not None and recognition is not None and awaits_recognition(known.warnings):
            document = read_document(path, password=password, recognition=recognition, source=source)
            self.remove(known.id)  # with what was read of it: its text is another one now
        else:
            document = known or read_document(path, password=password, recognition=recognition, source=source)
        self.folder.keep(document, path)
        return document

    def known(self, id: str) -> Document | None:
        """Return the document or text with exactly this id, or None if it is not there for whoever looks."""
        return self.folder.known(id)

    def ids(self) -> list[str]:
        """Return the ids of the documents that came as files, in the order in which they were added."""
        return self.folder.catalog.ids()

    def created(self, id: str) -> float:
        """Return when a document was added, in seconds since 1970. Raises FileNotFoundError."""
        file = id in self.folder.catalog
        return (self.folder.catalog if file else self.folder.texts).path(id).stat().st_mtime

    @property
    def among(self) -> tuple[str, ...] | None:
        """The ids of the only documents that whoever looks may ask; None stands for all."""
        return None

    @property
    def user(self) -> str | None:
        """The name of whoever looks, where the shelves of several users are apart."""
        return None

    def knows(self, id: str) -> bool:
        """Return whether a document with exactly this id was parsed before."""
        return self.folder.catalog.get(id) is not None

    def document(self, id: str) -> Document:
        """Return a known document by its id or by the start of its id. Raises UnknownDocumentError."""
        matching = [known for known in self.folder.ids() if known.startswith(id)]
        document = self.folder.known(matching[0]) if len(matching) == 1 and id else None
        if document is None and len(matching) == 1 and id:
            raise UnknownDocumentError(
                f"what the library kept of {matching[0]} is lost or damaged: add its file again"
            )
        if document is None:
            raise UnknownDocumentError(
                f"'{id}' is neither a file nor the id of one document in the library; "
                "`wholedoc list` shows what is there"
            )
        return document

    def documents(self) -> list[DocumentInfo]:
        """Return the documents that came as files, in the order in which they were added."""
        return self.folder.infos(self.folder.catalog)

    def texts(self) -> list[DocumentInfo]:
        """Return the texts that programs sent, the least recently used first."""
        return self.folder.infos(self.folder.texts)

    def remember(self, text: str, name: str | None = None) -> Document:
        """Keep a text as a document, which can be read and asked like any other. By default its first line names
        it.

        The same text is the same document, and what two texts share is not read twice. The last `TEXTS` texts are
        kept, beside the shelf. Raises NoTextError, TextError and LibraryError.
        """
        return self._remember(text_document(text, name))

    def remember_pages(self, pages: Sequence[tuple[str, str]], name: str) -> Document:
        """Keep a text that comes as `(text, label)` pages. Raises NoTextError, TextError and LibraryError."""
        return self._remember(pages_document(pages, name))

    def _remember(self, text: Document) -> Document:
        for gone in self.folder.keep_text(text):
            self._forget(gone)
        return text

    def remove(self, id: str) -> Document:
        """Forget a document, by its id or by the start of it, and the chunks that no other document shares.

        Raises UnknownDocumentError and LibraryError.
        """
        document = self.document(id)
        self.folder.remove(document.id)
        self._forget(document.id)
        return document

    def _forget(self, id: str) -> None:
        """Drop what is held in memory of a document that has left the folder."""


def file_id(path: Path) -> str:
    """Return the sha256 of the file's bytes. Extraction explains why a file cannot be opened."""
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UnreadableFileError(f"cannot read {path}: {error.strerror}") from error
