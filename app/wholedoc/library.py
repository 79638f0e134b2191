"""The library: documents that were read once, and questions to them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from hashlib import file_digest
from pathlib import Path
from shutil import disk_usage

from filelock import FileLock

from parallelcomp import Engine

from .answer import Answer, Done, Event, Reading
from .answering import Asking, answer
from .catalog import Catalog
from .conversation import Turn
from .corpus import Corpus, ReadDocument
from .document import Document
from .errors import LibraryError, UnknownDocumentError, UnreadableFileError
from .extraction import read_document
from .home import home
from .reader import Plan, bytes_missing, read, storage_error
from .readings import Readings, StoredReading
from .settings import Settings
from .store import ChunkStore, write_atomically
from .text_model import TextModel, open_model
from .tokenization import TokenizedDocument, tokenize
from .turns import Turns

Cancel = Callable[[], bool]
Notify = Callable[[str], None]

# Of the folder's layout. A library of a newer format is left alone.
FORMAT = 1


@dataclass(frozen=True)
class DocumentInfo:
    """A document on the shelf. `bytes` are its chunks' on disk; `warm` the share of chunks that are there, 0 to 1,
    for the reading that was used last; `models` those that have read it."""

    id: str
    name: str
    pages: int
    tokens: int
    bytes: int
    warm: float
    models: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Verified:
    """What `verify` found: chunks on disk, and those that were damaged and removed, by document name."""

    chunks: int
    damaged: tuple[str, ...]
    documents: tuple[str, ...]


class Library:
    """Documents on disk and the model that reads them, for many callers at once.

    The model is loaded when it is first needed. Callers on several threads share it fairly, a step at a time;
    several processes may use one folder.
    """

    def __init__(self, folder: Path, settings: Settings, notify: Notify = lambda _: None) -> None:
        self.folder = folder
        self.settings = settings
        self.turns = Turns()
        self._notify = notify
        self._catalog = Catalog(folder / "documents")
        self._store = ChunkStore(folder / "kv")
        self._readings = Readings(folder / "readings", self._store)
        self._loading = threading.Lock()
        self._tokenized: dict[str, TokenizedDocument] = {}
        self._read: dict[str, ReadDocument] = {}

    @classmethod
    def open(
        cls, folder: Path | None = None, settings: Settings | None = None, notify: Notify = lambda _: None
    ) -> Library:
        """Open the library in `folder`, or the one of this machine (`$WHOLEDOC_HOME`). No model is loaded yet.

        Raises LibraryError if the folder cannot be used.
        """
        library = cls(folder or home(), settings or Settings(), notify)
        library._check_format()
        return library

    # The model

    @property
    def model(self) -> TextModel:
        """The model; loaded on first use. Raises ModelError."""
        with self._loading:
            return self._loaded_model

    @property
    def engine(self) -> Engine:
        """The engine around the model; made on first use. Raises ModelError and WindowError."""
        with self._loading:
            return self._made_engine

    @cached_property
    def _loaded_model(self) -> TextModel:
        return open_model(
            self.settings.model, device=self.settings.device, dtype=self.settings.dtype, notify=self._notify
        )

    @cached_property
    def _made_engine(self) -> Engine:
        model = self._loaded_model
        return Engine(model.loaded, model.prompt.prefix, self.settings.engine)

    # Documents

    def parse(self, path: Path, password: str | None = None) -> Document:
        """Extract a file's text and remember it. Raises DocumentError and LibraryError."""
        known = self._catalog.get(_file_id(path))
        if known is not None:
            return known
        document = read_document(path, password=password)
        with self._writing():
            self._catalog.put(document)
        return document

    def document(self, id: str) -> Document:
        """A known document by its id or by the start of it. Raises UnknownDocumentError."""
        matching = [known for known in self._catalog.ids() if known.startswith(id)]
        document = self._catalog.get(matching[0]) if len(matching) == 1 and id else None
        if document is None:
            raise UnknownDocumentError(
                f"'{id}' is neither a file nor the id of one document in the library; "
                "`wholedoc list` shows what is there"
            )
        return document

    def documents(self) -> list[DocumentInfo]:
        """The shelf, the first added first."""
        known = [document for id in self._catalog.ids() if (document := self._catalog.get(id)) is not None]
        return [self._info(document) for document in known]

    def add(
        self,
        path: Path | str,
        *,
        password: str | None = None,
        progress: Callable[[Reading], None] = lambda _: None,
        cancelled: Cancel | None = None,
    ) -> DocumentInfo:
        """Read a file into the library. Raises DocumentError, LibraryError, ModelError and Cancelled."""
        document = self.parse(Path(path), password)
        for event in self.read(document, cancelled):
            progress(event)
        return self._info(document)

    def remove(self, id: str) -> Document:
        """Forget a document by its id or by the start of it, and the chunks that no other document shares.

        Raises UnknownDocumentError and LibraryError.
        """
        document = self.document(id)
        with self._writing(), self._lock:
            self._catalog.remove(document.id)
            self._readings.remove(self._readings.of(document.id))
        self._read.pop(document.id, None)
        self._tokenized.pop(document.id, None)
        return document

    # Reading and asking

    def tokenized(self, document: Document) -> TokenizedDocument:
        """The document as the model sees it."""
        if document.id not in self._tokenized:
            self._tokenized[document.id] = tokenize(document, self.model.tokenizer)
        return self._tokenized[document.id]

    def read(self, document: Document, cancelled: Cancel | None = None) -> Generator[Reading, None, ReadDocument]:
        """Read a document through the store: yields progress.

        Raises MemoryPlanError, LibraryError and Cancelled.
        """
        if document.id in self._read:
            return self._read[document.id]
        plan = Plan.of(self.engine, self.tokenized(document))
        self.engine.plan(len(plan.document)).check()  # before anything makes room for it
        self._prepare(document, plan)
        work = read(self.engine, self._store, plan, cancelled)
        finished = yield from self.turns.steps(work, cancelled)
        self._read[document.id] = ReadDocument(finished.tokenized, finished.chunks, len(finished.tokenized))
        return finished

    def stream(
        self,
        documents: Sequence[Document | str],
        question: str,
        *,
        history: Sequence[Turn] = (),
        settings: Settings | None = None,
        cancelled: Cancel | None = None,
    ) -> Iterator[Event]:
        """Ask documents, or their ids, together: Reading events where something is new, then the answer's.

        `history` are the turns before, which the question may refer to. `settings` stand in for the library's own;
        its model and engine settings are not looked at. Closing the iterator stops the work.
        """
        finished: list[ReadDocument] = []
        for one in documents:
            document = self.document(one) if isinstance(one, str) else one
            finished.append((yield from self.read(document, cancelled)))
        corpus = Corpus.of(finished)
        chosen = settings or self.settings
        asking = Asking(self.engine, self.model, corpus, question, chosen, tuple(history), cancelled)
        yield from self.turns.steps(answer(asking), cancelled)

    def ask(
        self,
        documents: Sequence[Document | str],
        question: str,
        *,
        history: Sequence[Turn] = (),
        cancelled: Cancel | None = None,
    ) -> Answer:
        """Ask documents, or their ids, together and wait for the answer."""
        for event in self.stream(documents, question, history=history, cancelled=cancelled):
            if isinstance(event, Done):
                return event.answer
        raise AssertionError("a stream ends with Done")

    # Upkeep

    def verify(self) -> Verified:
        """Check every chunk against its checksum; damaged ones are removed, to be read again when needed."""
        keys = sorted(self._store)
        self._store.damaged.clear()
        for key in keys:
            self._store.get(key)
        damaged = tuple(self._store.damaged)
        hurt = {one.document_id for one in self._readings.all() if set(one.keys) & set(damaged)}
        names = tuple(document.name for id in sorted(hurt) if (document := self._catalog.get(id)) is not None)
        return Verified(len(keys), damaged, names)

    def prune(self) -> int:
        """Remove chunks that no document needs and what killed writers left; returns the bytes set free."""
        with self._writing(), self._lock:
            known = set(self._catalog.ids())
            self._readings.remove([one for one in self._readings.all() if one.document_id not in known])
            before = self._store.total()
            for key in set(self._store) - self._readings.named():
                self._store.remove(key)
            freed = before - self._store.total()
            for path in self._store.leftovers():
                freed += path.stat().st_size
                path.unlink(missing_ok=True)
        return freed

    def _info(self, document: Document) -> DocumentInfo:
        readings = self._readings.of(document.id)
        latest = readings[0] if readings else None
        return DocumentInfo(
            document.id,
            document.name,
            len(document.pages),
            latest.tokens if latest else 0,
            sum(self._readings.size(one) for one in readings),
            self._readings.warm(latest) if latest else 0.0,
            tuple(dict.fromkeys(one.model for one in readings)),
            document.warnings,
        )

    def _prepare(self, document: Document, plan: Plan) -> None:
        """Check that the document's chunks have room on disk, make it, and write the reading's record."""
        record = plan.record(self.engine, self.model.name)
        missing = bytes_missing(self.engine, self._store, plan)
        self._tell_of_other_models(document, record, missing)
        with self._writing(), self._lock:
            limit = self.settings.library_bytes
            if missing > limit:
                raise LibraryError(
                    f"{document.name} takes {missing / 1e9:.1f} GB in the library, whose limit is "
                    f"{limit / 1e9:.1f} GB: raise the limit, or choose a lower --precision"
                )
            for removed in self._readings.make_room(limit, record, missing):
                self._notify(f"removed what {removed.model} had read of {self._name(removed)}: the library is full")
            self.folder.mkdir(parents=True, exist_ok=True)
            free = disk_usage(self.folder).free
            if missing > free:
                raise LibraryError(
                    f"{document.name} takes {missing / 1e9:.2f} GB on the disk of the library {self.folder}, and "
                    f"{free / 1e9:.2f} GB are free: free some space, choose a lower --precision, or set "
                    "WHOLEDOC_HOME to another disk"
                )
            self._readings.put(record)

    def _tell_of_other_models(self, document: Document, record: StoredReading, missing: int) -> None:
        """Say why a document that was read before is read again."""
        others = {one.model for one in self._readings.of(document.id) if one.fingerprint != record.fingerprint}
        if missing and others:
            self._notify(
                f"{document.name} was read by {', '.join(sorted(others))}; {record.model} has to read it itself"
            )

    def _name(self, reading: StoredReading) -> str:
        document = self._catalog.get(reading.document_id)
        return document.name if document else reading.document_id[:12]

    # The folder

    @property
    def _lock(self) -> FileLock:
        """Held while records change, against other threads and processes."""
        return FileLock(self.folder / "library.lock")

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            yield
        except OSError as error:
            raise storage_error(self.folder, error) from error

    def _check_format(self) -> None:
        path = self.folder / "library.json"
        try:
            found = int(json.loads(path.read_text(encoding="utf-8"))["format"])
        except FileNotFoundError:
            with self._writing():
                write_atomically(path, json.dumps({"format": FORMAT}).encode())
            return
        except (ValueError, KeyError, TypeError) as error:
            raise LibraryError(
                f"{path} is damaged: delete it if {self.folder} is a library of wholedoc, or set WHOLEDOC_HOME"
            ) from error
        except OSError as error:
            raise storage_error(self.folder, error) from error
        if found > FORMAT:
            raise LibraryError(
                f"the library {self.folder} was made by a newer version of wholedoc (format {found}, this knows "
                f"{FORMAT}): upgrade wholedoc, or set WHOLEDOC_HOME to another folder"
            )


def _file_id(path: Path) -> str:
    """sha256 of the file's bytes; a file that cannot be opened is left to the extraction to explain."""
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UnreadableFileError(f"cannot read {path}: {error.strerror}") from error
