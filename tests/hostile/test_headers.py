"""Heads of requests: names, origins, lengths, methods and paths that are not meant well."""

from __future__ import annotations

import pytest

from .attacked import Attacked, answered, refused, shaped

pytestmark = pytest.mark.embedded
HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
EMPTY = b"0\r\n\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        b"\x00" * 1000,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\xaa" * 500,  # the beginning of TLS
        b"GET\r\n\r\n",
        b"GET /health HTTP/1.1\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: a\r\nHost: localhost\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: a\x00b\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: localhost\r\nX : a\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n",
        b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: localhost\r\n" + b"X: a\r\n" * 100_000 + b"\r\n",
        HEAD + b"Content-Length: -1\r\n\r\n{}",
        HEAD + b"Content-Length: 1e3\r\n\r\n{}",
        HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
        HEAD + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n{}",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n" + EMPTY,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n" + EMPTY,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n{}",
        HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n" + EMPTY,
        HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\n{}\r\n" + EMPTY,
        HEAD + b"Content-Length: 100\r\n\r\n{}",
    ],
    ids=lambda sent: repr(sent[-60:]),
)
def test_what_is_no_http_is_closed_or_refused(server: Attacked, sent: bytes) -> None:
    answer = server.raw(sent)
    assert answer is None or 400 <= answer[0] < 500


@pytest.mark.parametrize("host", [b"evil.example", b"localhost.evil.example", b"", b"localhost@evil", b"\xff"])
def test_other_names_are_refused(server: Attacked, host: bytes) -> None:
    answer = server.raw(b"GET /v1/files HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")
    assert answer is not None
    assert answer[0] == 400


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:1", "file://", "", "é"])
def test_web_pages_from_elsewhere_are_refused(server: Attacked, origin: str) -> None:
    headers = {"Origin": origin.encode()}
    for method, path in (("GET", "/v1/files"), ("POST", "/v1/files"), ("DELETE", f"/v1/files/{'0' * 64}")):
        refused(server.http.request(method, path, headers=headers), 403)


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": ""},
        {"Content-Type": "application/json; charset=utf-7"},
        {"Content-Type": "multipart/form-data"},
        {"Content-Type": "multipart/form-data; boundary=" + "b" * 1000},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "a" * 5000},
        {"Content-Type": b"\xff\xfe"},
        {"Content-Encoding": "gzip"},
        {"Authorization": b"Bearer \xff"},
        {"Accept": "text/html"},
        {"X-Forwarded-For": "1.2.3.4, \x7f"},
        {"Range": "bytes=0-99999999999999999999"},
    ],
    ids=lambda headers: repr(headers)[:50],
)
def test_odd_headers_do_no_harm(server: Attacked, headers: dict[str, str | bytes]) -> None:
    raw = {name: value if isinstance(value, bytes) else value.encode() for name, value in headers.items()}
    for path in ("/v1/chat/completions", "/v1/files"):
        refused(server.http.post(path, content=b'{"messages": []}', headers=raw))
        assert server.http.get("/v1/models", headers=raw).status_code == 200


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PATCH", "PUT", "OPTIONS", "FOO", "get"])
def test_other_methods_are_refused(server: Attacked, method: str) -> None:
    for path in (b"/v1/chat/completions", b"/v1/files", b"/v1/models"):
        answer = server.raw(method.encode() + b" " + path + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert answer is not None
        assert answer[0] in (400, 405)
        shaped(answer[1])


@pytest.mark.parametrize(
    "path",
    [
        b"/%00",
        b"/%ff%fe",
        b"//",
        b"/v1/../../etc/passwd",
        b"/v1/%2e%2e/%2e%2e/etc/passwd",
        b"/v1/files/..%2f..%2fetc",
        b"/v1/" + b"a/" * 20_000,
        b"/docs",
        b"/redoc",
        b"/v1?" + b"a=b&" * 10_000,
        b"*",
    ],
    ids=lambda path: repr(path[:40]),
)
def test_other_paths_are_not_found(server: Attacked, path: bytes) -> None:
    answer = server.raw(b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert answer is not None
    assert answer[0] in (400, 404, 405), answer
    shaped(answer[1])


def test_a_request_behind_another_is_a_request_of_its_own(server: Attacked) -> None:
    """Two requests in one piece are both read, and the second one's head is not the first one's body."""
    with server.connect() as connection:
        one = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
        last = b"GET /v1/files/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        connection.sendall(one + one + last)
        said = b""
        while piece := connection.recv(10_000):
            said += piece
    assert said.count(b"HTTP/1.1 200 ") == 2
    assert said.count(b"HTTP/1.1 404 ") == 1
    answered(server.hello())
