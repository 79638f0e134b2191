"""The model name that asks the whole shelf."""

from __future__ import annotations

import pytest

pytest.importorskip("fastapi")

from wholedoc import Library

from .serving import Server, log, running
from .test_chat import error

pytestmark = pytest.mark.embedded


def test_the_whole_shelf_is_asked_by_a_name_of_its_own(server: Server) -> None:
    """Files that were read are asked together; one that was only uploaded, or that a message brings, is not."""
    read, unread = (server.upload(f"{name}.txt", log(name)).json()["id"] for name in ("shelved", "uploaded"))
    part = {"type": "file", "file": {"file_id": read}}
    alone = server.ask([part, {"type": "text", "text": "Which?"}]).json()
    shelf = [server.library.document(one["id"]) for one in server.http.get("/v1/files").json()["data"]]
    asked = server.ask("Which?", model="wholedoc-shelf").json()
    assert asked["usage"]["prompt_tokens"] >= alone["usage"]["prompt_tokens"]
    cited = {one["file_citation"]["file_id"] for one in asked["choices"][0]["message"]["annotations"]}
    assert cited <= {one.id for one in shelf} - {unread}
    brought = server.ask([part, {"type": "text", "text": "Which?"}], model="wholedoc-shelf").json()
    assert brought["usage"]["prompt_tokens"] == alone["usage"]["prompt_tokens"]


def test_an_empty_shelf_cannot_be_asked(library: Library) -> None:
    with running(library) as started:
        started.wait_ready()
        assert "upload one" in error(started.ask("Which?", model="wholedoc-shelf"))["message"]
