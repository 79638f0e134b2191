"""Clients of other makers: OpenAI's own package, LlamaIndex and LangChain, and eight of them at the same time."""

from __future__ import annotations

import base64
import json
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ..conftest import SAMPLES
from .serving import Server, log

openai = pytest.importorskip("openai")
pytestmark = pytest.mark.embedded
NOTICE = SAMPLES / "short_notice.pdf"
QUESTION = "When?"  # the tiny model understands nothing, but it looks somewhere


@pytest.fixture
def client(server: Server) -> Iterator[Any]:
    with openai.OpenAI(base_url=server.api, api_key="none", timeout=60, max_retries=0) as made:
        yield made


def about_file(id: str, question: str = QUESTION) -> list[dict[str, Any]]:
    return [
        {
            "role": "user",
            "content": [{"type": "file", "file": {"file_id": id}}, {"type": "text", "text": question}],
        }
    ]


def test_openai_asks_a_text_and_a_second_question_reads_nothing(client: Any, server: Server) -> None:
    text = log("openai")
    first, second = (
        client.chat.completions.create(
            model="wholedoc", messages=[{"role": "user", "content": f"{text}\n\nWhich vessel came first?"}]
        )
        for _ in range(2)
    )
    assert first.object == "chat.completion"
    (choice,) = first.choices
    assert choice.message.role == "assistant"
    assert choice.message.content
    assert choice.finish_reason == "length"  # the tiny model knows no end
    assert first.usage.prompt_tokens > 2000
    assert first.usage.total_tokens == first.usage.prompt_tokens + first.usage.completion_tokens
    assert first.usage.completion_tokens == 6
    assert second.choices[0].message.content == choice.message.content
    assert first.usage.prompt_tokens_details.cached_tokens == 0
    known = second.usage.prompt_tokens_details.cached_tokens
    assert second.usage.prompt_tokens - 20 < known < second.usage.prompt_tokens


def test_openai_streams_the_same_answer(client: Any) -> None:
    messages = [{"role": "user", "content": f"{log('streamed')}\n\nWhich vessel came first?"}]
    stream = client.chat.completions.create(
        model="wholedoc", messages=messages, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    whole = client.chat.completions.create(model="wholedoc", messages=messages)
    assert {chunk.object for chunk in chunks} == {"chat.completion.chunk"}
    assert len({chunk.id for chunk in chunks}) == 1
    *said, last = chunks
    assert said[0].choices[0].delta.role == "assistant"
    text = "".join(chunk.choices[0].delta.content or "" for chunk in said)
    assert text == whole.choices[0].message.content
    assert [chunk.choices[0].finish_reason for chunk in said][-1] == "length"
    assert {chunk.choices[0].finish_reason for chunk in said[:-1]} == {None}
    assert last.choices == []
    assert last.usage.completion_tokens == 6
    assert all(chunk.usage is None for chunk in said)
    cited = said[-1].choices[0].delta.annotations
    assert cited == [one.model_dump(exclude_unset=True) for one in whole.choices[0].message.annotations]
    progress = [chunk.prompt_progress for chunk in said if getattr(chunk, "prompt_progress", None)]
    assert {one["phase"] for one in progress} == {"reading", "scoring"}


def test_openai_uploads_asks_and_deletes_a_file(client: Any, server: Server) -> None:
    with NOTICE.open("rb") as file:
        uploaded = client.files.create(file=file, purpose="user_data")
    assert (uploaded.filename, uploaded.bytes, uploaded.purpose) == (
        NOTICE.name,
        NOTICE.stat().st_size,
        "user_data",
    )
    assert client.files.retrieve(uploaded.id).id == uploaded.id
    assert uploaded.id in [one.id for one in client.files.list()]
    assert client.files.content(uploaded.id).read() == NOTICE.read_bytes()

    answer = client.chat.completions.create(model="wholedoc", messages=about_file(uploaded.id))
    cited = answer.choices[0].message.annotations
    pages = server.library.document(uploaded.id).pages
    assert cited
    for one in cited:
        assert one.type == "file_citation"
        citation = one.file_citation
        assert (citation["file_id"], citation["filename"], citation["index"]) == (uploaded.id, NOTICE.name, 0)
        assert citation["quote"] in pages[citation["page"] - 1].text
        assert citation["page_label"] == pages[citation["page"] - 1].label
    assert cited[0].file_citation["score"] == 1

    assert client.files.delete(uploaded.id).deleted
    with pytest.raises(openai.NotFoundError):
        client.files.retrieve(uploaded.id)
    with pytest.raises(openai.NotFoundError) as gone:
        client.chat.completions.create(model="wholedoc", messages=about_file(uploaded.id))
    assert gone.value.code == "file_not_found"
    assert gone.value.param == "messages[0].content[0].file.file_id"


def test_openai_sends_a_file_along(client: Any) -> None:
    data = base64.b64encode(NOTICE.read_bytes()).decode()
    file = {"filename": "notice.pdf", "file_data": f"data:application/pdf;base64,{data}"}
    answer = client.chat.completions.create(
        model="wholedoc",
        messages=[
            {"role": "user", "content": [{"type": "file", "file": file}, {"type": "text", "text": QUESTION}]}
        ],
    )
    assert answer.choices[0].message.annotations[0].file_citation["filename"] in ("notice.pdf", NOTICE.name)


def test_openai_lists_the_model_and_knows_the_errors(client: Any) -> None:
    (model,) = client.models.list()
    assert model.id.startswith("tiny-model")
    assert client.models.retrieve(model.id).id == model.id
    say = [{"role": "user", "content": "Hello"}]
    with pytest.raises(openai.NotFoundError) as unknown:
        client.chat.completions.create(model="gpt-5", messages=say)
    assert unknown.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError) as long:
        client.chat.completions.create(model=model.id, messages=[{"role": "user", "content": "Why? " * 1500}])
    assert long.value.code == "context_length_exceeded"
    with pytest.raises(openai.BadRequestError) as several:
        client.chat.completions.create(model=model.id, messages=say, n=2)
    assert (several.value.code, several.value.param) == ("unsupported_parameter", "n")


