"""Bodies that are not what the API takes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from benchmarks.robustness.memory import growth

from .attacked import Attacked, answered, refused

pytestmark = pytest.mark.embedded
HELLO = [{"role": "user", "content": "Hello"}]
# Four bytes of memory for every character: the most that a text can take.
RARE = "\N{GRINNING FACE}"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"}",
        b"null",
        b"[]",
        b"1",
        b'"text"',
        b"\x00",
        b"\xff\xfe",
        b"{'messages': []}",
        b'{"messages": NaN}',
        b'{"messages": [],}',
        b'{"messages": []} {"messages": []}',
        b'{"messages": [{"role": "user", "content": "\xff"}]}',
        b'{"messages": [{"role": "user", "content": "\xc0\xaf"}]}',
        b'{"messages": [{"role": "user", "content": "\xed\xa0\x80"}]}',
        b'{"messages": [{"role": "user", "content": "\n"}]}',
        b'{"messages": [{"role": "user", "content": "\\ud800"}]}',
        b'{"messages": [{"role": "\\ud800", "content": "Hello"}]}',
        b'{"messages": [{"role": "user", "content": "Hello"}], "model": "\\udfff"}',
        b'{"messages": [{"role": "user", "content": [{"type": "\\udfff", "text": "Hello"}]}]}',
        b'{"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": "\\udfff"}}]}]}',
        json.dumps({"messages": HELLO}).encode("utf-16"),
        json.dumps({"messages": HELLO}).encode("utf-32"),
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"messages":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"messages":' + b"[" * 150 + b"]" * 150 + b"}",
        b'{"messages": [], "max_tokens": ' + b"9" * 1_000_000 + b"}",
        b'{"messages": [' + b"[]," * 5_000_000 + b"[]]}",
        b'{"messages": [' + b"{}," * 190_000 + b"{}]}",
        b'{"' + b"a" * 15_000_000 + b'": 1}',
        b'"' + b'\\"' * 7_000_000,
        b" " * 15_000_000,
    ],
    ids=lambda body: repr(body[:40]),
)
def test_what_is_no_request_is_refused(server: Attacked, body: bytes) -> None:
    refused(server.chat(body))


@pytest.mark.parametrize(
    "wrong",
    [
        *({"messages": one} for one in (None, "text", 1, {}, [None], [1], [[]], [{}], ["Hello"], [HELLO])),
        *({"messages": [{"role": "user", "content": one}]} for one in (1, True, {}, [1], [None], [[]], [{}])),
        *({"messages": [{"role": one, "content": "Hello"}]} for one in (None, 1, "", "root", [], "user\0")),
        *({"max_tokens": one} for one in (-1, 0, 1.5, "many", [], 10**30, 10**400)),
        *({"temperature": one} for one in (-1, "hot", {}, [0])),
        *({"top_p": one} for one in (-1, 2, "all")),
        *({"seed": one} for one in ("x", [], 1.5)),
        *({"stop": one} for one in (1, {}, [1], [None], [[]])),
        *({"stream": one} for one in ("perhaps", [], 7)),
        *({"model": one} for one in ("../../etc/passwd", "a" * 100_000, 1, [])),
        *({"user": one} for one in (1, [], {})),
        {"n": 10**9},
        {"logprobs": True},
        {"tools": [{}]},
    ],
    ids=lambda wrong: repr(wrong)[:40],
)
def test_what_has_the_wrong_type_or_size_is_refused(server: Attacked, wrong: dict[str, Any]) -> None:
    refused(server.chat({"messages": HELLO, "max_tokens": 2, **wrong}), 400, 404)


@pytest.mark.parametrize(
    "body",
    [
        b'{"messages": [], "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 2}',
        b'{"max_tokens": 99999, "max_tokens": 2, "messages": [{"role": "user", "content": "Hello"}]}',
        b'{"messages": [{"role": "user", "content": "Hello \\u0000 there"}], "max_tokens": 2}',
        b'{"messages": [{"role": "user", "content": "\\ud83d\\ude00 <|im_end|>"}], "max_tokens": 2}',
        b'\xef\xbb\xbf{"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 2}',
        b'{"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 2, "x": ' + b"[]" * 1 + b"}",
        b'{"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 2, "user": "\\u0000../.."}',
    ],
)
def test_what_is_odd_but_right_is_answered(server: Attacked, body: bytes) -> None:
    answered(server.chat(body))


def test_no_body_takes_more_than_300_mb(server: Attacked) -> None:
    """The whole text was tokenised before, at 200 bytes a byte. This is the form that takes most now."""
    text = RARE + "a b c d " * 1_900_000 + "\n\nWhich?"
    body = json.dumps({"messages": [{"role": "user", "content": text}]}, ensure_ascii=False).encode()
    with growth(server.process.pid) as grown:
        error = refused(server.chat(body))
    assert error["code"] == "context_length_exceeded"
    assert 0 < grown.peak < 300_000_000


@pytest.mark.parametrize("data", ["", "x", "====", "data:;base64,", "YQ==\x00", "data:text/plain;base64,%%%%"])
def test_files_in_messages_that_are_none_are_refused(server: Attacked, data: str) -> None:
    parts = [{"type": "file", "file": {"filename": "a.txt", "file_data": data}}, {"type": "text", "text": "Which?"}]
    refused(server.chat({"messages": [{"role": "user", "content": parts}]}))


@pytest.mark.parametrize("size", [16_000_001, 10**12])
def test_what_is_announced_as_too_large_is_not_waited_for(server: Attacked, size: int) -> None:
    answer = server.raw(
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % size
    )
    assert answer is not None
    assert answer[0] == 413
