"""Wholedoc as a LlamaIndex LLM: stock pipelines, repeated documents, asynchronous calls, and refusals."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from llama_index.core import Document, SummaryIndex
from llama_index.core.base.llms.base import BaseLLM
from llama_index.core.base.llms.types import (
    CacheControl,
    CachePoint,
    CitableBlock,
    CitationBlock,
    ThinkingBlock,
    ToolCallBlock,
)
from llama_index.core.bridge.pydantic import PrivateAttr
from llama_index.core.callbacks import CallbackManager, TokenCountingHandler
from llama_index.core.chat_engine import SimpleChatEngine
from llama_index.core.llms import ChatMessage, ChatResponse, DocumentBlock, ImageBlock, TextBlock

from parallelcomp import Calibration, Region, Sampling, Weights, WindowError
from parallelcomp.apb import APB
from parallelcomp.config import LayerRange
from wholedoc import Library, Settings, Token
from wholedoc.errors import PromptError, QuestionError, UnreadableFileError
from wholedoc.llama_index import ParallelCompLLM
from wholedoc.llama_index.options import fields
from wholedoc.llama_index.responses import deltas
from wholedoc.settings import Answerer

from ..conftest import SAMPLES

pytestmark = pytest.mark.embedded
LOG = "\n\n".join(f"Entry {n}. Vessel {n * 7} came in with {n * 13} crates of salt, and left." for n in range(400))
QUESTION = "Which vessel brought most salt?"


class Listening(ParallelCompLLM):
    """Keeps its responses, since stock pipelines pass on only the text."""

    _heard: list[ChatResponse] = PrivateAttr(default_factory=list)

    def chat(self, *given: Any, **named: Any) -> ChatResponse:
        self._heard.append(super().chat(*given, **named))
        return self._heard[-1]

    def heard(self) -> list[ChatResponse]:
        """Returns the responses since the last call."""
        heard, self._heard = self._heard, []
        return heard


def cached(response: Any) -> tuple[int, int]:
    """Returns the document tokens that were cached for this response, and all document tokens."""
    return response.raw["usage"]["cached_tokens"], response.raw["usage"]["document_tokens"]


def test_a_stock_summary_index_asks_once_and_reads_once(library: Library, settings: Settings) -> None:
    """The 135,000-token sample through LlamaIndex's own splitting, packing and prompts."""
    chosen = replace(settings, engine=replace(settings.engine, chunk_tokens=1024))
    llm = Listening(library=library.with_settings(chosen))
    register = library.parse(SAMPLES / "harbour_register.pdf")
    index = SummaryIndex.from_documents([Document(text=register.text, metadata={"file_name": register.name})])
    assert len(index.docstore.docs) > 100
    usages = []
    for mode, question in (("compact", "Who paid?"), ("tree_summarize", "When?")):
        answer = str(index.as_query_engine(llm=llm, response_mode=mode).query(question))
        (response,) = llm.heard()
        assert answer == response.message.content != ""
        usages.append(response.raw["usage"])
    first, second = usages
    assert first["document_tokens"] > 135_000
    assert first["cached_tokens"] == 0
    assert second["cached_tokens"] == second["document_tokens"] == first["document_tokens"]


def test_a_context_that_was_sent_as_a_python_list_is_read_as_text(llm: ParallelCompLLM) -> None:
    index = SummaryIndex.from_documents([Document(text=LOG)])
    assert str(index.as_query_engine(llm=llm, response_mode="simple_summarize").query(QUESTION))
    (info,) = llm.library.texts()
    nodes = [node.text for node in index.docstore.docs.values()]
    assert len(nodes) > 3
    assert llm.library.document(info.id).text == "\n".join(nodes)


def test_what_was_sent_before_is_not_read_again(llm: ParallelCompLLM) -> None:
    first, second = (llm.complete(f"{LOG}\n\n{question}") for question in (QUESTION, "And when?"))
    assert cached(first)[0] == 0
    assert cached(second) == (cached(first)[1],) * 2
    assert cached(first)[1] > 5000
    grown = llm.complete(f"{LOG}\n\nEntry 400. A late one.\n\n{QUESTION}")
    assert cached(second)[1] > cached(grown)[0] > cached(second)[1] * 0.9
    (info,) = [text for text in llm.library.texts() if text.tokens == cached(first)[1]]
    assert info.name.startswith("Entry 0.")


