"""The shelf: files come in, are read, stopped, unlocked and removed, and tabs do not get in each other's way."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import pytest

from parallelcomp import Cancelled
from wholedoc import Document, DocumentInfo, Library
from wholedoc.documents.recognition import Recognition
from wholedoc.storage.home import home
from wholedoc_ui import shelf, views
from wholedoc_ui.app_state import AppState
from wholedoc_ui.arriving.arrivals import Arrival, Arrivals, Stage
from wholedoc_ui.session import Exchange, Session, Sessions

from .conftest import NOTICE, PARAGRAPHS, PASSWORD, SAMPLES, Drop, Put

pytestmark = pytest.mark.embedded
TEXT = "\n\n".join(PARAGRAPHS)
FINISHED = [Stage.EXTRACTING, Stage.PLANNED, Stage.READING, Stage.DONE]


@dataclass
class Log:
    """Return the stages that one file went through."""

    arrivals: list[Arrival]

    @property
    def stages(self) -> list[Stage]:
        return [stage for stage, _ in groupby(arrival.stage for arrival in self.arrivals)]

    @property
    def last(self) -> Arrival:
        return self.arrivals[-1]


def logs(work: Iterator[Arrivals]) -> list[Log]:
    return [Log(list(one)) for one in zip(*work, strict=True)]


def log(work: Iterator[Arrivals]) -> Log:
    (one,) = logs(work)
    return one


def until_reading(work: Iterator[Arrivals]) -> Arrival:
    """Go on until the model has read a part of the first file."""
    for arrivals in work:
        reading = arrivals[0].reading
        if arrivals[0].stage is Stage.READING and reading and 0 < reading.tokens < reading.total_tokens:
            return arrivals[0]
    raise AssertionError("it was never being read")


def files_in(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file()]


def only(app_state: AppState) -> DocumentInfo:
    (info,) = app_state.library.documents()
    return info


# Files coming in


def test_a_file_becomes_a_document_that_is_ready(app_state: AppState, session: Session, drop: Drop) -> None:
    upload = drop("log.txt", TEXT)
    seen = log(shelf.take_in(app_state, session, [upload]))
    assert seen.stages == FINISHED
    assert {arrival.name for arrival in seen.arrivals} == {"log.txt"}
    planned = seen.last.planned
    assert planned is not None
    tokens = [arrival.reading.tokens for arrival in seen.arrivals if arrival.reading]
    assert tokens == sorted(tokens)
    assert (tokens[0], tokens[-1]) == (0, planned.tokens)
    assert len(set(tokens)) > 5
    info = only(app_state)
    assert (info.name, info.warm, info.tokens) == ("log.txt", 1, planned.tokens)
    assert seen.last.pages == info.pages
    assert session.selected == [info.id]
    assert (session.reading, session.being_read, session.batches) == (None, set(), [])


def test_the_upload_goes_and_the_library_has_the_original(
    app_state: AppState, session: Session, drop: Drop
) -> None:
    upload = drop("notice.pdf", NOTICE)
    assert log(shelf.take_in(app_state, session, [upload])).last.stage is Stage.DONE
    assert not Path(upload).exists()
    assert files_in(app_state.uploads.folder) == []
    original = app_state.library.folder.originals.readable_path(only(app_state).id)
    assert original is not None
    assert original.read_bytes() == NOTICE.read_bytes()


def test_an_upload_is_out_of_the_servers_reach_at_once(app_state: AppState, session: Session, drop: Drop) -> None:
    uploads = [drop("one.txt", TEXT), drop("two.txt", "Another text, of a sentence.")]
    work = shelf.take_in(app_state, session, uploads)
    next(work)
    assert not any(Path(upload).exists() for upload in uploads)


def test_good_damaged_and_encrypted_files_come_together(app_state: AppState, session: Session, drop: Drop) -> None:
    good = drop("good.txt", TEXT)
    damaged = drop("damaged.pdf", b"%PDF-1.7\n1 0 obj << /Type /Catalog >> and nothing else")
    locked = drop("locked.pdf", SAMPLES / "encrypted.pdf")
    seen = logs(shelf.take_in(app_state, session, [damaged, locked, good]))
    assert [one.stages for one in seen] == [
        [Stage.EXTRACTING, Stage.FAILED],
        [Stage.WAITING, Stage.EXTRACTING, Stage.LOCKED],
        [Stage.WAITING, *FINISHED],
    ]
    assert "damaged.pdf" in seen[0].last.message
    assert "password" in seen[1].last.message
    assert [info.name for info in app_state.library.documents()] == ["good.txt"]
    assert [path.name for path in session.locked] == ["locked.pdf"]
    assert files_in(app_state.uploads.folder) == ["locked.pdf"]
    assert session.being_read == set()
    assert [one.stage for one in session.arrivals] == [
        Stage.FAILED,
        Stage.LOCKED,
    ]  # what is on the shelf stands there


def test_a_reading_steps_aside_before_its_steps(
    app_state: AppState, session: Session, drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[int] = []
    monkeypatch.setattr(app_state.courtesy, "step_aside", lambda: steps.append(1))
    log(shelf.take_in(app_state, session, [drop("log.txt", TEXT)]))
    assert len(steps) > 5


def test_a_locked_file_opens_with_its_password(app_state: AppState, session: Session, drop: Drop) -> None:
    first = log(shelf.take_in(app_state, session, [drop("locked.pdf", SAMPLES / "encrypted.pdf")])).last
    wrong = log(shelf.unlock(app_state, session, "not the password")).last
    assert (first.stage, wrong.stage) == (Stage.LOCKED, Stage.LOCKED)
    assert wrong.message != first.message
    assert [path.name for path in session.locked] == ["locked.pdf"]
    assert log(shelf.unlock(app_state, session, PASSWORD)).stages == FINISHED
    assert session.locked == []
    assert only(app_state).warm == 1
    assert files_in(app_state.uploads.folder) == []


def test_a_password_is_in_no_message_and_no_record(app_state: AppState, session: Session, drop: Drop) -> None:
    list(shelf.take_in(app_state, session, [drop("locked.pdf", SAMPLES / "encrypted.pdf")]))
    tried = log(shelf.unlock(app_state, session, "letmein-77")).last
    log(shelf.unlock(app_state, session, PASSWORD))
    assert "letmein-77" not in repr(tried)
    kept = [path for path in home().rglob("*.json") if PASSWORD in path.read_text()]
    assert kept == []


def test_the_same_file_again_is_known_at_once(app_state: AppState, session: Session, drop: Drop) -> None:
    list(shelf.take_in(app_state, session, [drop("log.txt", TEXT)]))
    seen = log(shelf.take_in(app_state, session, [drop("log.txt", TEXT)]))
    assert seen.stages == [Stage.EXTRACTING, Stage.DONE]
    assert only(app_state).warm == 1


def test_two_tabs_may_drop_the_same_file_at_one_place(
    app_state: AppState, session: Session, other: Session, drop: Drop
) -> None:
    """The web server puts files with the same content in one place."""
    upload = drop("log.txt", TEXT)
    first = shelf.take_in(app_state, session, [upload])
    next(first)
    second = log(shelf.take_in(app_state, other, [upload]))
    assert second.last.stage is Stage.FAILED
    assert log(first).last.stage is Stage.DONE
    # A message does not tell where the server keeps its files.
    assert str(app_state.uploads.folder) not in second.last.message


# Stopping


def test_a_stopped_document_goes_on_where_it_was(app_state: AppState, session: Session, drop: Drop) -> None:
    work = shelf.take_in(app_state, session, [drop("log.txt", TEXT)])
    until_reading(work)
    session.stop()
    assert log(work).last.stage is Stage.STOPPED
    info = only(app_state)
    assert 0 < info.warm < 1
    assert session.selected == []
    assert (session.reading, session.being_read, session.batches) == (None, set(), [])
    again = log(shelf.read_again(app_state, session, info.id))
    assert again.stages == FINISHED
    assert again.last.planned is not None
    assert again.last.planned.cached_tokens > 0
    assert only(app_state).warm == 1
    assert session.selected == [info.id]


def test_stopping_stops_the_files_that_wait_too(app_state: AppState, session: Session, drop: Drop) -> None:
    work = shelf.take_in(app_state, session, [drop("one.txt", TEXT), drop("two.txt", TEXT[::-1])])
    until_reading(work)
    session.stop()
    assert [one.last.stage for one in logs(work)] == [Stage.STOPPED, Stage.STOPPED]
    assert [info.name for info in app_state.library.documents()] == ["one.txt"]


def test_recognising_scanned_pages_is_shown_and_can_be_stopped(
    app_state: AppState, session: Session, drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def parse(self: Library, path: Path, password: str | None, recognition: Recognition) -> Document:
        recognition.progress(3, 20)
        while not recognition.cancelled():
            time.sleep(0.01)
        raise Cancelled

    monkeypatch.setattr(Library, "parse", parse)
    monkeypatch.setattr(shelf, "is_installed", lambda: True)
    path = drop("scan.pdf", b"%PDF")
    seen: list[Arrival] = []
    told = ""
    for arrivals in shelf.take_in(app_state, session, [path]):
        seen.append(arrivals[0])
        if arrivals[0].recognised and session.reading is not None:
            told = views.arrivals([(arrivals[0], False)])
            session.reading.stop()
    assert "recognising scanned pages: 3 of 20" in told
    assert (seen[-1].stage, seen[-1].recognised) == (Stage.STOPPED, None)
    assert not Path(path).exists()


def test_recognising_ends_when_whoever_follows_it_goes_away(
    app_state: AppState, session: Session, drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[bool] = []

    def parse(self: Library, path: Path, password: str | None, recognition: Recognition) -> Document:
        recognition.progress(1, 20)
        while not recognition.cancelled():
            time.sleep(0.01)
        ended.append(True)
        raise Cancelled

    monkeypatch.setattr(Library, "parse", parse)
    monkeypatch.setattr(shelf, "is_installed", lambda: True)
    work = shelf.take_in(app_state, session, [drop("scan.pdf", b"%PDF")])
    next(one for one in work if one[0].recognised)
    work.close()  # type: ignore[attr-defined]
    assert ended == [True]


def test_what_waited_when_it_was_stopped_leaves_no_file(app_state: AppState, session: Session, drop: Drop) -> None:
    work = shelf.take_in(app_state, session, [drop("one.txt", TEXT), drop("two.txt", TEXT[::-1])])
    until_reading(work)
    session.stop()
    list(work)
    assert files_in(app_state.uploads.folder) == []


def test_what_waited_when_the_tab_went_leaves_no_file(app_state: AppState, session: Session, drop: Drop) -> None:
    work = shelf.take_in(app_state, session, [drop("one.txt", TEXT), drop("two.txt", TEXT[::-1])])
    until_reading(work)
    work.close()  # type: ignore[attr-defined]
    assert (session.reading, session.being_read, session.batches) == (None, set(), [])
    assert files_in(app_state.uploads.folder) == []


def test_a_reading_that_is_given_up_frees_the_model(app_state: AppState, session: Session, drop: Drop) -> None:
    work = shelf.take_in(app_state, session, [drop("log.txt", TEXT)])
    until_reading(work)
    work.close()  # type: ignore[attr-defined]
    with app_state.library.turns.take(lambda: True):  # raises Cancelled if the model is still in use
        assert app_state.library.turns.waiting == 0


def test_files_of_two_drops_can_both_be_stopped(app_state: AppState, session: Session, drop: Drop) -> None:
    """A person drops a second file while the first is being read; the first ends, the second can be stopped."""
    first = shelf.take_in(app_state, session, [drop("one.txt", TEXT)])
    next(first)
    second = shelf.take_in(app_state, session, [drop("two.txt", TEXT[::-1])])
    next(second)
    assert log(first).last.stage is Stage.DONE
    session.stop()
    assert log(second).last.stage is Stage.STOPPED


def test_reading_a_document_that_is_gone_is_an_arrival_too(app_state: AppState, session: Session, put: Put) -> None:
    """Another tab removed the document. The arrivals end with a failure, not with an error."""
    document = put("log.txt")
    app_state.library.remove(document.id)
    assert log(shelf.read_again(app_state, session, document.id)).last.stage is Stage.FAILED


# Several tabs


def test_what_arrives_in_one_tab_is_seen_in_all(
    app_state: AppState, sessions: Sessions, session: Session, other: Session, drop: Drop
) -> None:
    work = shelf.take_in(app_state, session, [drop("log.txt", TEXT)])
    until_reading(work)
    for tab, elsewhere in ((session, False), (other, True)):
        (row,) = shelf.rows(app_state, sessions, tab)
        assert (row.info.name, row.busy) == ("log.txt", True)
        ((arrival, is_elsewhere),) = shelf.arrivals(sessions, tab)
        assert (arrival.stage, is_elsewhere) == (Stage.READING, elsewhere)
    list(work)
    for tab in (session, other):
        assert [row.busy for row in shelf.rows(app_state, sessions, tab)] == [False]
        assert shelf.arrivals(sessions, tab) == []


def test_what_comes_in_the_middle_of_a_conversation_waits_to_be_wanted(
    app_state: AppState, sessions: Sessions, session: Session, drop: Drop, put: Put
) -> None:
    old = put("old.txt", PARAGRAPHS[:3])
    session.selected = [old.id]
    session.conversation.exchanges.append(Exchange("One?"))
    assert log(shelf.take_in(app_state, session, [drop("new.txt", TEXT)])).last.stage is Stage.BESIDE
    assert session.selected == [old.id]
    ((beside, _),) = shelf.arrivals(sessions, session)
    shelf.choose(session, beside.document_id, True)
    assert session.selected == [old.id, beside.document_id]
    assert shelf.arrivals(sessions, session) == []
    assert log(shelf.take_in(app_state, session, [drop("new.txt", TEXT)])).last.stage is Stage.DONE


def test_all_that_was_read_is_asked_together(app_state: AppState, session: Session, drop: Drop, put: Put) -> None:
    unread = put("unread.txt", PARAGRAPHS[:3])
    list(shelf.take_in(app_state, session, [drop("one.txt", TEXT), drop("two.txt", TEXT[::-1])]))
    shelf.choose_all(app_state, session)
    assert [app_state.library.document(id).name for id in session.selected] == ["one.txt", "two.txt"]
    assert unread.id not in session.selected


def test_what_needs_a_look_can_be_put_away(
    app_state: AppState, sessions: Sessions, session: Session, other: Session, drop: Drop
) -> None:
    files = [drop("empty.txt", ""), drop("locked.pdf", SAMPLES / "encrypted.pdf")]
    list(shelf.take_in(app_state, session, files))
    failed, locked = session.arrivals
    shelf.dismiss(app_state, other, failed.key)  # it is another tab's
    assert session.arrivals == [failed, locked]
    shelf.dismiss(app_state, session, failed.key)
    assert session.arrivals == [locked]
    shelf.dismiss(app_state, session, locked.key)
    assert (session.arrivals, session.locked, session.waiting) == ([], [], [])
    assert files_in(app_state.uploads.folder) == []


def test_what_is_on_its_way_is_not_put_away(app_state: AppState, session: Session, drop: Drop) -> None:
    work = shelf.take_in(app_state, session, [drop("log.txt", TEXT)])
    until_reading(work)
    shelf.dismiss(app_state, session, session.arrivals[0].key)
    assert len(session.arrivals) == 1
    list(work)


def test_tabs_drop_files_at_the_same_time(app_state: AppState, sessions: Sessions, drop: Drop) -> None:
    uploads = [drop(f"{n}.txt", "\n\n".join(PARAGRAPHS[n * 10 : n * 10 + 10])) for n in range(4)]
    found: dict[int, Log] = {}

    def take_in(n: int) -> None:
        found[n] = log(shelf.take_in(app_state, sessions.get(str(n)), [uploads[n]]))

    threads = [threading.Thread(target=take_in, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[n].stages for n in range(4)] == [FINISHED] * 4
    ids = {info.name: info.id for info in app_state.library.documents()}
    assert [sessions.get(str(n)).selected for n in range(4)] == [[ids[f"{n}.txt"]] for n in range(4)]


# Removing


# What is asked


def test_an_upload_that_vanished_is_an_arrival_too(app_state: AppState, session: Session, drop: Drop) -> None:
    upload = drop("log.txt", TEXT)
    shutil.rmtree(Path(upload).parent)
    assert log(shelf.take_in(app_state, session, [upload])).last.stage is Stage.FAILED
