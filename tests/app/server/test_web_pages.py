"""/v1/web_pages: a page is fetched where the server allows it, and from public addresses alone."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("fastapi")

from wholedoc import Library, Settings
from wholedoc.server.state import Options
from wholedoc.webpages import PageLimits

from ..webpages.site import running as site_running
from .serving import Server, running
from .test_chat import error

pytestmark = pytest.mark.embedded
PAGE = b"<html><body><p>The keeper lit the lamp at six.</p></body></html>"


def fetched(server: Server, settings: Settings, limits: PageLimits | None, address: str) -> Any:
    """What a server with these limits answers, whose model is loaded already."""
    library = Library.open(settings=settings)
    library._model = server.library._model
    with running(library, Options(web_pages=limits)) as started:
        answer = started.http.post("/v1/web_pages", json={"address": address})
        if answer.status_code == 200:
            assert "lit the lamp" in library.document(answer.json()["id"]).text
            assert started.http.get("/v1/files").json()["data"] == [answer.json()]
        return answer


def test_a_page_is_fetched_where_it_is_allowed(server: Server, settings: Settings) -> None:
    with site_running() as site:
        site.page("/lamp", PAGE)
        off = fetched(server, settings, None, site.url("/lamp"))
        public = fetched(server, settings, PageLimits(), site.url("/lamp"))
        assert not site.requests
        allowed = fetched(server, settings, PageLimits(private=True), site.url("/lamp"))
    assert error(off, 403)["code"] == "web_pages_off"
    assert "--web-pages" in error(off, 403)["message"]
    assert error(public)["code"] == "unreachable_page"
    assert allowed.status_code == 200, allowed.text
    assert allowed.json()["warnings"][0].startswith(f"Fetched from {site.url('/lamp')} on ")
    assert [path for path, _ in site.requests] == ["/lamp"]