def test_a_chat_engine_does_not_read_its_prefix_again(llm: ParallelCompLLM) -> None:
    listening = Listening(library=llm.library)
    prefix = [ChatMessage(role="system", content=LOG)]
    engine = SimpleChatEngine.from_defaults(llm=listening, prefix_messages=prefix)
    for question in (QUESTION, "And when?", "Who?"):
        assert engine.chat(question).response
    assert [cached(response)[0] == cached(response)[1] for response in listening.heard()] == [False, True, True]
    assert len(engine.chat_history) == 6
    assert "".join(engine.stream_chat("And then?").response_gen).strip() == engine.chat_history[-1].content


def test_a_short_prompt_is_an_ordinary_one(llm: ParallelCompLLM) -> None:
    response = llm.complete("Say hello.")
    assert response.text
    assert cached(response) == (0, 0)
    assert response.raw["citations"] == []
    chat = llm.chat(
        [ChatMessage(role="system", content="Be kind."), ChatMessage(role="user", content="Say hello.")]
    )
    assert chat.message.role == "assistant"
    assert chat.raw["usage"]["prompt_tokens"] > 10
    with pytest.raises(WindowError, match="shorten the prompt"):
        ParallelCompLLM(library=llm.library, document_characters=10**6).complete(LOG)


@pytest.mark.usefixtures("always_cites")
def test_every_way_of_asking_says_the_same(llm: ParallelCompLLM) -> None:
    prompt = f"{LOG}\n\n{QUESTION}"
    messages = [ChatMessage(role="user", content=prompt)]
    complete = llm.complete(prompt)
    streamed = list(llm.stream_complete(prompt))
    chats = list(llm.stream_chat(messages))

    async def everything() -> tuple[Any, Any, list[Any], list[Any]]:
        return (
            await llm.acomplete(prompt),
            await llm.achat(messages),
            [part async for part in await llm.astream_complete(prompt)],
            [part async for part in await llm.astream_chat(messages)],
        )

    acomplete, achat, astreamed, achats = asyncio.run(everything())
    texts = [complete.text, streamed[-1].text, acomplete.text, astreamed[-1].text]
    texts += [one.message.content for one in (llm.chat(messages), chats[-1], achat, achats[-1])]
    texts += ["".join(part.delta for part in parts) for parts in (streamed, chats, astreamed, achats)]
    assert set(texts) == {complete.text}
    assert complete.text == complete.text.strip() != ""
    for parts in (streamed, astreamed):
        assert len(parts) > 3
        assert all(before.text + after.delta == after.text for before, after in pairwise(parts))
    for last in (complete, streamed[-1], chats[-1], acomplete, achat, astreamed[-1], achats[-1]):
        assert json.loads(json.dumps(last.raw)) == last.raw
        assert last.raw["found"] is True
        assert set(last.raw["citations"][0]) >= {"quote", "page", "page_label", "score", "document"}
        assert last.additional_kwargs["completion_tokens"] == last.raw["usage"]["answer_tokens"] == 6


def test_white_space_around_an_answer_is_not_shown() -> None:
    said = [Token(one) for one in (" \n", " A", " ", "", " b.", "\n", " ")]
    assert list(deltas(said)) == ["A", "  b."]


def test_tokens_are_counted_by_what_was_used(library: Library) -> None:
    counter = TokenCountingHandler()
    llm = ParallelCompLLM(library=library, callback_manager=CallbackManager([counter]))
    usage = llm.complete(f"{LOG}\n\n{QUESTION}").raw["usage"]
    assert counter.prompt_llm_token_count == usage["document_tokens"] + usage["question_tokens"]
    assert counter.completion_llm_token_count == usage["answer_tokens"]


