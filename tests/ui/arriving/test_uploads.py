"""Dropped files are bounded in size and in time, and nothing of what did not arrive stays."""

from __future__ import annotations

import os
import shutil
import socket
import time
from collections import namedtuple
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("gradio")

from starlette.testclient import TestClient

from wholedoc import Library, Settings
from wholedoc.errors import WholedocError
from wholedoc_ui import app_state as app_states
from wholedoc_ui import shelf
from wholedoc_ui.app_state import AppState
from wholedoc_ui.arriving import uploads
from wholedoc_ui.arriving.uploads import KEPT_S, Uploads
from wholedoc_ui.serving import upload_limits
from wholedoc_ui.serving.server import Address, create_app
from wholedoc_ui.session import Session
from wholedoc_ui.shelf import Stage

from ...app.server.serving import running, until
from ..conftest import SAMPLES, Drop

pytestmark = pytest.mark.embedded
MB = 10**6
Disk = Callable[[int], None]
FORM = {"content-type": "multipart/form-data; boundary=b"}
HEAD = b'--b\r\nContent-Disposition: form-data; name="files"; filename="half.txt"\r\n\r\n'


@pytest.fixture
def held(tmp_path: Path) -> Uploads:
    (tmp_path / "uploads").mkdir()
    return Uploads(tmp_path / "uploads")


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """Makes the disk have so many bytes free."""
    usage = namedtuple("usage", "free")

    def free(count: int) -> None:
        monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(count))

    return free


