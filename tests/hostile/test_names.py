"""File names: whatever a file is called, it comes back as its own document with its own content."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest

from .attacked import Attacked, refused

pytestmark = pytest.mark.embedded
NAMES = [
    "plain.txt",
    "PLAIN.TXT",
    "plain.txt ",
    "plain.txt.",
    "a",
    ".",
    "..",
    ".hidden",
    "../../../etc/passwd",
    "..\\..\\windows\\system32",
    "/etc/shadow",
    "C:\\boot.ini",
    "CON",
    "nul.txt",
    "a/b/c.txt",
    "a\0b.txt",
    "a\r\nX-Evil: 1.txt",
    '"quoted".txt',
    "it's; filename=other.txt",
    "%2e%2e%2fpasswd",
    "-rf",
    "--help.txt",
    "$(reboot).txt",
    "`id`.txt",
    "*.txt",
    "<img src=x onerror=alert(1)>.txt",
    "é.txt",
    "e\u0301.txt",  # the same name in another form
    "\u202etxt.exe",
    "\ufeff.txt",
    "中文.md",
    "\U0001f600" * 100 + ".txt",
    "a" * 300 + ".txt",
    "a." + "b" * 300,
    "~",
    " ",
    "library.json",
]


def form(head: bytes, content: bytes) -> bytes:
    """Return a form with one file whose part has this head."""
    purpose = b'--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nuser_data\r\n'
    return purpose + b"--b\r\nContent-Disposition: form-data; " + head + b"\r\n\r\n" + content + b"\r\n--b--\r\n"


def send(server: Attacked, body: bytes) -> Any:
    return server.http.post("/v1/files", content=body, headers={"Content-Type": "multipart/form-data; boundary=b"})


def test_every_name_has_its_own_document_and_content(server: Attacked) -> None:
    """All are uploaded before any is asked for, so that one in another's place is noticed."""
    contents = {name: f"Document {number} is its own.\n".encode() for number, name in enumerate(NAMES)}
    ids = {}
    for name, content in contents.items():
        answer = server.upload(name, content)
        assert answer.status_code == 200, (name, answer.text)
        described = answer.json()
        assert described["id"] == sha256(content).hexdigest()
        assert described["bytes"] == len(content)
        assert 0 < len(described["filename"].encode()) <= 255
        assert described["filename"].isprintable()
        assert not set(described["filename"]) & set("/\\\0\r\n")
        ids[name] = described["id"]
    assert set(ids.values()) <= {one["id"] for one in server.http.get("/v1/files").json()["data"]}
    for name, id in ids.items():
        answer = server.http.get(f"/v1/files/{id}/content")
        assert (answer.status_code, answer.content) == (200, contents[name]), name
        assert not {"x-evil", "set-cookie"} & set(answer.headers)
    for id in ids.values():
        assert server.http.delete(f"/v1/files/{id}").json()["deleted"] is True
    assert not set(ids.values()) & {one["id"] for one in server.http.get("/v1/files").json()["data"]}


@pytest.mark.parametrize(
    "head",
    [
        b'name="file"; filename="a\x00b.txt"',
        b'name="file"; filename="\xff\xfe.txt"',
        b'name="file"; filename*=utf-8\'\'%2e%2e%2fpasswd; filename="b.txt"',
        b'name="file"; filename="a.txt"; filename="b.txt"',
        b'name="file"; filename="unended',
        b'name="file"; filename="a.txt"\r\nContent-Type: text/html; charset=utf-7',
        b'name="file"; filename="a.txt"\r\nContent-Type: \xff',
        b'name="file"; filename="a.txt"\r\nContent-Transfer-Encoding: base64',
    ],
    ids=repr,
)
def test_odd_parts_are_the_file_or_refused(server: Attacked, head: bytes) -> None:
    content = b"What stands in " + sha256(head).hexdigest().encode()
    answer = send(server, form(head, content))
    if answer.status_code != 200:
        refused(answer)
    else:
        id = answer.json()["id"]
        assert id == sha256(content).hexdigest()
        assert server.http.get(f"/v1/files/{id}/content").content == content
        server.http.delete(f"/v1/files/{id}")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--b--\r\n",
        b"--b\r\n\r\n--b--\r\n",
        form(b'name="file"', b"no file"),
        form(b'name="file"; filename=""', b""),
        form(b'name="other"; filename="a.txt"', b"text"),
        form(b'name="' + b"f" * 100_000 + b'"; filename="a.txt"', b"text"),
        form(b'name="file"; filename="' + b"a" * 1_000_000 + b'"', b"text"),
        form(b'name="file"; filename="a.txt"' + b"\r\nX: y" * 100_000, b"text"),
        b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n1\r\n' * 50_000 + b"--b--\r\n",
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n1\r\n' * 50_000 + b"--b--\r\n",
        b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n' + b"x" * 30_000_000 + b"\r\n--b--\r\n",
        b"\r\n" * 1_000_000,
        b"-" * 1_000_000,
    ],
    ids=lambda body: f"{len(body)} {body[-40:]!r}",
)
def test_forms_that_are_none_are_refused(server: Attacked, body: bytes) -> None:
    refused(send(server, body))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.pdf", b"no PDF"),
        ("a.pdf", b"%PDF-1.7\n" + b"1 0 obj<<" * 10_000),
        ("a.txt", b"\xff\xfe\x00\xd8" * 1000),
        ("a.txt", b"\0" * 100_000),
        ("a.txt", b""),
        ("a.exe", b"MZ\x90\x00\x03"),
        ("a.docx", b"PK\x03\x04" + b"\0" * 100),
    ],
    ids=lambda one: repr(one[:20]),
)
def test_files_that_are_not_what_they_are_called_are_refused(server: Attacked, name: str, content: bytes) -> None:
    refused(server.upload(name, content))