@pytest.mark.usefixtures("always_cites")
def test_documents_come_in_blocks(llm: ParallelCompLLM, tmp_path: Path) -> None:
    notice = SAMPLES / "short_notice.pdf"
    ask = TextBlock(text="Which channel?")
    by_path = llm.chat([ChatMessage(blocks=[DocumentBlock(path=notice), ask])])
    by_data = llm.chat(
        [ChatMessage(blocks=[DocumentBlock(data=notice.read_bytes(), title="../../notice.pdf"), ask])]
    )
    assert by_path.message.content == by_data.message.content
    assert cached(by_data)[0] == cached(by_data)[1] > 1000
    assert [info.name for info in llm.library.documents()] == ["short_notice.pdf"]
    page = b"<html><body><p>The signal station listens.</p></body></html>"
    html = DocumentBlock(data=page, title="a.page/../b", document_mimetype="text/html; charset=utf-8")
    citable = CitableBlock(title="Log", source="log", content=[TextBlock(text=LOG)])
    earlier = [ChatMessage(blocks=[html, citable]), ChatMessage(role="assistant", content="Thanks.")]
    both = llm.chat([*earlier, ChatMessage(content="Which channel?")])
    assert {one["document"] for one in both.raw["citations"]} <= {"b.html", "Log"} != set()
    assert [info.name for info in llm.library.documents()][1:] == ["b.html"]
    assert [info.name for info in llm.library.texts()] == ["Log"]


def test_what_says_nothing_is_passed_over_and_what_cannot_be_taken_is_refused(llm: ParallelCompLLM) -> None:
    plain = llm.chat([ChatMessage(content="Say hello.")])
    quiet = [
        ThinkingBlock(content="Hm."),
        TextBlock(text="Say hello."),
        CachePoint(cache_control=CacheControl(type="ephemeral")),
    ]
    assert llm.chat([ChatMessage(blocks=quiet)]).raw["usage"] == plain.raw["usage"]
    quoted = CitationBlock(
        cited_content=TextBlock(text="Hail."), source="a", title="b", additional_location_info={}
    )
    more = llm.chat([ChatMessage(blocks=[quoted, *quiet])])
    assert more.raw["usage"]["prompt_tokens"] > plain.raw["usage"]["prompt_tokens"]
    link = DocumentBlock(url="http://localhost/a.pdf", title="a.pdf")
    for block, match in (
        (ImageBlock(image=b"x"), "'image'"),
        (ToolCallBlock(tool_name="t", tool_kwargs={}), "'tool_call'"),
        (link, "links are not fetched"),
        (DocumentBlock(title="a.pdf"), "neither data nor a path"),
    ):
        with pytest.raises(PromptError, match=match):
            llm.chat([ChatMessage(blocks=[block, TextBlock(text="What is this?")])])
    with pytest.raises(UnreadableFileError):
        llm.chat([ChatMessage(blocks=[DocumentBlock(data=b"\0\1\2", title="a.pdf"), TextBlock(text="What?")])])
    with pytest.raises(QuestionError, match="nothing is asked"):
        llm.chat([ChatMessage(role="assistant", content="Hello.")])


def test_the_raw_bytes_of_a_pdf_are_refused(llm: ParallelCompLLM) -> None:
    """SimpleDirectoryReader returns the raw bytes of a PDF if no reader for PDF is installed."""
    from llama_index.core import SimpleDirectoryReader

    documents = SimpleDirectoryReader(input_files=[str(SAMPLES / "short_notice.pdf")]).load_data()
    assert documents[0].text.startswith("%PDF-")
    with pytest.raises(Exception, match="raw content of a PDF"):
        SummaryIndex.from_documents(documents).as_query_engine(llm=llm).query(QUESTION)


