"""The guard against foreign pages, as browsers describe their requests to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

pytest.importorskip("fastapi")

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from wholedoc.server.guarding.guard import add_guard

HERE = "http://127.0.0.1:8000"
FRIEND = "https://chat.example"
FOREIGN = {
    "another site": "http://evil.example",
    "another port of this machine": "http://127.0.0.1:3000",
    "another name of this machine": "http://localhost:8000",
    "no site": "null",
    "an address in the name": "http://127.0.0.1:8000.evil.example",
    "a user before the site": "http://127.0.0.1:8000@evil.example",
    "an extension": "chrome-extension://127.0.0.1:8000",
    "no scheme": "127.0.0.1:8000",
    "nothing": "",
}
LINK = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


async def reached(_request: Request) -> Response:
    return PlainTextResponse("reached")


def guarded(*origins: str, hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "[::1]")) -> TestClient:
    methods = ["GET", "POST", "PUT", "DELETE", "OPTIONS"]
    app = Starlette(routes=[Route("/{path:path}", reached, methods=methods)])
    add_guard(app, hosts, origins)
    return TestClient(app, base_url=HERE)


def status(client: TestClient, headers: Mapping[str, str], method: str = "POST", path: str = "/act") -> Any:
    return client.request(method, path, headers=headers).status_code


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("origin", FOREIGN.values(), ids=FOREIGN)
def test_a_foreign_page_reaches_nothing(origin: str, method: str) -> None:
    client = guarded(FRIEND)
    assert status(client, {"Origin": origin}, method) == 403
    assert status(client, {"Origin": origin, "Sec-Fetch-Site": "same-origin"}, method) == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site", "what a later browser may say"])
def test_a_foreign_page_reaches_nothing_where_the_browser_leaves_its_origin_out(site: str) -> None:
    """Pictures, scripts and forms of other pages come without an origin."""
    for mode in ("no-cors", "cors", "navigate"):
        headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": "image"}
        assert status(guarded(FRIEND), headers, "GET") == 403
        assert status(guarded(FRIEND), headers, "GET", "/") == 403
    assert status(guarded(), {"Sec-Fetch-Site": site, "Origin": HERE}) == 403


@pytest.mark.parametrize("headers", [{}, {"Origin": HERE}, {"Origin": HERE, "Sec-Fetch-Site": "same-origin"}])
def test_programs_and_the_own_page_reach_everything(headers: dict[str, str]) -> None:
    assert status(guarded(), headers) == 200
    assert status(guarded(), {**headers, "Sec-Fetch-Site": "same-origin"}) == 200


def test_what_a_person_types_in_is_nobody_elses() -> None:
    assert status(guarded(), {**LINK, "Sec-Fetch-Site": "none"}, "GET", "/config") == 200


@pytest.mark.parametrize("own", ["https://wholedoc.example", "http://WHOLEDOC.example"])
def test_a_page_behind_a_server_with_tls_is_the_own_page(own: str) -> None:
    client = guarded(hosts=("*",))
    assert status(client, {"Host": "wholedoc.example", "Origin": own}) == 200


def test_a_link_opens_the_page_and_does_nothing_else() -> None:
    client = guarded()
    assert status(client, LINK, "GET", "/") == 200
    assert status(client, {**LINK, "Sec-Fetch-Site": "same-site"}, "GET", "/") == 200
    assert status(client, LINK, "GET", "/logout") == 403
    assert status(client, LINK, "POST", "/") == 403
    assert status(client, {**LINK, "Sec-Fetch-Dest": "iframe"}, "GET", "/") == 403
    assert status(client, {**LINK, "Origin": "null"}, "GET", "/") == 403


def test_an_allowed_origin_is_let_in_and_no_other() -> None:
    client = guarded(FRIEND)
    assert status(client, {"Origin": FRIEND, "Sec-Fetch-Site": "cross-site"}) == 200
    assert status(client, {"Origin": FRIEND}, "OPTIONS") == 200
    for other in ("http://chat.example", "https://chat.example:444", "https://evil.example", "null"):
        assert status(client, {"Origin": other}) == 403


def test_all_origins_are_all_sites() -> None:
    client = guarded("*")
    assert status(client, {"Origin": "https://any.example", "Sec-Fetch-Site": "cross-site"}) == 200
    assert status(client, {"Origin": "null"}) == 403


def test_another_name_for_this_machine_is_refused_first() -> None:
    assert status(guarded(), {"Host": "evil.example", "Origin": "http://evil.example"}) == 400


def test_the_refusal_says_what_to_do() -> None:
    refused = guarded().post("/act", headers={"Origin": "https://chat.example"}).json()["error"]
    assert refused["code"] == "origin_not_allowed"
    assert "--allow-origin" in refused["message"]
