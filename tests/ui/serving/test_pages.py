"""The browser app beside the API, on one port, around one library."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import httpx
import pytest

pytest.importorskip("gradio")
pytest.importorskip("fastapi")

from wholedoc import Library, Settings
from wholedoc.server.serving import Address
from wholedoc.server.state import Options
from wholedoc_ui.app_state import AppState, Phase

from ...app.server.serving import Server, running, until

pytestmark = pytest.mark.embedded
NAME, GROUP = "ui", "wholedoc.pages"


def beside(settings: Settings, loaded: Library, key: str | None) -> Iterator[Server]:
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    make = EntryPoint(NAME, project["entry-points"][GROUP][NAME], GROUP).load()
    library = Library.open(settings=settings)
    library._model = loaded._model
    options = Options(key=key, hosts=Address().hosts)
    with running(library, options, pages=make(library, Address(), key=key, upload_bytes=10**6)) as started:
        started.wait_ready()
        yield started


@pytest.fixture
def server(settings: Settings, loaded: Library) -> Iterator[Server]:
    yield from beside(settings, loaded, None)


@pytest.fixture
def locked(settings: Settings, loaded: Library) -> Iterator[Server]:
    yield from beside(settings, loaded, "sesame")


def test_page_and_api_answer_on_one_port(server: Server) -> None:
    page = server.http.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert "wholedoc" in page.text
    assert server.http.get("/v1/models").json()["object"] == "list"
    assert server.http.get("/health").json()["status"] == "ready"
    assert server.http.get("/v1/nothing").json()["error"]["code"] == "not_found"
    assert server.http.get("/gradio_api/file=/etc/passwd").status_code == 404
    assert server.http.get("/", headers={"Host": "evil.example"}).status_code == 400


def test_the_page_works_beside_the_api(server: Server) -> None:
    """The page's events go through a queue that starts and ends with the application."""
    config = server.http.get("/config").json()
    loads = next(one for one in config["dependencies"] if any(event == "load" for _, event in one["targets"]))
    with httpx.Client(base_url=server.url, timeout=30) as http:
        joined = http.post(
            "/gradio_api/queue/join", json={"data": [], "fn_index": loads["id"], "session_hash": "a-tab"}
        )
        assert joined.status_code == 200, joined.text
        with http.stream("GET", "/gradio_api/queue/data", params={"session_hash": "a-tab"}) as stream:
            told = next(line for line in stream.iter_lines() if '"process_' in line)
    assert told


def test_they_share_one_library_and_the_state_is_cleared_in_the_end(
    settings: Settings, loaded: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[AppState] = []

    class Noted(AppState):
        def __init__(self, settings: Settings, folder: Path | None = None, library: Library | None = None) -> None:
            super().__init__(settings, folder, library)
            opened.append(self)

    monkeypatch.setattr("wholedoc_ui.serving.pages.AppState", Noted)
    with contextmanager(beside)(settings, loaded, None) as server:
        (app_state,) = opened
        until(lambda: app_state.state.phase is Phase.READY)
        id = server.upload("shared.txt", "From the API.").json()["id"]
        assert [info.id for info in app_state.library.documents()] == [id]
        assert app_state.library is server.library
        assert app_state.uploads.folder.exists()
    assert not app_state.uploads.folder.exists()


def test_the_key_locks_the_page_too(locked: Server) -> None:
    assert locked.http.get("/config").status_code == 401
    assert locked.http.get("/v1/models").status_code == 401
    assert locked.http.post("/gradio_api/queue/join", json={}).status_code == 401
    with httpx.Client(base_url=locked.url, timeout=30) as http:
        assert http.post("/login", data={"username": "wholedoc", "password": "guess"}).status_code == 400
        assert http.get("/config").status_code == 401
        assert http.post("/login", data={"username": "wholedoc", "password": "sesame"}).status_code == 200
        assert http.get("/config").status_code == 200


def test_the_installed_package_offers_the_pages() -> None:
    offered = [one.value for one in entry_points(group=GROUP) if one.name == NAME]
    if not offered:
        pytest.skip("what is installed here is older than the pages: pip install it again")
    assert offered == ["wholedoc_ui.serving.pages:pages"]