@pytest.fixture
def client(app_state: AppState, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    for variable in ("GRADIO_TEMP_DIR", "GRADIO_ANALYTICS_ENABLED"):
        monkeypatch.setenv(variable, "")
    return TestClient(create_app(app_state, Address(), 5 * MB), base_url="http://127.0.0.1:7860")


def in_pieces(size: int) -> Iterator[bytes]:
    """Give a form with a file of so many bytes, whose length nobody announces."""
    yield HEAD
    yield from [b"x" * 50_000] * (size // 50_000)
    yield b"\r\n--b--\r\n"


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def put(held: Uploads, name: str, size: int = 10, age_s: float = 0) -> Path:
    path = held.folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"x" * size)
    os.utime(path, (time.time() - age_s,) * 2)
    return path


# In sum


def test_all_uploads_take_at_most_half_of_the_disk(held: Uploads, disk: Disk) -> None:
    put(held, "a.txt", 100)
    for free, coming, room in ((120, 10, True), (120, 11, False), (100, 0, True), (100, 1, False), (1, 0, False)):
        disk(free)
        assert held.has_room(coming) is room


def test_one_address_takes_at_most_half_of_that(held: Uploads, disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is on its way counts, and what its tabs have taken."""
    disk(800)
    first, second = put(held, "one/a.txt", 100), put(held, "two/b.txt", 50)
    held.arrived("10.0.0.1", [first, second])
    held.take([first], [])
    assert held.has_room(87, "10.0.0.1")  # half of 950 may be held, and a quarter by one
    assert not held.has_room(88, "10.0.0.1")
    assert held.has_room(237, "10.0.0.2")
    held.arriving("10.0.0.1", 80)
    assert held.has_room(7, "10.0.0.1")
    assert not held.has_room(8, "10.0.0.1")
    held.arriving("10.0.0.1", -80)
    second.unlink()
    disk(850)
    assert held.has_room(137, "10.0.0.1")
    monkeypatch.setattr(uploads, "MOST_FILES", 4)
    held.arrived("10.0.0.1", [put(held, "three/c.txt", 1)])
    assert not held.has_room(1, "10.0.0.1")
    assert held.has_room(1, "10.0.0.2")


def test_who_has_sent_a_file_is_known(app_state: AppState, client: TestClient, disk: Disk) -> None:
    disk(16 * MB)
    sent = [client.post("/gradio_api/upload", files={"files": (f"{n}.txt", b"x" * 3 * MB)}) for n in range(2)]
    assert [answer.status_code for answer in sent] == [200, 413]
    assert app_state.uploads.has_room(3 * MB, "another")
    assert set(app_state.uploads._senders.values()) == {"testclient"}
    assert not app_state.uploads._arriving


def test_there_are_not_endlessly_many(held: Uploads, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MOST_FILES", 2)
    put(held, "a.txt")
    assert held.has_room(1)
    put(held, "b.txt")
    assert not held.has_room(1)


def test_a_full_disk_refuses_and_keeps_nothing(app_state: AppState, client: TestClient, disk: Disk) -> None:
    disk(0)
    answer = client.post("/gradio_api/upload", files={"files": ("a.txt", b"x")})
    assert answer.status_code == 413
    assert "no room" in answer.text
    assert files_in(app_state.uploads.folder) == []


def test_a_disk_that_fills_up_ends_the_upload(
    app_state: AppState, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "free")

    def disk_usage(folder: Path) -> usage:
        return usage(6 * MB - sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()))

    monkeypatch.setattr(shutil, "disk_usage", disk_usage)
    monkeypatch.setattr(upload_limits, "LOOK_AGAIN_BYTES", MB // 10)
    assert client.post("/gradio_api/upload", content=in_pieces(MB), headers=FORM).status_code == 200
    assert client.post("/gradio_api/upload", content=in_pieces(2 * MB), headers=FORM).status_code == 413
    assert [path.stat().st_size for path in app_state.uploads.folder.rglob("*.txt")] == [MB]


# Of one tab


def test_a_tab_holds_so_much_and_no_more(held: Uploads, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "TAB_BYTES", 100)
    (first,) = held.take([put(held, "one/a.txt", 150)], [])  # one file may be larger
    again = put(held, "two/b.txt", 10)
    with pytest.raises(WholedocError, match="one window"):
        held.take([again], [first])
    assert not again.exists()
    held.discard(first)
    assert held.take([put(held, "three/b.txt", 10)], [first])[0].name == "b.txt"


def test_a_tab_that_holds_too_much_is_told_so(
    app_state: AppState, session: Session, drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    (locked,) = list(shelf.take_in(app_state, session, [drop("locked.pdf", SAMPLES / "encrypted.pdf")]))[-1]
    assert locked.stage is Stage.LOCKED
    monkeypatch.setattr(uploads, "TAB_BYTES", 100)
    (told,) = list(shelf.take_in(app_state, session, [drop("more.txt", "More." * 30)]))[-1]
    assert (told.stage, "one window" in told.message) == (Stage.FAILED, True)
    assert files_in(app_state.uploads.folder) == ["locked.pdf"]
    (opened,) = list(shelf.unlock(app_state, session, "lighthouse"))[-1]
    assert opened.stage is Stage.DONE
    assert session.waiting == []
    (read,) = list(shelf.take_in(app_state, session, [drop("more.txt", "More." * 30)]))[-1]
    assert read.stage is Stage.DONE


def test_files_that_are_dropped_together_are_bounded_together(
    app_state: AppState, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each may be as large as one file may be, and Gradio itself takes a thousand of them."""
    monkeypatch.setattr(upload_limits, "TAB_BYTES", MB)
    client = TestClient(create_app(app_state, Address(), MB), base_url="http://127.0.0.1:7860")
    files = [("files", (f"{n}.txt", bytes([n]) * MB)) for n in range(3)]
    answer = client.post("/gradio_api/upload", files=files)
    assert (answer.status_code, "drop fewer" in answer.text) == (413, True)
    assert files_in(app_state.uploads.folder) == []
    assert client.post("/gradio_api/upload", files=files[:1]).status_code == 200
    assert client.post("/gradio_api/upload", content=in_pieces(4 * MB), headers=FORM).status_code == 413
    assert files_in(app_state.uploads.folder) == ["0.txt"]


# In time


def test_what_nobody_takes_goes_after_an_hour(held: Uploads) -> None:
    assert KEPT_S == 3600
    put(held, "old/a.txt", age_s=3700)
    put(held, "new/b.txt", age_s=3500)
    put(held, "tmpcut", age_s=3700)
    os.utime(held.folder / "old", (0, 0))
    held.remove_old()
    assert files_in(held.folder) == ["b.txt"]
    os.utime(held.folder / "old", (0, 0))
    held.remove_old()
    assert [path.name for path in held.folder.iterdir()] == ["new"]


def test_what_a_tab_works_on_stays_and_gets_an_hour_more(held: Uploads) -> None:
    file = put(held, "a/a.txt", age_s=7200)
    with held.work_on([file, held.folder / "gone.txt"]):
        held.remove_old()
        assert file.exists()
    held.remove_old()
    assert file.exists()
    held.remove_old(older_than_s=-1)
    assert not file.exists()


def test_a_file_that_waited_too_long_for_its_password_is_said_to_be_gone(
    app_state: AppState, session: Session, drop: Drop
) -> None:
    list(shelf.take_in(app_state, session, [drop("locked.pdf", SAMPLES / "encrypted.pdf")]))
    app_state.uploads.remove_old(older_than_s=-1)
    assert files_in(app_state.uploads.folder) == []
    (told,) = list(shelf.unlock(app_state, session, "lighthouse"))[-1]
    assert (told.stage, told.message) == (Stage.FAILED, "locked.pdf is not here any more: drop it again.")
    assert session.waiting == session.locked == []


def test_a_running_app_looks_for_them(settings: Settings, loaded: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_states, "LOOKED_FOR_S", 0.01)
    app_state = AppState(settings)
    app_state.library._model = loaded._model
    old, new = (put(app_state.uploads, name, age_s=age) for name, age in (("old.txt", 3700), ("new.txt", 0)))
    app_state.start()
    try:
        until(lambda: not old.exists())
        assert new.exists()
    finally:
        app_state.close()


def test_the_work_of_a_tab_that_is_gone_leaves_no_file(app_state: AppState, session: Session, drop: Drop) -> None:
    work = shelf.take_in(app_state, session, [drop("a.txt", "One."), drop("b.txt", "Two.")])
    next(work)
    assert files_in(app_state.uploads.folder) == ["a.txt", "b.txt"]
    session.stop()  # as the page does when its tab is closed
    list(work)
    assert files_in(app_state.uploads.folder) == []
    assert session.waiting == []


# Cut off


def test_an_upload_that_is_cut_off_leaves_nothing(settings: Settings, loaded: Library) -> None:
    library = Library.open(settings=settings)
    library._model = loaded._model
    app_state = AppState(settings, library=library)
    folder = app_state.uploads.folder
    with running(library, pages=create_app(app_state, Address(), 5 * MB)) as server:
        with socket.create_connection(("127.0.0.1", int(server.url.rsplit(":", 1)[1]))) as raw:
            raw.sendall(
                b"POST /gradio_api/upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4000000\r\n"
                b"Content-Type: multipart/form-data; boundary=b\r\n\r\n" + HEAD + b"x" * MB
            )
            until(lambda: files_in(folder))
        until(lambda: not files_in(folder))
    app_state.close()
