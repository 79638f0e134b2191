"""What the shelf of a tab has chosen, and what becomes of a document that is taken off it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from wholedoc.errors import UnknownDocumentError, WholedocError
from wholedoc.storage.home import home
from wholedoc_ui import shelf
from wholedoc_ui.app_state import AppState, Phase
from wholedoc_ui.arriving.arrivals import Stage
from wholedoc_ui.session import PageView, Session, Sessions

from .conftest import PARAGRAPHS, Drop, Put, watched
from .test_shelf import TEXT, files_in, log, only, until_reading

pytestmark = pytest.mark.embedded


def test_what_is_removed_is_gone_everywhere(
    app_state: AppState, sessions: Sessions, session: Session, drop: Drop
) -> None:
    list(shelf.take_in(app_state, session, [drop("log.txt", TEXT)]))
    id = only(app_state).id
    session.view = PageView(id, 1)
    shelf.remove(app_state, sessions, session, id)
    assert shelf.rows(app_state, sessions, session) == []
    assert session.selected == []
    assert id not in app_state.library.folder.originals
    assert list((home() / "kv").rglob("*.safetensors")) == []
    with pytest.raises(UnknownDocumentError):
        shelf.remove(app_state, sessions, session, id)


def test_a_page_of_another_document_stays_open(
    app_state: AppState, sessions: Sessions, session: Session, put: Put
) -> None:
    one, two = put("one.txt"), put("two.txt", PARAGRAPHS[:5])
    view = session.view = PageView(two.id, 1)
    shelf.remove(app_state, sessions, session, one.id)
    assert session.view is view


def test_what_another_tab_reads_is_not_removed(
    app_state: AppState, sessions: Sessions, session: Session, other: Session, put: Put
) -> None:
    document = put("log.txt")
    work = shelf.read_again(app_state, session, document.id)
    until_reading(work)
    with pytest.raises(WholedocError, match="another window"):
        shelf.remove(app_state, sessions, other, document.id)
    assert log(work).last.stage is Stage.DONE
    assert only(app_state).warm == 1
    shelf.remove(app_state, sessions, other, document.id)
    assert app_state.library.documents() == []


def test_removing_what_this_tab_reads_stops_it(
    app_state: AppState, sessions: Sessions, session: Session, drop: Drop
) -> None:
    work = shelf.take_in(app_state, session, [drop("log.txt", TEXT)])
    until_reading(work)
    shelf.remove(app_state, sessions, session, only(app_state).id)
    assert log(work).last.stage is Stage.STOPPED
    assert app_state.library.documents() == []
    assert list((home() / "kv").rglob("*.safetensors")) == []


def test_what_is_read_at_the_start_is_not_removed(
    app_state: AppState, sessions: Sessions, session: Session, tmp_path: Path
) -> None:
    """As in another tab. Otherwise chunks of a document that is not there would go on being written."""
    path = tmp_path / "log.txt"
    path.write_text(TEXT)
    turns = app_state.library.turns
    with turns.take():
        app_state.start([path])
        while not turns.waiting:
            time.sleep(0.005)
    # Turns go round: after every one that is taken here, the start has had one.
    while app_state.state.reading is None:
        assert app_state.state.phase is not Phase.FAILED
        with turns.take():
            pass
    with turns.take():
        document = only(app_state)
        assert [row.busy for row in shelf.rows(app_state, sessions, session)] == [True]
        with pytest.raises(WholedocError):
            shelf.remove(app_state, sessions, session, document.id)
    for state in watched(app_state):
        last = state
    assert last.phase is Phase.READY
    assert only(app_state).warm == 1


def test_the_warm_document_that_came_last_is_asked_first(
    app_state: AppState, sessions: Sessions, session: Session, other: Session, drop: Drop, put: Put
) -> None:
    put("cold.txt", PARAGRAPHS[:3])
    assert [row.selected for row in shelf.rows(app_state, sessions, other)] == [True]  # the only document there is
    list(
        shelf.take_in(
            app_state, sessions.get("third"), [drop("one.txt", PARAGRAPHS[3]), drop("two.txt", PARAGRAPHS[4])]
        )
    )
    put("colder.txt", PARAGRAPHS[5:9])
    selected = {row.info.name: row.selected for row in shelf.rows(app_state, sessions, session)}
    assert selected == {"cold.txt": False, "one.txt": False, "two.txt": True, "colder.txt": False}


def test_what_is_dropped_takes_the_place_of_a_choice_nobody_made(
    app_state: AppState, sessions: Sessions, session: Session, drop: Drop, put: Put
) -> None:
    put("old.txt", PARAGRAPHS[:3])
    assert [row.selected for row in shelf.rows(app_state, sessions, session)] == [True]
    list(shelf.take_in(app_state, session, [drop("new.txt", TEXT)]))
    selected = {row.info.name: row.selected for row in shelf.rows(app_state, sessions, session)}
    assert selected == {"old.txt": False, "new.txt": True}


def test_what_is_dropped_comes_to_what_was_chosen(
    app_state: AppState, sessions: Sessions, session: Session, drop: Drop, put: Put
) -> None:
    old = put("old.txt", PARAGRAPHS[:3])
    shelf.choose(session, old.id, True)
    list(shelf.take_in(app_state, session, [drop("new.txt", TEXT)]))
    assert [row.selected for row in shelf.rows(app_state, sessions, session)] == [True, True]
    assert (
        session.selected[0] == old.id
    )  # documents are in the order of choosing, and suggestions are about the last


def test_nothing_chosen_is_a_choice(app_state: AppState, sessions: Sessions, session: Session, put: Put) -> None:
    document = put("log.txt")
    shelf.rows(app_state, sessions, session)
    shelf.choose(session, document.id, False)
    assert [row.selected for row in shelf.rows(app_state, sessions, session)] == [False]
    shelf.choose(session, document.id, True)
    shelf.choose(session, document.id, True)
    assert session.selected == [document.id]


def test_a_document_that_is_gone_is_asked_no_more(
    app_state: AppState, sessions: Sessions, session: Session, put: Put
) -> None:
    one, two = put("one.txt", PARAGRAPHS[:3]), put("two.txt", PARAGRAPHS[3:6])
    for document in (one, two):
        shelf.choose(session, document.id, True)
    app_state.library.remove(two.id)  # by another tab, or another process
    assert [row.info.id for row in shelf.rows(app_state, sessions, session)] == [one.id]
    assert session.selected == [one.id]


def test_a_failed_upload_changes_no_choice(app_state: AppState, session: Session, drop: Drop) -> None:
    empty = log(shelf.take_in(app_state, session, [drop("empty.txt", "")])).last
    assert empty.stage is Stage.FAILED
    assert "empty" in empty.message
    assert (session.selected, session.chose) == ([], False)
    assert files_in(app_state.uploads.folder) == []
