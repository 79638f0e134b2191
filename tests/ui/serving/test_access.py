"""Who reaches the page's routes: whatever routes Gradio has, foreign pages and strangers can do nothing by them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from http.cookies import SimpleCookie
from typing import Any, NamedTuple

import pytest

pytest.importorskip("gradio")

from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from wholedoc import Settings
from wholedoc_ui.app_state import AppState
from wholedoc_ui.serving.access import AFTER_LOGIN, BEFORE_LOGIN
from wholedoc_ui.serving.server import Address, create_app

USER, PASSWORD = "anna", "sesame"
HERE = "http://127.0.0.1:7860"
FRIEND = "https://docs.example"
# What Gradio 6.31 has that does something. The page uses some of it; a foreign page and a stranger use none.
WITH_AN_EFFECT = {
    ("GET", "/logout"),
    ("GET", "/gradio_api/heartbeat/tab"),
    ("GET", "/gradio_api/queue/data"),
    ("GET", "/gradio_api/startup-events"),
    ("GET", "/gradio_api/deep_link"),
    ("POST", "/login"),
    ("POST", "/gradio_api/api/tab"),
    ("POST", "/gradio_api/call/tab"),
    ("POST", "/gradio_api/cancel"),
    ("POST", "/gradio_api/component_server"),
    ("POST", "/gradio_api/process_recording"),
    ("POST", "/gradio_api/queue/join"),
    ("POST", "/gradio_api/reset"),
    ("POST", "/gradio_api/run/tab"),
    ("POST", "/gradio_api/stream/tab"),
    ("POST", "/gradio_api/stream/tab/close"),
    ("POST", "/gradio_api/upload"),
    ("POST", "/gradio_api/vibe-edit"),
    ("POST", "/gradio_api/undo-vibe-edit"),
}
FOREIGN: tuple[dict[str, str], ...] = (
    {"Origin": "http://evil.example"},
    {"Origin": "http://127.0.0.1:3000"},
    {"Origin": "http://localhost:7860"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
    {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"},
)
LINK = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


class Running(NamedTuple):
    app_state: AppState
    client: TestClient


Start = Callable[..., Running]


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Makes an app, which needs no model."""
    with pytest.MonkeyPatch.context() as patch:
        for variable in ("GRADIO_TEMP_DIR", "GRADIO_ANALYTICS_ENABLED"):
            patch.setenv(variable, "")
        running: list[Running] = []

        def make(auth: tuple[str, str] | None = None, origins: tuple[str, ...] = ()) -> Running:
            app_state = AppState(Settings(), tmp_path_factory.mktemp("library"))
            app = create_app(app_state, Address(auth=auth), 10**6, origins)
            running.append(Running(app_state, TestClient(app, base_url=HERE, follow_redirects=False)))
            return running[-1]

        yield make
        for one in running:
            one.app_state.close()


@pytest.fixture(scope="module")
def public(start: Start) -> Running:
    return start()


@pytest.fixture(scope="module")
def _private(start: Start) -> Running:
    return start((USER, PASSWORD))


@pytest.fixture
def private(_private: Running) -> Running:
    """An app that wants a login, before it."""
    _private.client.cookies.clear()
    return _private


def routes(app: Any) -> Iterator[tuple[str, str]]:
    """Every method and path of an application and of what is mounted or included in it; parameters are `tab`."""
    for route in app.routes:
        inner = getattr(route, "original_router", None)  # how FastAPI holds a router that was included
        if isinstance(route, Mount):
            assert route.path == ""
            yield from routes(route.app)
        elif inner is not None:
            yield from routes(inner)
        else:
            assert isinstance(route, Route), f"what is {route}?"
            for method in route.methods or ():
                yield method, re.sub(r"\{[^}]*\}", "tab", route.path)


@pytest.fixture(scope="module")
def all_routes(public: Running) -> list[tuple[str, str]]:
    return sorted(set(routes(public.client.app)))


def in_use(path: str) -> bool:
    return any(path == one or (one != "/" and one.endswith("/") and path.startswith(one)) for one in USED)


USED = BEFORE_LOGIN + AFTER_LOGIN


def test_gradios_routes_are_found(all_routes: list[tuple[str, str]]) -> None:
    assert {path for _, path in all_routes} >= {"/", "/config", "/gradio_api/queue/join", "/gradio_api/upload"}
    assert set(all_routes) >= WITH_AN_EFFECT


def test_the_page_uses_only_routes_that_there_are(all_routes: list[tuple[str, str]]) -> None:
    there = {path for _, path in all_routes}
    assert {one for one in USED if one not in there and not any(path.startswith(one) for path in there)} == set()


