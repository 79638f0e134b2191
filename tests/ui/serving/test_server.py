"""The web application: it serves, loads and lets in only what is needed."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("gradio")

import uvicorn
from starlette.testclient import TestClient

from wholedoc import Settings
from wholedoc.errors import WholedocError
from wholedoc.server.guarding.slow_clients import ImpatientProtocol
from wholedoc_ui.app_state import AppState
from wholedoc_ui.serving.access import HEADERS, POLICY
from wholedoc_ui.serving.server import Address, PortError, create_app, serve

URL = "http://127.0.0.1:7860"
LIMIT = 1000  # bytes of an upload
USER, PASSWORD = "anna", "sesame"
SECRET = b"what nobody else may read"
OPEN = Address()
PRIVATE = Address(auth=(USER, PASSWORD))

Start = Callable[[Address], tuple[AppState, TestClient]]


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """A running app for each address, made once. These tests need no model."""
    with pytest.MonkeyPatch.context() as patch:
        for variable in ("GRADIO_TEMP_DIR", "GRADIO_ANALYTICS_ENABLED"):  # which making an app sets
            patch.setenv(variable, "")
        running: dict[Address, tuple[AppState, TestClient]] = {}

        def make(address: Address) -> tuple[AppState, TestClient]:
            if address not in running:
                app_state = AppState(Settings(), tmp_path_factory.mktemp("library"))
                app = create_app(app_state, address, LIMIT)
                client = TestClient(app, base_url=f"http://{address.host}:{address.port}", follow_redirects=False)
                running[address] = app_state, client
            return running[address]

        yield make
        for app_state, _ in running.values():
            app_state.close()


@pytest.fixture
def app_state(start: Start) -> AppState:
    return start(OPEN)[0]


@pytest.fixture
def client(start: Start) -> TestClient:
    return start(OPEN)[1]


@pytest.fixture
def stranger(start: Start) -> TestClient:
    """A visitor of the private app who has not logged in."""
    client = start(PRIVATE)[1]
    client.cookies.clear()
    return client


def upload(client: TestClient, content: bytes = SECRET, name: str = "a.txt") -> Any:
    return client.post("/gradio_api/upload", files={"files": (name, content)})


# The page


def test_the_page_is_there(client: TestClient) -> None:
    answer = client.get("/")
    assert answer.status_code == 200
    config = client.get("/config").json()
    assert config["title"] == "wholedoc"
    assert config["components"]


def test_the_page_asks_nobody_else_for_anything() -> None:
    directives = dict(directive.split(" ", 1) for directive in POLICY.split("; "))
    assert directives["default-src"] == "'self'"
    for name, sources in directives.items():
        assert not {"*", "http:", "https:", "ws:", "wss:"} & set(sources.split()), name
        assert "//" not in sources
    assert directives["object-src"] == directives["frame-ancestors"] == "'none'"


def test_the_headers_keep_the_page_to_itself() -> None:
    assert HEADERS == {
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }


EVERY_ANSWER: dict[str, Callable[[TestClient], Any]] = {
    "page": lambda client: client.get("/"),
    "config": lambda client: client.get("/config"),
    "style": lambda client: client.get("/theme.css"),
    "nothing": lambda client: client.get("/nowhere"),
    "wrong method": lambda client: client.delete("/config"),
    "uploaded": lambda client: upload(client),
    "too large": lambda client: upload(client, b"x" * 5 * LIMIT),
    "no upload": lambda client: client.post("/gradio_api/upload", content=b"nonsense"),
    "file": lambda client: client.get("/gradio_api/file=/etc/passwd"),
    "head": lambda client: client.head("/"),
    "another host": lambda client: client.get("/", headers={"host": "example.com"}),
}


@pytest.mark.parametrize("name", EVERY_ANSWER)
def test_every_answer_has_the_headers(client: TestClient, name: str) -> None:
    answer = EVERY_ANSWER[name](client)
    assert {header: answer.headers.get(header) for header in HEADERS} == HEADERS


@pytest.mark.parametrize(
    "path", ["/docs", "/redoc", "/openapi.json", "/gradio_api/openapi.json", "/gradio_api/docs"]
)
def test_there_is_no_interface_for_programs_and_no_page_about_one(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_no_event_has_a_name_to_call_it_by(client: TestClient) -> None:
    config = client.get("/config").json()
    assert config["dependencies"]
    assert {one["api_visibility"] for one in config["dependencies"]} == {"private"}


# Files


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file={file}",
        "/gradio_api/file%3D{file}",
        "/gradio_api/file/{file}",
        "/file={file}",
        "/file/{file}",
        "/gradio_api//file={file}",
        "/gradio_api/%66ile={file}",
        "/gradio_api/%66ile/{file}",
    ],
)
def test_an_uploaded_file_is_not_handed_out(app_state: AppState, client: TestClient, path: str) -> None:
    (file,) = upload(client).json()
    assert Path(file).read_bytes() == SECRET
    assert app_state.uploads.folder in Path(file).parents
    for ask in (client.get, client.head):
        answer = ask(path.format(file=file))
        assert answer.status_code == 404
        assert SECRET not in answer.content


@pytest.mark.parametrize("path", ["/gradio_api/proxy=http://example.com", "/gradio_api/stream/a/b/1/playlist-file"])
def test_nothing_is_fetched_or_streamed(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_a_file_beyond_the_limit_is_refused(app_state: AppState, client: TestClient) -> None:
    answer = upload(client, b"x" * (LIMIT + 1), "large.txt")
    assert answer.status_code == 413
    assert str(LIMIT) in answer.text
    assert not list(app_state.uploads.folder.rglob("large.txt"))
    assert upload(client, b"x" * LIMIT).status_code == 200


@pytest.mark.parametrize("name", ["../../evil.txt", "/etc/evil.txt", "..\\evil.txt"])
def test_an_upload_stays_in_its_folder(app_state: AppState, client: TestClient, name: str) -> None:
    (file,) = upload(client, name=name).json()
    assert app_state.uploads.folder.resolve() in Path(file).resolve().parents


# Hosts


@pytest.mark.parametrize(
    "host", ["example.com", "example.com:7860", "127.0.0.1.example.com", "localhost.example.com"]
)
def test_another_name_for_this_machine_is_refused(client: TestClient, host: str) -> None:
    answer = client.get("/config", headers={"host": host})
    assert answer.status_code == 400
    assert "components" not in answer.text


@pytest.mark.parametrize("host", ["localhost", "localhost:7860", "127.0.0.1:1234", "[::1]:7860", "LOCALHOST"])
def test_this_machines_own_names_are_fine(client: TestClient, host: str) -> None:
    assert client.get("/theme.css", headers={"host": host}).status_code == 200


def test_the_page_opens_at_every_address_of_this_machine(start: Start) -> None:
    """`wholedoc ui --host 127.0.0.2` prints this address, so it has to work."""
    address = Address("127.0.0.2")
    assert address.is_loopback
    assert start(address)[1].get("/theme.css").status_code == 200


def test_a_server_for_others_answers_to_its_names(start: Start) -> None:
    client = start(Address("0.0.0.0", auth=(USER, PASSWORD)))[1]
    assert client.get("/", headers={"host": "library.example.com"}).status_code == 200


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.0.0.2", True),
        ("localhost", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.5", False),
        ("example.com", False),
        ("localhost.example.com", False),
        ("", False),
    ],
)
def test_who_can_connect(host: str, expected: bool) -> None:
    assert Address(host).is_loopback is expected


def test_an_address_is_written_as_browsers_take_it() -> None:
    assert Address().url == "http://127.0.0.1:7860"
    assert Address("::1", 80).url == "http://[::1]:80"


# Logging in

BEHIND_THE_DOOR = ["/config", "/gradio_api/queue/data?session_hash=x", "/logout"]


@pytest.mark.parametrize("path", BEHIND_THE_DOOR)
def test_nothing_is_shown_before_the_login(stranger: TestClient, path: str) -> None:
    assert stranger.get(path).status_code == 401


def test_the_page_before_the_login_asks_for_one_and_holds_nothing_else(stranger: TestClient) -> None:
    answer = stranger.get("/")
    assert '"auth_required":true' in answer.text.replace(" ", "")
    assert "wd-documents" not in answer.text


def test_nothing_is_taken_before_the_login(start: Start, stranger: TestClient) -> None:
    app_state = start(PRIVATE)[0]
    assert upload(stranger, name="intruder.txt").status_code == 401
    assert not list(app_state.uploads.folder.rglob("intruder.txt"))
    join = {"data": [], "fn_index": 0, "session_hash": "x"}
    assert stranger.post("/gradio_api/queue/join", content=json.dumps(join)).status_code == 401


@pytest.mark.parametrize(("name", "password"), [(USER, "wrong"), ("bob", PASSWORD), (USER, ""), ("", "")])
def test_a_wrong_name_or_password_does_not_open(stranger: TestClient, name: str, password: str) -> None:
    answer = stranger.post("/login", data={"username": name, "password": password})
    assert answer.status_code in (400, 422)
    assert stranger.get("/config").status_code == 401


def test_the_right_name_and_password_open(stranger: TestClient) -> None:
    assert stranger.post("/login", data={"username": USER, "password": PASSWORD}).status_code == 200
    assert stranger.get("/config").json()["components"]
    assert upload(stranger).status_code == 200
    stranger.cookies.clear()
    assert stranger.get("/config").status_code == 401


def test_the_password_is_in_nothing_that_is_served(stranger: TestClient) -> None:
    stranger.post("/login", data={"username": USER, "password": PASSWORD})
    for path in ("/", "/config", "/gradio_api/info"):
        assert PASSWORD not in stranger.get(path).text


# Ports


def test_a_port_in_use_is_said_so(client: TestClient) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortError, match=rf"{port}.*--port") as error:
            serve(client.app, Address(port=port), lambda: pytest.fail("it is not ready"))  # type: ignore[arg-type]
    assert isinstance(error.value, WholedocError)


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_of_another_machine_is_said_so(client: TestClient, host: str) -> None:
    with pytest.raises(PortError, match=host):
        serve(client.app, Address(host), lambda: pytest.fail("it is not ready"))  # type: ignore[arg-type]


def test_clients_that_send_slowly_are_closed_as_by_the_api(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    protocols: list[object] = []
    monkeypatch.setattr(uvicorn.Server, "run", lambda server, sockets: protocols.append(server.config.http))
    serve(client.app, Address(port=0), lambda: None)  # type: ignore[arg-type]
    assert protocols == [ImpatientProtocol]
