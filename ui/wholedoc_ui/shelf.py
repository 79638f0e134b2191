"""The shelf of one tab: the documents in the library, and those on their way in."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path

from parallelcomp import Cancelled
from wholedoc import Document, DocumentInfo, Kind, Planned
from wholedoc.documents.recognition import Recognition, is_installed
from wholedoc.errors import PasswordError, UnknownDocumentError, WholedocError
from wholedoc.storage.shelf import file_id

from .app_state import AppState, sentence
from .arriving.arrivals import Arrival, Arrivals, Batch, Stage
from .session import Session, Sessions, Work

# How far a file is while its text is taken out is looked for every so many seconds.
LOOKED_FOR_S = 0.25


@dataclass(frozen=True)
class Row:
    """A document on the shelf. `busy` says that a tab, or the program at its start, is reading it now."""

    info: DocumentInfo
    selected: bool
    busy: bool


def rows(app_state: AppState, sessions: Sessions, session: Session) -> list[Row]:
    """Return the documents of the library, and bring the tab's selection up to date.

    Documents that are gone are no longer selected. One is selected for a person who has chosen none yet.
    """
    infos = app_state.library.documents()
    known = {info.id for info in infos}
    session.selected = [id for id in session.selected if id in known]
    if not session.chose and not session.exchanges:
        session.selected = _first_choice(infos)
    current = app_state.state.reading
    starting = {current.document_id} if current else set()
    busy = sessions.being_read() | starting
    return [Row(info, info.id in session.selected, info.id in busy) for info in infos]


def choose_all(app_state: AppState, session: Session) -> None:
    """Ask all documents together that have been read whole."""
    session.chose = True
    session.selected = [one.id for one in app_state.library.documents() if one.warm == 1]
    _put_away(session, lambda one: one.stage is Stage.BESIDE and one.document_id in session.selected)


def choose(session: Session, id: str, selected: bool) -> None:
    """Add a document to those that are asked, or take it out of them."""
    session.chose = True
    session.selected = [one for one in session.selected if one != id] + ([id] if selected else [])
    _put_away(session, lambda one: one.stage is Stage.BESIDE and one.document_id == id)


def arrivals(sessions: Sessions, session: Session) -> list[tuple[Arrival, bool]]:
    """Return what is on its way into the library, each with whether another tab is adding it."""
    own = [(one, False) for one in session.arrivals]
    return own + [(one, True) for one in sessions.arriving_elsewhere(session)]


def dismiss(app_state: AppState, session: Session, key: int) -> None:
    """Put away an arrival that needs no more work. A file that waits for its password is deleted."""
    gone = [one for one in session.arrivals if one.key == key and not one.stage.goes_on]
    _put_away(session, lambda one: any(one is other for other in gone))
    names = [one.name for one in gone if one.stage is Stage.LOCKED]
    for file in [file for file in session.locked if file.name in names]:
        session.locked.remove(file)
        _discard(app_state, session, file)


def _put_away(session: Session, is_gone: Callable[[Arrival], bool]) -> None:
    for batch in session.batches:
        batch.put_away |= {one.key for one in batch.arrivals if is_gone(one)}


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


def take_in(app_state: AppState, session: Session, uploads: Sequence[str]) -> Iterator[Arrivals]:
    """Take uploaded files into the library and read them one by one. Yields all arrivals at every change."""
    arrived = [Path(upload) for upload in uploads]
    _put_away(session, lambda one: one.stage in (Stage.FAILED, Stage.STOPPED))
    try:
        taken = app_state.uploads.take(arrived, session.waiting)
    except WholedocError as error:
        failed = [Arrival(one.name, Stage.FAILED, str(error)) for one in arrived]
        session.batches.append(Batch(failed))
        yield tuple(failed)
        return
    session.waiting += taken
    yield from _work_through(app_state, session, taken, None)


def unlock(app_state: AppState, session: Session, password: str) -> Iterator[Arrivals]:
    """Try a password on the files that wait for one, and read those that it opens."""
    locked, session.locked = session.locked, []
    _put_away(session, lambda one: one.stage is Stage.LOCKED)
    yield from _work_through(app_state, session, locked, password)


def read_again(app_state: AppState, session: Session, id: str) -> Iterator[Arrivals]:
    """Read a document of the library whose KV is not kept, or only a part of it."""
    try:
        document = app_state.library.document(id)
    except UnknownDocumentError as error:
        failed = Arrival("This document", Stage.FAILED, str(error))
        session.batches.append(Batch([failed]))
        yield (failed,)
        return
    yield from _work_through(app_state, session, [document], None)


def _work_through(
    app_state: AppState, session: Session, todo: Sequence[Path | Document], password: str | None
) -> Iterator[Arrivals]:
    arrivals = [Arrival(one.name) for one in todo]
    batch = Batch(arrivals)
    session.batches.append(batch)
    files = [one for one in todo if isinstance(one, Path)]
    work = session.reading = Work(session.reading)
    try:
        with app_state.uploads.work_on(files):
            for index, one in enumerate(todo):
                for now in _arrive(app_state, session, one, password, work, arrivals[index]):
                    arrivals[index] = now
                    yield tuple(arrivals)
    finally:
        work.finish()
        batch.arrivals = [one for one in batch.shown if _needs_a_look(app_state, session, one)]
        session.batches = [one for one in session.batches if one.shown]
        if session.reading is work:
            session.reading = work.beside if work.beside and not work.beside.stopped() else None
        for one in files:
            if one not in session.locked:
                _discard(app_state, session, one)


def _needs_a_look(app_state: AppState, session: Session, arrival: Arrival) -> bool:
    """Return whether an arrival stays in sight when its work has ended. What is on the shelf stands there."""
    if arrival.stage is Stage.STOPPED:
        return not app_state.library.knows(arrival.document_id)
    if arrival.stage is Stage.BESIDE:
        return arrival.document_id not in session.selected
    return not arrival.stage.goes_on and arrival.stage is not Stage.DONE


def _arrive(
    app_state: AppState,
    session: Session,
    source: Path | Document,
    password: str | None,
    work: Work,
    arrival: Arrival,
) -> Iterator[Arrival]:
    """Extract and read one document. Errors become the arrival's stage and message."""
    arrival = replace(arrival, stage=Stage.EXTRACTING)
    if work.stopped():
        yield replace(arrival, stage=Stage.STOPPED)
        return
    yield arrival
    id = ""
    try:
        if isinstance(source, Path) and not source.exists():
            raise WholedocError(f"{source.name} is not here any more: drop it again.")
        id = source.id if isinstance(source, Document) else file_id(source)
        if isinstance(source, Document):
            document = source
        else:
            document = yield from _parse(app_state, session, source, password, work, arrival)
        session.being_read.add(id)
        yield from _read(app_state, session, document, work, arrival)
    except PasswordError:
        session.locked += [source] if isinstance(source, Path) else []
        wanted = "It is encrypted: enter its password below." if password is None else "This password does not fit."
        yield replace(arrival, stage=Stage.LOCKED, message=wanted)
    except Cancelled:
        yield replace(arrival, stage=Stage.STOPPED)
    except Exception as error:
        if isinstance(source, Path):
            _discard(app_state, session, source)
        yield replace(arrival, stage=Stage.FAILED, message=sentence(error))
    finally:
        session.being_read.discard(id)