def test_a_foreign_page_reaches_no_route(public: Running, all_routes: list[tuple[str, str]]) -> None:
    for method, path in all_routes:
        for headers in FOREIGN:
            answer = public.client.request(method, path, headers=headers)
            assert (answer.status_code, method, path) == (403, method, path), headers
    assert list(public.app_state.uploads.folder.iterdir()) == []


def test_a_link_opens_the_page_alone(public: Running, all_routes: list[tuple[str, str]]) -> None:
    opened = {
        (method, path)
        for method, path in all_routes
        if public.client.request(method, path, headers=LINK).status_code != 403
    }
    assert opened == {("GET", "/"), ("HEAD", "/")}


def test_what_the_page_does_not_use_is_not_there(public: Running, all_routes: list[tuple[str, str]]) -> None:
    closed = [(method, path) for method, path in all_routes if not in_use(path)]
    assert len(closed) > 20
    for method, path in closed:
        assert (public.client.request(method, path).status_code, path) == (404, path)


def test_a_stranger_reaches_what_a_login_needs_and_nothing_else(
    private: Running, all_routes: list[tuple[str, str]]
) -> None:
    """401 comes before anything is said about the request itself."""
    nonsense: tuple[dict[str, Any], ...] = (
        {},
        {"json": {"data": 7}},
        {"content": b"\0", "headers": {"content-type": "application/json"}},
        {"files": {"files": ("intruder.txt", b"x")}},
        {"params": {"session_hash": ["a", "b"], "upload_id": ""}},
    )
    for method, path in all_routes:
        for rest in nonsense:
            found = private.client.request(method, path, **rest).status_code
            if path in BEFORE_LOGIN or any(
                len(one) > 1 and one[-1] == "/" and path.startswith(one) for one in BEFORE_LOGIN
            ):
                assert found != 401, path
            else:
                assert (found, path) == (401 if in_use(path) else 404, path)
    assert list(private.app_state.uploads.folder.rglob("*")) == []


def test_what_needs_no_login_changes_nothing_but_the_login(all_routes: list[tuple[str, str]]) -> None:
    open_to_all = {(method, path) for method, path in all_routes if path in BEFORE_LOGIN}
    assert {one for one in open_to_all if one[0] not in ("GET", "HEAD")} == {("POST", "/login")}
    assert not open_to_all & (WITH_AN_EFFECT - {("POST", "/login")})


def test_a_login_opens_all_that_is_used(private: Running) -> None:
    assert private.client.post("/login", data={"username": USER, "password": PASSWORD}).status_code == 200
    assert private.client.get("/config").status_code == 200
    assert private.client.post("/gradio_api/queue/join", json={}).status_code == 422
    assert private.client.get("/gradio_api/queue/data").status_code == 422
    private.client.get("/logout")
    assert private.client.get("/config").status_code == 401


def test_cookies_go_to_no_other_page(private: Running) -> None:
    answer = private.client.post("/login", data={"username": USER, "password": PASSWORD})
    cookies = [morsel for one in answer.headers.get_list("set-cookie") for morsel in SimpleCookie(one).values()]
    assert len(cookies) == 2
    for cookie in cookies:
        assert cookie["samesite"].lower() == "strict"
        assert cookie["httponly"]
        assert len(cookie.value) > 20


def test_a_logout_takes_the_cookies_back(private: Running) -> None:
    private.client.post("/login", data={"username": USER, "password": PASSWORD})
    answer = private.client.get("/logout")
    assert answer.status_code == 302
    cookies = [morsel for one in answer.headers.get_list("set-cookie") for morsel in SimpleCookie(one).values()]
    assert [cookie["max-age"] for cookie in cookies] == ["0", "0"]


def test_a_link_comes_back_to_the_page_with_its_cookie(private: Running) -> None:
    """Browsers send strict cookies with no request that another site began."""
    answer = private.client.get("/", headers=LINK)
    assert (answer.status_code, answer.text.count("refresh")) == (200, 1)
    assert "auth_required" not in answer.text
    assert "auth_required" in private.client.get("/", headers={**LINK, "Sec-Fetch-Site": "same-origin"}).text


def test_no_other_origin_may_read_an_answer(start: Start) -> None:
    client = start(origins=(FRIEND,)).client
    for origin in (HERE, FRIEND):
        for method in ("GET", "OPTIONS"):
            wanted = {"Origin": origin, "Access-Control-Request-Method": "POST"}
            answer = client.request(method, "/config", headers=wanted)
            assert [name for name in answer.headers if name.startswith("access-control-")] == []
    assert client.get("/config", headers={"Origin": FRIEND}).status_code == 200
    assert client.get("/config", headers={"Origin": "https://evil.example"}).status_code == 403