def test_an_error_amid_a_stream_reaches_the_client(
    client: Any, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    from parallelcomp import Engine

    def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("a secret of the machine")

    monkeypatch.setattr(Engine, "compress", broken)
    stream = client.chat.completions.create(
        model="wholedoc", messages=[{"role": "user", "content": f"{log('broken')}\n\nWhich?"}], stream=True
    )
    with pytest.raises(openai.APIError) as raised:
        list(stream)
    assert "went wrong" in raised.value.message
    assert "secret" not in str(raised.value.body)


def test_llama_index_asks_through_openai_like(server: Server) -> None:
    from llama_index.core.llms import ChatMessage
    from llama_index.llms.openai_like import OpenAILike

    llm = OpenAILike(
        model="wholedoc",
        api_base=server.api,
        api_key="none",
        is_chat_model=True,
        context_window=100_000,
        timeout=60,
    )
    prompt = f"{log('llama-index')}\n\nWhich vessel came first?"
    said = llm.chat([ChatMessage(role="system", content="Be brief."), ChatMessage(role="user", content=prompt)])
    assert said.message.content
    *_, last = llm.stream_chat(
        [ChatMessage(role="system", content="Be brief."), ChatMessage(role="user", content=prompt)]
    )
    assert last.message.content == said.message.content
    assert llm.complete(prompt).text
    known = said.raw.usage.prompt_tokens_details
    assert known.cached_tokens in (0, said.raw.usage.prompt_tokens)  # read here for the first time


def test_langchain_asks_through_chat_openai(server: Server) -> None:
    from langchain_openai import ChatOpenAI
    from pydantic import SecretStr

    llm = ChatOpenAI(model="wholedoc", base_url=server.api, api_key=SecretStr("none"), timeout=60, max_retries=0)
    prompt = [("system", "Be brief."), ("user", f"{log('langchain')}\n\nWhich vessel came first?")]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        said = llm.invoke(prompt)
        pieces = list(llm.stream(prompt))
    assert said.content
    assert said.usage_metadata["output_tokens"] == 6
    assert said.response_metadata["finish_reason"] == "length"
    assert "".join(str(piece.content) for piece in pieces) == said.content
    with NOTICE.open("rb") as file:
        data = base64.b64encode(file.read()).decode()
    file_part = {"type": "file", "base64": data, "mime_type": "application/pdf", "filename": "notice.pdf"}
    answer = llm.invoke([{"role": "user", "content": [file_part, {"type": "text", "text": QUESTION}]}])
    assert answer.content


def test_eight_clients_at_a_time_get_their_own_answers(server: Server) -> None:
    """Each client asks about a document of its own. Some want the whole answer at once, others a stream."""
    texts = {f"ship {n}": f"{log(f'ship {n}', 100 + 5 * n)}\n\nWhich vessel came first?" for n in range(8)}

    def ask(name: str) -> tuple[str, list[dict[str, Any]], int]:
        with openai.OpenAI(base_url=server.api, api_key="none", timeout=60, max_retries=0) as client:
            # Greedy, the tiny model answers everything alike. With sampling the seeds tell the clients apart.
            asked: Any = {
                "model": "wholedoc",
                "messages": [{"role": "user", "content": texts[name]}],
                "user": name,
                "temperature": 1,
                "seed": int(name[-1]),
            }
            if int(name[-1]) % 2:
                whole = client.chat.completions.create(**asked)
                message = whole.choices[0].message
                return (
                    message.content,
                    [one.file_citation for one in message.annotations],
                    whole.usage.prompt_tokens,
                )
            text, cited, tokens = "", [], 0
            streamed = client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True})
            for chunk in streamed:
                for choice in chunk.choices:
                    text += choice.delta.content or ""
                    cited += getattr(choice.delta, "annotations", None) or []
                tokens = chunk.usage.prompt_tokens if chunk.usage else tokens
            return text, [one["file_citation"] for one in cited], tokens

    with ThreadPoolExecutor(8) as pool:
        together = dict(zip(texts, pool.map(ask, texts), strict=True))
    assert {name: ask(name) for name in texts} == together
    assert len({tokens for _, _, tokens in together.values()}) == 8
    assert len({text for text, _, _ in together.values()}) == 8
    cited = {name: citations for name, (_, citations, _) in together.items() if citations}
    assert len(cited) > 3
    for name, citations in cited.items():
        assert all(one["quote"] in texts[name] for one in citations)
        (file,) = {one["file_id"] for one in citations}
        assert f"the log of {name}." in server.library.document(file).text


def test_what_clients_ignore_is_still_json(server: Server) -> None:
    from .serving import events

    with server.http.stream(
        "POST",
        "/v1/chat/completions",
        json={"messages": [{"role": "user", "content": f"{log('json')}\n\nWhich?"}], "stream": True},
    ) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        *said, end = events(response)
    assert end == "[DONE]"
    assert all(json.loads(one)["id"].startswith("chatcmpl-") for one in said)
