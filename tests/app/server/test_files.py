"""/v1/files: what can be uploaded, kept, found again and deleted."""

from __future__ import annotations

import os
import tempfile
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi")

from wholedoc import Library, Settings
from wholedoc.documents.document import Document
from wholedoc.runtime.client import Client
from wholedoc.storage.files.sealing import KEY_VARIABLE

from ..conftest import SAMPLES
from .serving import Server, log, running, until
from .test_chat import error

pytestmark = pytest.mark.embedded


@pytest.fixture
def empty(settings: Settings, server: Server) -> Any:
    """A server of its own with an empty shelf, whose model is loaded already."""
    library = Library.open(settings=settings)
    library._model = server.library._model
    with running(library) as started:
        yield started


def listed(server: Server, **query: Any) -> dict[str, Any]:
    response = server.http.get("/v1/files", params=query)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def test_an_id_is_the_contents_hash_and_the_same_file_is_the_same_document(server: Server) -> None:
    content = log("twice", 3).encode()
    first, second = server.upload("one.txt", content).json(), server.upload("two.txt", content).json()
    assert first["id"] == second["id"] == sha256(content).hexdigest()
    assert (first["object"], first["bytes"], first["status"]) == ("file", len(content), "processed")
    assert first["filename"] == second["filename"] == "one.txt"
    assert server.http.get(f"/v1/files/{first['id']}").json() == first


def test_a_file_of_an_encrypted_library_comes_back_as_it_was(
    settings: Settings, server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, b64encode(bytes(32)).decode())
    library = Library.open(tmp_path / "sealed", settings)
    library._model = server.library._model
    content = log("sealed", 3).encode()
    with running(library) as started:
        uploaded = started.upload("sealed.txt", content).json()
        assert uploaded["bytes"] == len(content)
        returned = started.http.get(f"/v1/files/{uploaded['id']}/content")
        assert (returned.status_code, returned.content) == (200, content)
    assert content[:20] not in library.folder.originals.path(uploaded["id"]).read_bytes()


def test_extraction_has_places(server: Server) -> None:
    """They are shared with the browser app's tabs, and freed whatever becomes of the file."""
    places, here = server.library.extractions, Client("127.0.0.1")
    with ThreadPoolExecutor(1) as pool, ExitStack() as held:
        for _ in range(2):
            held.enter_context(places.take(here))
        asked = pool.submit(server.upload, "third.txt", log("a third", 3))
        until(lambda: places.waiting == 1)
        assert not asked.done()
        held.close()
        assert asked.result().status_code == 200
    error(server.upload("broken.pdf", b"%PDF-1.4 nothing"))
    assert (places.working, places.waiting) == (0, 0)


