"""Chat completions: what is honoured, what is refused, and how progress is reported."""

from __future__ import annotations

import base64
import json
from contextlib import closing
from http.client import HTTPConnection
from typing import Any

import httpx
import pytest

pytest.importorskip("fastapi")

from wholedoc import Library, Settings
from wholedoc.runtime.client import Client
from wholedoc.server.protocol.completion import StreamTrimmer
from wholedoc.server.protocol.requests import _NEUTRAL
from wholedoc.server.routes import chat

from ..conftest import SAMPLES
from .serving import Server, events, log

pytestmark = pytest.mark.embedded
HELLO = [{"role": "user", "content": "Hello"}]


def error(response: httpx.Response, status: int = 400) -> dict[str, Any]:
    assert response.status_code == status, response.text
    (name,) = response.json()
    assert name == "error"
    found: dict[str, Any] = response.json()["error"]
    assert set(found) == {"message", "type", "param", "code"}
    assert found["message"]
    return found


def content(response: httpx.Response) -> str:
    assert response.status_code == 200, response.text
    text: str = response.json()["choices"][0]["message"]["content"]
    return text


def streamed(server: Server, messages: list[dict[str, Any]], **rest: Any) -> list[dict[str, Any]]:
    body = {"messages": messages, "stream": True, **rest}
    with server.http.stream("POST", "/v1/chat/completions", json=body) as response:
        *said, end = events(response)
    assert end == "[DONE]"
    return [json.loads(one) for one in said]


def test_a_conversation_is_heard(server: Server) -> None:
    """The turns before a message are part of the prompt."""
    text = log("conversation")
    turns = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": text}, {"type": "text", "text": "Who came first?"}]},
        {"role": "assistant", "content": "Vessel 0."},
        {"role": "user", "content": "And then?"},
    ]
    asked = server.chat(turns).json()
    alone = server.ask(f"{text}\n\nAnd then?").json()
    assert asked["usage"]["prompt_tokens"] >= alone["usage"]["prompt_tokens"]
    assert asked["timings"]["cache_n"] > 2000 or alone["timings"]["cache_n"] > 2000
    assert alone["choices"][0]["message"]["content"]


def test_without_a_document_it_is_a_chat(server: Server) -> None:
    answer = server.chat(HELLO).json()
    message = answer["choices"][0]["message"]
    assert (message["found"], message["annotations"]) == (True, [])
    assert answer["usage"]["prompt_tokens"] < 60


def test_what_can_be_checked_of_an_answer_comes_with_it(server: Server) -> None:
    about = f"{log('sources')}\n\nWhich?"
    message = server.ask(about).json()["choices"][0]["message"]
    assert message["sources"]
    assert isinstance(message["unsupported"], list)
    ends = [(one["start"], one["stop"]) for one in message["sources"]]
    assert (ends[0][0], ends[-1][1]) == (0, len(message["content"]))
    for one in message["sources"]:
        assert set(one["annotations"]) <= set(range(1, len(message["annotations"]) + 1))
    last = streamed(server, [{"role": "user", "content": about}])[-1]["choices"][0]["delta"]
    assert (last["sources"], last["unsupported"]) == (message["sources"], message["unsupported"])
    chatted = server.chat(HELLO).json()["choices"][0]["message"]
    assert (chatted["sources"], chatted["unsupported"]) == ([], [])


def test_sampling_is_honoured(server: Server) -> None:
    asked = {"temperature": 1.5, "max_tokens": 12}
    by_seed = [content(server.chat(HELLO, **asked, seed=seed)) for seed in (1, 1, 2)]
    assert by_seed[0] == by_seed[1] != by_seed[2]
    greedy = content(server.chat(HELLO, max_tokens=12))
    assert content(server.chat(HELLO, temperature=1.5, top_p=1e-9, max_tokens=12)) == greedy
    assert content(server.chat(HELLO, temperature=5e-324, max_tokens=12)) == greedy
    again = content(server.chat(HELLO, repetition_penalty=0.01, max_tokens=12))  # it likes what it has said
    assert len(set(again.split())) == 1 < len(set(greedy.split()))


def test_the_length_is_honoured_and_said(server: Server) -> None:
    for asked in ({"max_tokens": 3}, {"max_completion_tokens": 3}, {"max_tokens": 9, "max_completion_tokens": 3}):
        answer = server.chat(HELLO, **asked).json()
        assert answer["usage"]["completion_tokens"] == 3
        assert answer["choices"][0]["finish_reason"] == "length"