def test_options_of_a_call_are_honoured_or_refused(llm: ParallelCompLLM) -> None:
    prompt = f"{LOG}\n\n{QUESTION}"
    whole = llm.complete(prompt)
    assert llm.complete(prompt, max_tokens=2).raw["usage"]["answer_tokens"] == 2
    stop = whole.text[4:7]
    assert stop not in llm.complete(prompt, stop=stop).text
    assert stop not in llm.complete(prompt, stop=[stop, "never"]).text
    assert llm.complete(prompt, temperature=5.0, seed=3).text != whole.text
    assert llm.complete(prompt, temperature=None, stop=None).text == whole.text
    for given, match in (
        ({"tools": []}, "no option tools"),
        ({"temperature": -1}, "out of range"),
        ({"top_p": "x"}, "range"),
    ):
        with pytest.raises(PromptError, match=match) as raised:
            llm.complete(prompt, **given)
        # LlamaIndex's synthesizers answer "Empty Response" to these.
        assert not isinstance(raised.value, ValueError | TypeError)


def test_every_setting_is_a_field(library: Library, settings: Settings) -> None:
    rich = replace(
        settings,
        sampling=Sampling(temperature=0.5, top_p=0.9, repetition_penalty=1.1, max_new_tokens=9, seed=4),
        engine=replace(
            settings.engine, calibration=Calibration(Region.SINK, LayerRange(0.2, 0.5)), prefill_batch=3
        ),
        citations=2,
        weights=Weights.NF4,
        apb=APB(3, 16),
    )
    assert ParallelCompLLM(**fields(rich)).settings() == rich
    named = {name for part in (rich, rich.engine, rich.engine.eviction, rich.sampling) for name in vars(part)}
    assert named - set(ParallelCompLLM.model_fields) == {"engine", "eviction", "sampling"}
    llm = ParallelCompLLM(library=library, citations=1)
    assert llm.library is library
    assert llm.class_name() == llm.to_dict()["class_name"] == "ParallelCompLLM"
    assert BaseLLM in ParallelCompLLM.__mro__
    with pytest.raises(ValueError, match="precision"):
        ParallelCompLLM(precision="int7")
    with pytest.raises(ValueError, match="temperature"):
        ParallelCompLLM(temperature=-1)


@pytest.mark.parametrize("chosen", [*Answerer, "somebody/model", "http://127.0.0.1:1/v1#m"])
def test_who_answers_is_saved_and_loaded(chosen: Answerer | str) -> None:
    saved = json.loads(ParallelCompLLM(answer_model=chosen).model_dump_json())
    loaded = ParallelCompLLM.from_dict(saved).settings().answer_model
    assert loaded == chosen
    assert type(loaded) is type(chosen)


@pytest.mark.usefixtures("always_cites")
def test_fields_may_change_between_calls(llm: ParallelCompLLM) -> None:
    prompt = f"{LOG}\n\n{QUESTION}"
    llm.complete(prompt)
    llm.max_new_tokens, llm.citations = 3, 1
    response = llm.complete(prompt)
    assert response.raw["usage"]["answer_tokens"] == llm.metadata.num_output == 3
    assert len(response.raw["citations"]) == 1
    model = llm.library.model
    llm.chunk_tokens = 128
    assert cached(llm.complete(prompt))[0] == 0
    assert llm.library.model is model
    llm.top_p = 2
    with pytest.raises(PromptError, match="top_p"):
        llm.complete(prompt)


def test_the_window_is_what_the_engine_takes(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    llm = ParallelCompLLM(library=library)
    assert not library._model.is_loaded
    assert llm.to_payload()["class_name"] == "ParallelCompLLM"
    assert ParallelCompLLM(library=library, context_window=5000).metadata.context_window == 5000
    assert not library._model.is_loaded
    metadata = llm.metadata
    assert metadata.context_window == library.engine.plan(1).longest_document or metadata.context_window > 10**6
    assert metadata.context_window > 100 * library.engine.spec.window
    assert (metadata.is_chat_model, metadata.is_function_calling_model, metadata.num_output) == (True, False, 6)
    monkeypatch.setattr("parallelcomp.memory.free_bytes", lambda _: 4_000_000)
    assert llm.metadata.context_window == metadata.context_window


def test_without_llama_index_the_error_says_what_to_install() -> None:
    program = (
        "import sys; sys.modules['llama_index'] = None\n"
        "try:\n    from wholedoc.llama_index import ParallelCompLLM\n"
        "except ImportError as error:\n    print(error)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert 'pip install "wholedoc[llama-index]"' in ran.stdout
