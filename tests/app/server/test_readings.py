"""/v1/files/{id}/reading: files that are read before anybody asks."""

from __future__ import annotations

import pytest

from .serving import Server, log, until

pytestmark = pytest.mark.embedded


def test_a_file_is_read_before_anybody_asks(server: Server) -> None:
    id = server.upload("early.txt", log("early")).json()["id"]
    path = f"/v1/files/{id}/reading"
    assert server.http.get(path).json()["error"]["code"] == "not_asked_for"
    started = server.http.post(path)
    assert (started.status_code, started.json()["object"]) == (202, "reading")
    until(lambda: server.http.get(path).json()["status"] == "done")
    read = server.http.get(path).json()
    assert read["tokens"] == read["total"] > 0
    usage = server.ask([{"type": "file", "file": {"file_id": id}}, {"type": "text", "text": "How many?"}]).json()[
        "usage"
    ]
    assert usage["prompt_tokens_details"]["cached_tokens"] == read["total"]
    assert server.http.delete(path).json()["status"] == "done"  # it is too late
    server.http.delete(f"/v1/files/{id}")
    assert server.http.get(path).status_code == 404


@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_a_file_that_is_not_there_is_not_read(server: Server, method: str) -> None:
    answer = server.http.request(method, f"/v1/files/{'0' * 64}/reading")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "file_not_found")
