"""The library's folder: everything that is on disk, and its upkeep, for which no model is needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import disk_usage

from filelock import FileLock

from ..documents.document import Document
from ..errors import LibraryError, storage_error
from .catalog import Catalog
from .choosing import chunk_store, document_files
from .chunks.readings import Readings, StoredReading
from .conversations import ConversationHead, Conversations, KeptConversation
from .encrypting import DOCUMENTS, encrypt
from .figures import MeasuredFigures
from .files.incoming import Incoming
from .files.kept import KeptFiles
from .files.originals import Originals
from .files.sealing import Seal
from .format import Format
from .jobs import Jobs
from .leases import Leases
from .notes import Notes
from .people.audit import Audit
from .people.daily_tokens import DailyTokens
from .people.shelves import Shelves
from .people.users import Users
from .watched import WatchedFolders

# At most this many texts from programs are kept; the least recently used go first. Files stay until a person
# removes them.
TEXTS = 256


@dataclass(frozen=True)
class DocumentInfo:
    """A document on the shelf.

    `bytes` is the size of its chunks on disk. `warm` is the share of its chunks that are on disk, from 0 to 1, for
    the reading that was used last. `models` names the models that have read it.
    """

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
    """What `verify` found: the number of chunks on disk, the keys of the damaged chunks that it removed, and the
    names of the documents that these belong to."""

    chunks: int
    damaged: tuple[str, ...]
    documents: tuple[str, ...]


class LibraryFolder:
    """Documents, their original files, and their chunks' KV. Several processes may use one folder.

    `catalog` holds the documents that came as files, which are a person's shelf. `texts` holds the texts that
    programs sent. `incoming` is for files that are on their way in. `conversations` holds those that people had in
    the browser app. `notes` are those of summaries, and `figures` how fast this machine was.
    `watched` are the folders whose files are read by themselves. `jobs` are readings that nobody waits for, and
    `leases` say which readings another process is at. `users` are those of a server, `shelves` say who has what,
    `tokens` how many their requests took today, and `audit` who did what.

    `seal` encrypts what is kept of documents and conversations; without one it is that of the environment's key,
    if there is any. What is not sealed holds none of their words: the users, the audit log, figures, models, locks.
    """

    def __init__(self, path: Path, seal: Seal | None = None) -> None:
        """Raises EncryptionError or StoreError if the environment names a key or an object store that is none."""
        self.path = path
        self.seal = seal or Seal.from_environment()
        files = KeptFiles(self.seal)
        self._documents = document_files(self.seal)
        self.catalog = Catalog(path / "documents", self._documents)
        self.texts = Catalog(path / "texts", self._documents)
        self.originals = Originals(path / "files", self._documents)
        self.store = chunk_store(path / "kv", files)
        self.readings = Readings(path / "readings", self.store, files)
        self.conversations = Conversations(path / "conversations", files)
        self.incoming = Incoming(path / "incoming")
        self.notes = Notes(path / "notes", files)
        self.watched = WatchedFolders(path / "watched", files)
        self.figures = MeasuredFigures.of(path)
        self.jobs = Jobs(path / "jobs", files)
        self.leases = Leases(path / "leases")
        self.shelves = Shelves(path / "shelves", files)
        self.users = Users(path / "users.json")
        self.tokens = DailyTokens(path / "usage")
        self.audit = Audit(path / "audit")

    @property
    def lock(self) -> FileLock:
        """The lock that is held while records change, against other threads and processes."""
        return FileLock(self.path / "library.lock")

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Make the folder, and turn an OSError inside the block into a LibraryError."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            yield
        except OSError as error:
            raise storage_error(self.path, error) from error

    def check_format(self) -> None:
        """Raise LibraryError if the folder cannot be used or was made by a newer version, and EncryptionError if it
        is encrypted with another key than the one that is given, or none is. Raises StoreError if its chunks are
        elsewhere than the environment says.
        """
        found = Format.read(self.path) or self._new_format()
        found.check_key(self.path, self.seal)
        with self.writing():
            self.store.check_place()

    def _new_format(self) -> Format:
        """Write the file of a new library, and return what it says."""
        with self.writing():
            if self.seal is None:  # whoever else does it writes the same
                Format().write(self.path)
                return Format()
            with self.lock:
                found = Format.read(self.path)
                if found is None:
                    found = Format.sealed_by(self.seal)
                    found.write(self.path)
                return found

    # Documents

    def ids(self) -> list[str]:
        """Return the ids of all documents and texts."""
        return self.catalog.ids() + self.texts.ids()

    def known(self, id: str) -> Document | None:
        """Return the document or text with this id, or None if there is none."""
        return self.catalog.get(id) or self.texts.get(id)

    def info(self, document: Document) -> DocumentInfo:
        """Return what can be said of a document without a model."""
        return self._info(document, self.readings.of(document.id))

    def infos(self, catalog: Catalog) -> list[DocumentInfo]:
        """Return the same for all documents, or for all texts, in the order in which they were added."""
        readings = self.readings.all()[::-1]
        documents = [known for id in catalog.ids() if (known := catalog.get(id)) is not None]
        return [
            self._info(document, [one for one in readings if one.document_id == document.id])
            for document in documents
        ]

    def _info(self, document: Document, readings: Sequence[StoredReading]) -> DocumentInfo:
        """`readings` are those of the document, the most recently used first."""
        latest = readings[0] if readings else None
        return DocumentInfo(
            document.id,
            document.name,
            len(document.pages),
            latest.tokens if latest else 0,
            sum(self.readings.size(one) for one in readings),
            self.readings.warm(latest) if latest else 0.0,
            tuple(dict.fromkeys(one.model for one in readings)),
            document.warnings,
        )

    def keep(self, document: Document, file: Path) -> None:
        """Remember a document and its file. Raises LibraryError."""
        with self.writing():
            self.originals.put(document.id, file)
            # Else it keeps its place on the shelf.
            if self.catalog.get(document.id) is None or not self.catalog.is_whole(document.id):
                self.catalog.put(document)

    def keep_text(self, text: Document) -> list[str]:
        """Remember a text, or that it was used again. Returns the ids of the texts that were removed to make place.

        Raises LibraryError.
        """
        with self.writing(), self.lock:
            if self.texts.get(text.id) is None:
                self.texts.put(text)
            self.texts.touch(text.id)
            gone = self.texts.ids()[:-TEXTS]
            for id in gone:
                self._forget(id)
        return gone

    def remove(self, id: str) -> None:
        """Forget a document, its file, and the chunks that no other document shares. Raises LibraryError."""
        with self.writing(), self.lock:
            self._forget(id)

    def _forget(self, id: str) -> None:
        self.catalog.remove(id)
        self.texts.remove(id)
        self.originals.remove(id)
        self.readings.remove(self.readings.of(id))
        self.notes.remove(id)
        self.jobs.remove(id)
        self.shelves.forget(id)

    def keep_conversation(self, conversation: KeptConversation) -> list[ConversationHead]:
        """Keep a conversation as it is now. Returns those that were removed to make place. Raises LibraryError."""
        with self.writing():
            return self.conversations.put(conversation)

    def make_room(self, name: str, record: StoredReading, missing: int, limit: int) -> list[StoredReading]:
        """Make room for `missing` more bytes of a document's chunks, and write the reading's record.

        Returns the readings that were removed for it. Raises LibraryError if there is no room within `limit` bytes
        for all documents, or on the disk.
        """
        with self.writing(), self.lock:
            if missing > limit:
                raise LibraryError(
                    f"{name} takes {missing / 1e9:.1f} GB in the library, whose limit is {limit / 1e9:.1f} GB: "
                    "raise the limit, or choose a lower --precision"
                )
            removed = self.readings.make_room(limit, record, missing)
            free = disk_usage(self.path).free
            if missing > free and self.store.is_here:
                raise LibraryError(
                    f"{name} takes {missing / 1e9:.2f} GB on the disk of the library {self.path}, and "
                    f"{free / 1e9:.2f} GB are free: free some space, choose a lower --precision, or set "
                    "WHOLEDOC_HOME to another disk"
                )
            self.readings.put(record)
            return removed

    def room(self, limit: int) -> int:
        """Return how many bytes of chunks may lie on the library's disk as mapped files, of at most `limit`."""
        if not (self.store.is_mapped and self.store.is_here):
            return 0
        free = disk_usage(self.path).free
        return limit if free >= limit else min(limit, free + self.store.total())

    # Upkeep

    def encrypt(self) -> int:
        """Encrypt a library that is in the clear. Returns the number of files that were sealed.

        Nothing else may use the library meanwhile. What was stopped goes on where it was when it is called again.
        Raises EncryptionError if there is no key, or it is encrypted with another, and LibraryError.
        """
        with self.writing(), self.lock:
            if self.seal is not None and not self.store.is_here:  # no file here, which could be sealed in place
                for key in list(self.store):
                    self.store.remove(key)
            return encrypt(self.path, self.seal, self._documents)

    def verify(self) -> Verified:
        """Check every chunk against its checksum.

        Damaged chunks are removed, and read again when they are needed.
        """
        keys = sorted(self.store)
        self.store.damaged.clear()
        for key in keys:
            self.store.get(key)
        self.store.check_scans()
        damaged = tuple(dict.fromkeys(self.store.damaged))
        hurt = {one.document_id for one in self.readings.all() if set(one.keys) & set(damaged)}
        names = tuple(document.name for id in sorted(hurt) if (document := self.known(id)) is not None)
        return Verified(len(keys), damaged, names)

    def prune(self) -> int:
        """Remove what no document needs and what killed writers left.

        Returns the number of bytes that are free now.
        """
        with self.writing(), self.lock:
            known = set(self.ids())
            self.readings.remove([one for one in self.readings.all() if one.document_id not in known])
            before = self.store.total()
            for key in set(self.store) - self.readings.named():
                self.store.remove(key)
            freed = before - self.store.total() + self.store.remove_unknown()
            left = [*self.store.leftovers(), *self.originals.leftovers(known), *self.notes.leftovers(known)]
            left += self.conversations.leftovers()
            for path in left:
                freed += path.stat().st_size
                path.unlink(missing_ok=True)
            freed += sum(self._documents.remove_unknown(self.path / kind) for kind in DOCUMENTS)
        return freed