def _parse(
    app_state: AppState, session: Session, file: Path, password: str | None, work: Work, arrival: Arrival
) -> Generator[Arrival, None, Document]:
    """Take the text out of a file when it is the tab's turn. Yields how many scanned pages have been recognised."""
    recognised: list[tuple[int, int]] = []
    closed = threading.Event()
    library = app_state.library

    def stopped() -> bool:
        return closed.is_set() or work.stopped()

    def parse() -> Document:
        recognition = Recognition(lambda done, total: recognised.append((done, total)), stopped)
        with library.extractions.take(session.client, stopped):
            return library.parse(file, password, recognition if is_installed() else None)

    with ThreadPoolExecutor(1, "parse") as pool:
        parsing = pool.submit(parse)
        try:
            while not wait([parsing], LOOKED_FOR_S).done:
                if recognised:
                    yield replace(arrival, recognised=recognised[-1])
        finally:
            closed.set()  # whoever closes the generator waits for a second at most
    document = parsing.result()
    _discard(app_state, session, file)  # the library has its own copy
    return document


def _discard(app_state: AppState, session: Session, file: Path) -> None:
    app_state.uploads.discard(file)
    if file in session.waiting:
        session.waiting.remove(file)


def _read(
    app_state: AppState, session: Session, document: Document, work: Work, arrival: Arrival
) -> Iterator[Arrival]:
    arrival = replace(arrival, pages=len(document.pages), warnings=document.warnings, document_id=document.id)
    try:
        stopped = app_state.courtesy.aside(work.stopped)
        for event in app_state.library.read(document, stopped, session.client):
            if isinstance(event, Planned):
                arrival = replace(arrival, stage=Stage.PLANNED, planned=event)
            else:
                arrival = replace(arrival, stage=Stage.READING, reading=event)
            yield arrival
    except Cancelled:
        yield replace(arrival, stage=Stage.STOPPED)
        return
    if app_state.introduces_after_reading and app_state.library.can_ask_everywhere(Kind.SUMMARY):
        app_state.introducer.wish(document.id)
    beside = bool(session.exchanges) and document.id not in session.selected
    if not beside:
        _select_new(session, document.id)
    yield replace(arrival, stage=Stage.BESIDE if beside else Stage.DONE)


def _select_new(session: Session, id: str) -> None:
    """Select a document that a person has just dropped, together with those that they chose before.

    In the middle of a conversation the documents stay that it is about.
    """
    kept = session.selected if session.chose else []
    session.chose = True
    session.selected = [*(one for one in kept if one != id), id]


def _first_choice(infos: Sequence[DocumentInfo]) -> list[str]:
    """Return the id of the warm document that was added last; of any document if none is warm."""
    warm = [info for info in infos if info.warm == 1] or list(infos)
    return [warm[-1].id] if warm else []
