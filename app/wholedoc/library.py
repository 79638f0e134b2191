"""The library: documents that were read once, and questions to them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from functools import cached_property
from hashlib import file_digest
from pathlib import Path

from parallelcomp import Engine

from .answer import Answer, Done, Event, Reading
from .answering import Asking, answer
from .catalog import Catalog
from .corpus import Corpus, ReadDocument
from .document import Document
from .errors import UnknownDocumentError, UnreadableFileError
from .extraction import read_document
from .home import home
from .reader import read
from .settings import Settings
from .store import ChunkStore
from .text_model import TextModel, open_model
from .tokenization import TokenizedDocument, tokenize

Cancel = Callable[[], bool]
Notify = Callable[[str], None]


class Library:
    """Documents on disk and the model that reads them. The model is loaded when it is first needed."""

    def __init__(self, folder: Path, settings: Settings, notify: Notify = lambda _: None) -> None:
        self.folder = folder
        self.settings = settings
        self._notify = notify
        self._catalog = Catalog(folder / "documents")
        self._store = ChunkStore(folder / "kv")
        self._tokenized: dict[str, TokenizedDocument] = {}
        self._read: dict[str, ReadDocument] = {}

    @classmethod
    def open(
        cls, folder: Path | None = None, settings: Settings | None = None, notify: Notify = lambda _: None
    ) -> Library:
        """Open the library in `folder`, or the one of this machine (`$WHOLEDOC_HOME`). Nothing is loaded yet."""
        return cls(folder or home(), settings or Settings(), notify)

    @cached_property
    def model(self) -> TextModel:
        """The model; loaded here. Raises ModelError."""
        return open_model(self.settings.model, device=self.settings.device, notify=self._notify)

    @cached_property
    def engine(self) -> Engine:
        return Engine(self.model.loaded, self.model.prompt.prefix, self.settings.engine)

    def parse(self, path: Path, password: str | None = None) -> Document:
        """Extract a file's text and remember it. Raises DocumentError."""
        known = self._catalog.get(_file_id(path))
        if known is not None:
            return known
        document = read_document(path, password=password)
        self._catalog.put(document)
        return document

    def document(self, id: str) -> Document:
        """A known document by its id or by the start of it. Raises UnknownDocumentError."""
        matching = [known for known in self._catalog.ids() if known.startswith(id)]
        if len(matching) != 1 or not id:
            raise UnknownDocumentError(
                f"'{id}' is neither a file nor the id of one document in the library; "
                "`wholedoc list` shows what is there"
            )
        document = self._catalog.get(matching[0])
        assert document is not None
        return document

    def remove(self, id: str) -> Document:
        """Forget a document by its id or by the start of it. Raises UnknownDocumentError."""
        document = self.document(id)
        self._catalog.remove(document.id)
        return document

    def read(self, document: Document, cancelled: Cancel | None = None) -> Generator[Reading, None, ReadDocument]:
        """Read a document through the store: yields progress. Raises MemoryPlanError and Cancelled."""
        if document.id in self._read:
            return self._read[document.id]
        finished = yield from read(self.engine, self._store, self.tokenized(document), cancelled)
        self._read[document.id] = ReadDocument(finished.tokenized, finished.chunks, len(finished.tokenized))
        return finished

    def tokenized(self, document: Document) -> TokenizedDocument:
        """The document as the model sees it."""
        if document.id not in self._tokenized:
            self._tokenized[document.id] = tokenize(document, self.model.tokenizer)
        return self._tokenized[document.id]

    def stream(
        self, documents: Sequence[Document], question: str, cancelled: Cancel | None = None
    ) -> Iterator[Event]:
        """Ask documents together: Reading events where something is not read yet, then the answer's."""
        finished: list[ReadDocument] = []
        for document in documents:
            finished.append((yield from self.read(document, cancelled)))
        corpus = Corpus.of(finished)
        yield from answer(Asking(self.engine, self.model, corpus, question, self.settings, cancelled))

    def ask(self, documents: Sequence[Document], question: str, cancelled: Cancel | None = None) -> Answer:
        """Ask documents together and wait for the answer."""
        for event in self.stream(documents, question, cancelled):
            if isinstance(event, Done):
                return event.answer
        raise AssertionError("a stream ends with Done")


def _file_id(path: Path) -> str:
    """sha256 of the file's bytes; a file that cannot be opened is left to the extraction to explain."""
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UnreadableFileError(f"cannot read {path}: {error.strerror}") from error