@pytest.mark.parametrize("about", ["Hello", f"{log('stop')}\n\nWhich?"])
def test_stop_strings_end_the_answer(server: Server, about: str) -> None:
    whole = content(server.ask(about, max_tokens=12))
    stop = whole[8:12]
    cut = server.ask(about, max_tokens=12, stop=stop).json()["choices"][0]
    assert cut["finish_reason"] == "stop"
    assert cut["message"]["content"] == whole[: whole.index(stop)].rstrip()
    assert content(server.ask(about, max_tokens=12, stop=["never said", stop])) == cut["message"]["content"]
    said = streamed(server, [{"role": "user", "content": about}], max_tokens=12, stop=[stop])
    assert "".join(one["choices"][0]["delta"].get("content") or "" for one in said) == cut["message"]["content"]


def test_a_stream_tells_how_far_reading_is(server: Server) -> None:
    said = streamed(server, [{"role": "user", "content": f"{log('progress')}\n\nWhich?"}])
    progress = [one["prompt_progress"] for one in said if "prompt_progress" in one]
    reading = [one for one in progress if one["phase"] == "reading"]
    assert reading[-1]["processed"] == reading[-1]["total"] > 2000
    assert [one["processed"] for one in reading] == sorted(one["processed"] for one in reading)
    assert len({one["file_id"] for one in reading}) == 1
    assert progress[-1]["phase"] == "scoring"
    for one in said:
        if "prompt_progress" in one:  # whoever does not know the field sees an empty piece
            assert one["choices"] == [{"index": 0, "delta": {}, "finish_reason": None}]
    assert "usage" not in said[0]
    assert said[-1]["timings"]["predicted_n"] == 6
    quiet = streamed(server, [{"role": "user", "content": f"{log('quiet')}\n\nWhich?"}], return_progress=False)
    assert not any("prompt_progress" in one for one in quiet)


def test_a_stream_with_nothing_to_say_stays_alive(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat, "HEARTBEAT_S", 0.05)
    body = {"messages": [{"role": "user", "content": f"{log('heartbeat')}\n\nWhich?"}], "stream": True}
    with server.http.stream("POST", "/v1/chat/completions", json=body) as response:
        lines = response.iter_lines()
        next(lines)
        with server.library.turns.take(client=Client("somebody else")):
            assert any(line == ": still at it" for line in lines)
        assert list(lines)[-2:] == ["data: [DONE]", ""]


def test_files_are_asked_together_and_each_once(server: Server) -> None:
    ids = [server.upload(f"{name}.txt", log(name, 30)).json()["id"] for name in ("left", "right")]
    parts = [{"type": "file", "file": {"file_id": id}} for id in (*ids, ids[0])]
    question = {"type": "text", "text": "Which vessel came first?"}
    alone, both = (server.ask([*asked, question]).json()["usage"]["prompt_tokens"] for asked in (parts[:1], parts))
    assert 1.8 * alone < both < 2.1 * alone
    # A file in an earlier message is still there.
    later = [{"role": "user", "content": parts}, {"role": "user", "content": "Which vessel came first?"}]
    assert server.chat(later).json()["usage"]["prompt_tokens"] == both