def test_the_shelf_comes_in_pages(empty: Server) -> None:
    assert listed(empty) == {"object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False}
    ids = []
    for n in range(5):
        ids.append(empty.upload(f"{n}.txt", f"File {n}.").json()["id"])
        os.utime(empty.library.folder.catalog.path(ids[-1]), (n, n))
    newest = ids[::-1]
    assert [one["id"] for one in listed(empty)["data"]] == newest
    assert [one["id"] for one in listed(empty, order="asc")["data"]] == ids
    first = listed(empty, limit=2)
    assert ([one["id"] for one in first["data"]], first["has_more"]) == (newest[:2], True)
    assert (first["first_id"], first["last_id"]) == (newest[0], newest[1])
    last = listed(empty, limit=3, after=first["last_id"])
    assert ([one["id"] for one in last["data"]], last["has_more"]) == (newest[2:], False)
    assert len(listed(empty, purpose="assistants")["data"]) == 5
    assert listed(empty, purpose="batch")["data"] == []
    assert error(empty.http.get("/v1/files", params={"after": "x"}))["param"] == "after"
    assert error(empty.http.get("/v1/files", params={"limit": 0}))["param"] == "limit"


def test_a_deleted_file_is_gone_with_all_that_was_read_of_it(empty: Server) -> None:
    id = empty.upload("log.txt", log("deleted")).json()["id"]
    question = [{"type": "file", "file": {"file_id": id}}, {"type": "text", "text": "When?"}]
    assert empty.ask(question).status_code == 200
    store = empty.library.folder.store
    assert list(store)
    assert empty.http.delete(f"/v1/files/{id}").json() == {"id": id, "object": "file", "deleted": True}
    assert not list(store)
    for response in (
        empty.http.get(f"/v1/files/{id}"),
        empty.http.get(f"/v1/files/{id}/content"),
        empty.http.delete(f"/v1/files/{id}"),
        empty.ask(question),
    ):
        assert error(response, 404)["code"] == "file_not_found"
    assert empty.upload("log.txt", log("deleted")).json()["id"] == id


def test_only_a_whole_id_names_a_file(server: Server) -> None:
    id = server.upload("whole.txt", "A whole id.").json()["id"]
    for wrong in (id[:12], id.upper(), "..%2Flibrary", f"{id}x", f"text-{id}"):
        assert error(server.http.delete(f"/v1/files/{wrong}"), 404)
    assert server.http.get(f"/v1/files/{id}").status_code == 200


def test_a_text_from_a_message_can_be_looked_up_and_deleted(server: Server) -> None:
    """Citations name the text, so it can be found, although it is not on the shelf."""
    text = log("looked up")
    with server.http.stream(
        "POST", "/v1/chat/completions", json={"messages": [{"role": "user", "content": f"{text}\n\nWhen?"}]}
    ) as response:
        response.read()
    id = server.library.texts()[-1].id
    assert server.http.get(f"/v1/files/{id}").json()["bytes"] == len(text)
    content = server.http.get(f"/v1/files/{id}/content")
    assert (content.text, content.headers["x-content-type-options"]) == (text, "nosniff")
    assert id not in [one["id"] for one in listed(server)["data"]]
    assert server.http.delete(f"/v1/files/{id}").json()["deleted"]
    error(server.http.get(f"/v1/files/{id}"), 404)


def test_a_web_page_comes_back_as_a_download(server: Server) -> None:
    page = "<!doctype html><html><body><p>Hello <script>alert(1)</script></p></body></html>"
    id = server.upload("päge.html", page).json()["id"]
    content = server.http.get(f"/v1/files/{id}/content")
    assert content.text == page
    assert content.headers["content-type"] == "application/octet-stream"
    assert content.headers["content-disposition"].startswith("attachment")


def test_an_encrypted_file_wants_its_password(empty: Server) -> None:
    data = (SAMPLES / "encrypted.pdf").read_bytes()
    assert error(empty.upload("locked.pdf", data))["code"] == "encrypted_file"
    assert error(empty.upload("locked.pdf", data, password="seagull"))["code"] == "encrypted_file"
    assert listed(empty)["data"] == []
    opened = empty.upload("locked.pdf", data, password="lighthouse")
    assert opened.json()["filename"] == "locked.pdf"
    assert "lighthouse" not in opened.text


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.pdf", b"not a PDF", "unreadable_file"),
        ("a.pdf", b"%PDF-1.7\nand nothing else", "unreadable_file"),
        ("a.txt", b"", "unreadable_file"),
        ("a.txt", b"  \n", "no_text"),
        ("a.zip", b"PK\x03\x04 and more", "unreadable_file"),
        ("a.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "unreadable_file"),
    ],
)
def test_what_cannot_be_read_is_not_kept(server: Server, name: str, content: bytes, code: str) -> None:
    assert error(server.upload(name, content))["code"] == code
    assert error(server.http.get(f"/v1/files/{sha256(content).hexdigest()}"), 404)


def test_uploads_are_private_and_leave_nothing_behind(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The framework holds a large upload in a file without a name; everything else is in the library's folder."""
    incoming, temporary = server.library.folder.incoming.folder, tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    seen: list[tuple[str, int]] = []
    parse = Library.parse

    def watched(library: Library, path: Path, password: str | None = None) -> Document:
        seen.append((path.name, path.parent.stat().st_mode & 0o077))
        assert path.parent.parent == incoming
        assert list(temporary.iterdir()) == []
        return parse(library, path, password)

    monkeypatch.setattr(Library, "parse", watched)
    assert server.upload("../../etc/notes.txt", "Some notes.").json()["filename"] == "notes.txt"
    error(server.upload("empty.txt", b""))
    server.upload("large.txt", log("large", 40_000))
    assert seen == [("notes.txt", 0), ("empty.txt", 0), ("large.txt", 0)]
    assert list(incoming.iterdir()) == []
    assert list(temporary.iterdir()) == []


def test_what_cannot_be_honoured_is_refused(server: Server) -> None:
    assert error(server.upload("a.txt", "A.", purpose="fine-tune"))["param"] == "purpose"
    later = {"expires_after[anchor]": "created_at", "expires_after[seconds]": "3600"}
    assert error(server.upload("a.txt", "A.", **later))["param"] == "expires_after"
    assert error(server.http.post("/v1/files", data={"purpose": "user_data"}))["param"] == "file"
    assert error(server.http.post("/v1/files", content=b"x", headers={"content-type": "multipart/form-data"}))


def test_a_full_disk_is_said_so(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("wholedoc.storage.files.originals.shutil.copyfile", full)
    refused = error(server.upload("disk.txt", "No room for this."), 507)
    assert (refused["code"], refused["type"]) == ("insufficient_storage", "server_error")
    assert "full" in refused["message"]
