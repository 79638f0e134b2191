"""Ids and page marks that no document has."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from .attacked import Attacked, refused

pytestmark = pytest.mark.embedded
IDS = [
    "x",
    "0" * 63,
    "0" * 64,
    "0" * 65,
    "A" * 64,
    "text-" + "0" * 64,
    "text-text-" + "0" * 64,
    "٠" * 64,  # digits, but not ours
    "0" * 64 + "\n",
    "0" * 64 + "\0",
    "0" * 64 + ".json",
    "..",
    "../../library.json",
    "..\\..\\library.json",
    "/etc/passwd",
    "%2e%2e%2flibrary.json",
    "C:\\Windows",
    "\0",
    "\r\nSet-Cookie: a=b",
    "é" * 20_000,
    "a" * 60_000,
    "\u202e\ufeff\U0001f600",
    "*",
    "{}",
    "<script>alert(1)</script>",
    "' or 1=1 --",
]


@pytest.mark.parametrize("id", IDS, ids=lambda one: repr(one[:20]))
def test_nothing_is_found_under_ids_that_are_none(server: Attacked, id: str) -> None:
    path = quote(id, safe="")
    if len(path) < 60_000:  # longer ones are no HTTP here
        refused(server.http.get(f"/v1/files/{path}"), 404)
        refused(server.http.get(f"/v1/files/{path}/content"), 404)
        refused(server.http.delete(f"/v1/files/{path}"), 404, 405)
        refused(server.http.get("/v1/files", params={"after": id}))
        refused(server.http.get(f"/v1/models/{path}"), 404)
    parts = [{"type": "file", "file": {"file_id": id}}, {"type": "text", "text": "Which?"}]
    refused(server.chat({"messages": [{"role": "user", "content": parts}]}), 404)


@pytest.mark.parametrize(
    "query",
    [
        "limit=-1",
        "limit=0",
        "limit=1e3",
        f"limit={'9' * 5000}",
        "limit=%00",
        "order=up",
        "order[]=asc",
        "after=",
        "after=" + "x" * 5000,
        "after=%ff",
    ],
    ids=lambda query: query[:20],
)
def test_pages_that_are_none_are_refused_or_empty(server: Attacked, query: str) -> None:
    answer = server.http.get(f"/v1/files?{query}")
    if answer.status_code != 200:
        refused(answer)