@pytest.mark.parametrize("prefix", ["", "data:;base64,", "data:text/plain;charset=utf-8;base64,"])
def test_a_file_comes_along_in_any_form(server: Server, prefix: str) -> None:
    data = prefix + base64.b64encode(log("along", 20).encode()).decode()
    file = {"type": "file", "file": {"file_data": data, "filename": "../../along.txt"}}
    answer = server.ask([file, {"type": "text", "text": "When?"}]).json()
    cited = answer["choices"][0]["message"]["annotations"]
    assert {one["file_citation"]["filename"] for one in cited} <= {"along.txt"}
    assert answer["usage"]["prompt_tokens"] > 400


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ({"file_data": "data:application/pdf;base64,%%%"}, "invalid_file_data"),
        ({"file_data": "https://example.org/a.pdf"}, "invalid_file_data"),
        ({"file_data": "née"}, "invalid_file_data"),
        ({"file_data": base64.b64encode(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR").decode()}, "unreadable_file"),
        ({"file_data": base64.b64encode((SAMPLES / "encrypted.pdf").read_bytes()).decode()}, "encrypted_file"),
        ({"file_data": base64.b64encode(b" \n\n ").decode()}, "no_text"),
        ({"file_data": ""}, "unreadable_file"),
        ({}, "invalid_value"),
        ({"file_id": "a", "file_data": "b"}, "invalid_value"),
    ],
)
def test_a_file_that_cannot_be_read_is_said_so(server: Server, file: dict[str, str], code: str) -> None:
    asked = [{"type": "file", "file": file}, {"type": "text", "text": "When?"}]
    assert error(server.ask(asked))["code"] == code
    assert error(server.ask(asked, stream=True))["code"] == code


@pytest.mark.parametrize("id", ["../library", "text-../../x", "f" * 63, "F" * 64, "f" * 64, "", "f" * 64 + "\n"])
def test_an_id_is_no_path(server: Server, id: str) -> None:
    asked = [{"type": "file", "file": {"file_id": id}}, {"type": "text", "text": "When?"}]
    assert error(server.ask(asked), 404)["code"] == "file_not_found"


MEANINGFUL: dict[str, Any] = {
    "n": 2,
    "logprobs": True,
    "top_logprobs": 3,
    "logit_bias": {"5": 1},
    "presence_penalty": 0.5,
    "frequency_penalty": -0.5,
    "tools": [{"type": "function"}],
    "tool_choice": "required",
    "functions": [{}],
    "function_call": {"name": "f"},
    "response_format": {"type": "json_object"},
    "modalities": ["audio"],
    "audio": {},
    "prediction": {},
    "web_search_options": {},
    "reasoning_effort": "high",
    "verbosity": "low",
    "top_k": 40,
    "min_p": 0.1,
    "best_of": 3,
    "echo": True,
    "suffix": "x",
    "grammar": "root ::= x",
    "json_schema": {"type": "object"},
    "guided_json": {},
    "guided_regex": "x",
    "guided_choice": ["x"],
    "guided_grammar": "x",
}


@pytest.mark.parametrize("name", sorted(_NEUTRAL))
def test_what_would_change_the_answer_is_never_ignored(server: Server, name: str) -> None:
    refused = error(server.chat(HELLO, **{name: MEANINGFUL[name]}))
    assert (refused["code"], refused["param"]) == ("unsupported_parameter", name)
    for neutral in (None, *_NEUTRAL[name]):
        assert server.chat(HELLO, max_tokens=1, **{name: neutral}).status_code == 200


def test_what_changes_nothing_is_let_through(server: Server) -> None:
    rest = {
        "metadata": {},
        "store": False,
        "service_tier": "auto",
        "parallel_tool_calls": True,
        "cache_prompt": True,
    }
    assert content(server.chat([{**HELLO[0], "name": "Ann"}], **rest))


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        ({"messages": []}, "messages", "invalid_value"),
        ({}, "messages", "invalid_value"),
        ({"messages": [{"role": "narrator", "content": "x"}]}, "messages[0].role", "invalid_value"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].role", "invalid_value"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content", "invalid_value"),
        (
            {"messages": [{"role": "user", "content": [{"type": "text"}]}]},
            "messages[0].content[0].text",
            "invalid_value",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
            "messages[0].content[0]",
            "unsupported_parameter",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}]},
            "messages[0].content[0]",
            "unsupported_parameter",
        ),
        (
            {"messages": [*HELLO, {"role": "assistant", "tool_calls": [{}]}, *HELLO]},
            "messages[1].tool_calls",
            "unsupported_parameter",
        ),
        ({"messages": HELLO, "temperature": 3}, "temperature", "invalid_value"),
        ({"messages": HELLO, "temperature": "hot"}, "temperature", "invalid_value"),
        ({"messages": HELLO, "top_p": 0}, "top_p", "invalid_value"),
        ({"messages": HELLO, "max_tokens": 0}, "max_tokens", "invalid_value"),
        ({"messages": HELLO, "seed": 2**64}, "seed", "invalid_value"),
        ({"messages": HELLO, "stop": [""]}, "stop[0]", "invalid_value"),
        ({"messages": [{"role": "user", "content": " "}]}, None, "invalid_question"),
        ({"messages": [*HELLO, {"role": "assistant", "content": "Hi"}]}, None, "invalid_question"),
    ],
)
def test_what_is_wrong_is_named(server: Server, body: dict[str, Any], param: str | None, code: str) -> None:
    found = error(server.http.post("/v1/chat/completions", json=body))
    assert (found["param"], found["code"], found["type"]) == (param, code, "invalid_request_error")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff", b"[" * 100_000, b'{"messages": "\\ud800"}'])
def test_a_body_that_is_no_request_is_refused(server: Server, body: bytes) -> None:
    error(server.http.post("/v1/chat/completions", content=body, headers={"content-type": "application/json"}))
    error(server.http.post("/v1/chat/completions", content=body, headers={"content-type": "text/plain"}))


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("messages", "rest"),
    [
        ([{"role": "user", "content": "Why? " * 1500}], {}),
        ([{"role": "user", "content": f"{log('long')}\n\nWhich?"}], {"max_tokens": 2000}),
        ([{"role": "system", "content": "Be brief. " * 600}, {"role": "user", "content": log("long")}], {}),
        (
            [
                {"role": "user", "content": f"{log('long')}\n\nWhich?"},
                {"role": "assistant", "content": "x " * 1900},
                *HELLO,
            ],
            {},
        ),
    ],
)
def test_what_is_too_long_is_refused_and_never_cut(
    server: Server, messages: list[dict[str, Any]], rest: dict[str, Any], stream: bool
) -> None:
    refused = error(server.chat(messages, stream=stream, **rest))
    assert (refused["code"], refused["param"]) == ("context_length_exceeded", "messages")
    assert "max_new_tokens" not in refused["message"]


