"""The shelf of one tab: the documents in the library, and those on their way in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from pathlib import Path

from parallelcomp import Cancelled
from wholedoc import Document, DocumentInfo, Planned, Reading
from wholedoc.errors import PasswordError, UnknownDocumentError, WholedocError
from wholedoc.storage.shelf import file_id

from .app_state import AppState, sentence
from .session import Session, Sessions, Work


@dataclass(frozen=True)
class Row:
    """A document on the shelf. `busy` says that this tab, or the program at its start, is reading it now."""

    info: DocumentInfo
    selected: bool
    busy: bool


class Stage(Enum):
    WAITING = auto()
    EXTRACTING = auto()
    PLANNED = auto()
    READING = auto()
    DONE = auto()
    STOPPED = auto()
    FAILED = auto()
    LOCKED = auto()


@dataclass(frozen=True)
class Arrival:
    """A document on its way into the library. `message` explains the stages FAILED and LOCKED."""

    name: str
    stage: Stage = Stage.WAITING
    message: str = ""
    planned: Planned | None = None
    reading: Reading | None = None
    pages: int = 0
    warnings: tuple[str, ...] = ()


Arrivals = tuple[Arrival, ...]


def rows(app_state: AppState, sessions: Sessions, session: Session) -> list[Row]:
    """Return the documents that this tab sees, and bring its selection up to date.

    Documents that are gone are no longer selected. One is selected for a person who has chosen none yet.
    """
    hidden = sessions.arriving_elsewhere(session) - session.arriving
    infos = [info for info in app_state.library.documents() if info.id not in hidden]
    known = {info.id for info in infos}
    session.selected = [id for id in session.selected if id in known]
    if not session.chose and not session.exchanges:
        session.selected = _first_choice(infos)
    current = app_state.state.reading
    starting = {current.document_id} if current else set()
    busy = session.being_read | starting
    return [Row(info, info.id in session.selected, info.id in busy) for info in infos]


def choose(session: Session, id: str, selected: bool) -> None:
    """Add a document to those that are asked, or take it out of them."""
    session.chose = True
    session.selected = [one for one in session.selected if one != id] + ([id] if selected else [])


def remove(app_state: AppState, sessions: Sessions, session: Session, id: str) -> None:
    """Take a document out of the library.

    Raises UnknownDocumentError if it is not there, LibraryError if it cannot be removed, and WholedocError while
    another tab is using it or the program is reading it at its start.
    """
    starting = app_state.state.reading
    if id in sessions.in_use_elsewhere(session):
        raise WholedocError("This document is being read or asked in another window; stop it there first.")
    if starting is not None and starting.document_id == id:
        raise WholedocError("This document is still being read; it can be removed when that is done.")
    if id in session.being_read and session.reading is not None:
        session.reading.stop()
    app_state.library.remove(id)
    choose(session, id, False)
    if session.view is not None and session.view.document_id == id:
        session.view = None


def take_in(app_state: AppState, session: Session, uploads: Sequence[str]) -> Iterator[Arrivals]:
    """Take uploaded files into the library and read them one by one. Yields all arrivals at every change."""
    arrived = [Path(upload) for upload in uploads]
    try:
        taken = app_state.uploads.take(arrived, session.waiting)
    except WholedocError as error:
        yield tuple(Arrival(one.name, Stage.FAILED, str(error)) for one in arrived)
        return
    session.waiting += taken
    yield from _work_through(app_state, session, taken, None)


def unlock(app_state: AppState, session: Session, password: str) -> Iterator[Arrivals]:
    """Try a password on the files that wait for one, and read those that it opens."""
    locked, session.locked = session.locked, []
    yield from _work_through(app_state, session, locked, password)


def read_again(app_state: AppState, session: Session, id: str) -> Iterator[Arrivals]:
    """Read a document of the library whose KV is not kept, or only a part of it."""
    try:
        document = app_state.library.document(id)
    except UnknownDocumentError as error:
        yield (Arrival("This document", Stage.FAILED, str(error)),)
        return
    yield from _work_through(app_state, session, [document], None)


def _work_through(
    app_state: AppState, session: Session, todo: Sequence[Path | Document], password: str | None
) -> Iterator[Arrivals]:
    arrivals = [Arrival(one.name) for one in todo]
    files = [one for one in todo if isinstance(one, Path)]
    work = session.reading = Work(session.reading)
    try:
        with app_state.uploads.work_on(files):
            for index, one in enumerate(todo):
                for arrivals[index] in _arrive(app_state, session, one, password, work):
                    yield tuple(arrivals)
    finally:
        work.finish()
        if session.reading is work:
            session.reading = work.beside if work.beside and not work.beside.stopped() else None
        for one in files:
            if one not in session.locked:
                _discard(app_state, session, one)


def _arrive(
    app_state: AppState, session: Session, source: Path | Document, password: str | None, work: Work
) -> Iterator[Arrival]:
    """Extract and read one document. Errors become the arrival's stage and message."""
    arrival = Arrival(source.name, Stage.EXTRACTING)
    if work.stopped():
        yield replace(arrival, stage=Stage.STOPPED)
        return
    yield arrival
    id = ""
    try:
        if isinstance(source, Path) and not source.exists():
            raise WholedocError(f"{source.name} is not here any more: drop it again.")
        id = source.id if isinstance(source, Document) else file_id(source)
        if not app_state.library.knows(id):
            session.arriving.add(id)
        document = source if isinstance(source, Document) else _parse(app_state, session, source, password)
        session.being_read.add(id)
        yield from _read(app_state, session, document, work)
    except PasswordError:
        session.locked += [source] if isinstance(source, Path) else []
        wanted = "It is encrypted: enter its password below." if password is None else "This password does not fit."
        yield replace(arrival, stage=Stage.LOCKED, message=wanted)
    except Exception as error:
        if isinstance(source, Path):
            _discard(app_state, session, source)
        yield replace(arrival, stage=Stage.FAILED, message=sentence(error))
    finally:
        session.arriving.discard(id)
        session.being_read.discard(id)


def _parse(app_state: AppState, session: Session, file: Path, password: str | None) -> Document:
    document = app_state.library.parse(file, password)
    _discard(app_state, session, file)  # the library has its own copy
    return document


def _discard(app_state: AppState, session: Session, file: Path) -> None:
    app_state.uploads.discard(file)
    if file in session.waiting:
        session.waiting.remove(file)


def _read(app_state: AppState, session: Session, document: Document, work: Work) -> Iterator[Arrival]:
    arrival = Arrival(document.name, Stage.EXTRACTING, pages=len(document.pages), warnings=document.warnings)
    try:
        for event in app_state.library.read(document, work.stopped):
            if isinstance(event, Planned):
                arrival = replace(arrival, stage=Stage.PLANNED, planned=event)
            else:
                arrival = replace(arrival, stage=Stage.READING, reading=event)
            yield arrival
    except Cancelled:
        yield replace(arrival, stage=Stage.STOPPED)
        return
    _select_new(session, document.id)
    session.arriving.discard(document.id)
    yield replace(arrival, stage=Stage.DONE)


def _select_new(session: Session, id: str) -> None:
    """Select a document that a person has just dropped, together with those that they chose before."""
    kept = session.selected if session.chose else []
    session.chose = True
    session.selected = [*(one for one in kept if one != id), id]


def _first_choice(infos: Sequence[DocumentInfo]) -> list[str]:
    """Return the id of the warm document that was added last; of any document if none is warm."""
    warm = [info for info in infos if info.warm == 1] or list(infos)
    return [warm[-1].id] if warm else []