@pytest.mark.parametrize("stream", [False, True])
def test_a_document_that_does_not_fit_is_refused_with_what_would(
    server: Server, stream: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from parallelcomp import Engine, MemoryPlan

    plan = Engine.plan

    def tight(engine: Engine, tokens: int, **assumed: int) -> MemoryPlan:
        return replace(plan(engine, tokens, **assumed), longest_document=1000)

    monkeypatch.setattr(Engine, "plan", tight)
    refused = error(server.ask(f"{log(f'no room {stream}')}\n\nWhich?", stream=stream))
    assert refused["code"] == "context_length_exceeded"
    assert "at most 1,000 tokens fit" in refused["message"]


def test_nothing_of_a_long_prompt_is_left_out(server: Server) -> None:
    """All tokens of both documents are counted."""
    texts = [f"{log(name)}\n\nThe {name} word is {name}-zyx." for name in ("first", "second")]
    asked = server.chat([{"role": "user", "content": text} for text in texts] + HELLO).json()
    tokenizer = server.library.model.tokenizer
    whole = sum(len(tokenizer(text)["input_ids"]) for text in texts)
    assert abs(asked["usage"]["prompt_tokens"] - whole) < 20


def test_the_server_names_its_model(server: Server) -> None:
    name = server.http.get("/v1/models").json()["data"][0]["id"]
    assert name == server.http.get("/health").json()["model"]
    for alias in ("", "wholedoc", name):
        assert server.chat(HELLO, model=alias, max_tokens=1).json()["model"] == name
    assert error(server.chat(HELLO, model="other"), 404)["code"] == "model_not_found"
    assert error(server.http.get("/v1/models/meta/other"), 404)["code"] == "model_not_found"
    assert server.http.get(f"/v1/models/{name}").json()["context_window"] > 10_000


def test_a_bug_is_an_error_in_the_same_shape(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Library, "chat", lambda *_, **__: 1 / 0)
    assert "division" not in error(server.chat(HELLO), 500)["message"]
    assert error(server.chat(HELLO, stream=True), 500)["type"] == "server_error"
    server.wait_idle()


def test_a_bug_leaves_the_connection_open(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a connection that is being closed, a client would see a broken connection instead of the error."""
    monkeypatch.setattr(Library, "chat", lambda *_, **__: 1 / 0)
    body, headers = json.dumps({"messages": HELLO}), {"Content-Type": "application/json"}
    with closing(HTTPConnection(server.url.removeprefix("http://"), timeout=60)) as connection:
        for _ in range(3):
            connection.request("POST", "/v1/chat/completions", body, headers)
            response = connection.getresponse()
            assert (response.status, response.will_close) == (500, False)
            assert b"went wrong" in response.read()


def test_text_in_pieces_is_trimmed_like_the_whole() -> None:
    for pieces in ([" \n", " a", " ", "\n", "b ", "c", "\n "], ["", " "], ["a"], []):
        trimmer = StreamTrimmer()
        shown = "".join(trimmer.add(piece) for piece in pieces)
        assert shown == "".join(pieces).strip()


def test_settings_of_the_server_are_the_default(server: Server, served_settings: Settings) -> None:
    assert server.chat(HELLO).json()["usage"]["completion_tokens"] == served_settings.sampling.max_new_tokens
