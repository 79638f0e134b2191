"""LlamaIndex's query and chat engine over whole documents: nodes, pages, streams, follow-ups."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import replace

import pytest
from llama_index.core import Document
from llama_index.core import Settings as LlamaSettings
from llama_index.core.base.response.schema import AsyncStreamingResponse, Response, StreamingResponse
from llama_index.core.llms import ChatMessage
from llama_index.core.schema import NodeRelationship
from llama_index.core.tools import QueryEngineTool

from wholedoc import Library, Settings
from wholedoc.errors import NoTextError, QuestionError, TextError
from wholedoc.llama_index import ParallelCompLLM, WholeDocumentChatEngine, WholeDocumentQueryEngine

from ..conftest import SAMPLES

pytestmark = pytest.mark.embedded
NOTICE = SAMPLES / "short_notice.pdf"
QUESTION = "Which radio channel should a yacht use to announce herself?"
PAGES = [f"On page {n} vessel {n * 7} came in with {n * 13} crates of salt.\nShe left again." for n in range(30)]


@pytest.fixture
def llm(library: Library) -> ParallelCompLLM:
    return ParallelCompLLM(library=library)


@pytest.fixture
def engine(llm: ParallelCompLLM) -> WholeDocumentQueryEngine:
    return WholeDocumentQueryEngine.from_files([NOTICE], llm=llm)


def test_the_answer_and_its_page(with_notice_read: None) -> None:
    """The embedded model, asked through a query engine, a tool, and a conversation."""
    llm = ParallelCompLLM()
    engine = WholeDocumentQueryEngine.from_files([NOTICE], llm=llm)
    response = engine.query(QUESTION)
    assert "12" in str(response)
    best = response.source_nodes[0]
    assert "channel 12" in best.node.text
    assert best.score == 1
    assert best.node.metadata["page_label"] == "1"
    assert best.node.metadata["page"] == 2
    assert best.node.metadata["file_name"] == "short_notice.pdf"
    tool = QueryEngineTool.from_defaults(engine, name="notice", description="The notice to yachts.")
    output = tool(QUESTION)
    assert output.content == str(response)
    assert output.raw_output.source_nodes[0].node.text == best.node.text
    chat = WholeDocumentChatEngine.from_files([NOTICE], llm=llm)
    assert "12" in str(chat.chat(QUESTION))
    assert chat.chat("And what flag does one from abroad fly?").source_nodes


@pytest.mark.usefixtures("always_cites")
def test_every_way_of_asking_says_the_same(llm: ParallelCompLLM, engine: WholeDocumentQueryEngine) -> None:
    streaming = WholeDocumentQueryEngine.from_files([NOTICE], llm=llm, streaming=True)
    whole = engine.query(QUESTION)
    assert isinstance(whole, Response)
    streamed = streaming.query(QUESTION)
    assert isinstance(streamed, StreamingResponse)

    async def beside() -> tuple[Response, AsyncStreamingResponse, str]:
        streamed = await streaming.aquery(QUESTION)
        assert streamed.source_nodes
        pieces = [piece async for piece in streamed.async_response_gen()]
        return await engine.aquery(QUESTION), streamed, "".join(pieces)

    awaited, astreamed, atext = asyncio.run(beside())
    quotes = [node.node.text for node in whole.source_nodes]
    assert quotes
    for other in (streamed, awaited, astreamed):
        assert [node.node.text for node in other.source_nodes] == quotes
    assert str(whole) == str(streamed) == str(awaited) == atext != ""
    for response in (whole, streamed, awaited, astreamed):
        assert response.metadata["found"] is True
        assert response.metadata["usage"]["document_tokens"] > 1000
        assert response.metadata["timings"]["total_s"] > 0


def test_what_is_not_there_has_no_sources(library: Library, settings: Settings) -> None:
    llm = ParallelCompLLM(library=library.with_settings(replace(settings, found_margin=1e9)))
    for streaming in (False, True):
        response = WholeDocumentQueryEngine.from_files([NOTICE], llm=llm, streaming=streaming).query(QUESTION)
        assert "Not found" in str(response)
        assert response.source_nodes == []
        assert response.metadata["found"] is False


@pytest.mark.usefixtures("always_cites")
def test_pages_of_one_file_are_one_document(llm: ParallelCompLLM) -> None:
    pages = [
        Document(text=page, metadata={"file_name": "log.pdf", "page_label": f"A-{n}", "year": 1911})
        for n, page in enumerate(PAGES)
    ]
    other = Document(text="The inspector writes.\n\n" + "Nothing to see. " * 300, metadata={"title": "Letter"})
    engine = WholeDocumentQueryEngine.from_documents([*pages, other], llm=llm)
    assert [(one.name, len(one.pages)) for one in engine.documents] == [("log.pdf", 30), ("Letter", 2)]
    seen = set()
    for node in engine.query("What came on page 7?").source_nodes:
        metadata = node.node.metadata
        seen.add(metadata["file_name"])
        if metadata["file_name"] == "log.pdf":
            source = pages[metadata["page"] - 1]
            assert (metadata["page_label"], metadata["year"]) == (source.metadata["page_label"], 1911)
            assert node.node.text in source.text
            assert node.node.ref_doc_id == source.doc_id
        else:
            assert node.node.relationships[NodeRelationship.SOURCE].node_id == other.doc_id
    assert "log.pdf" in seen
    assert engine.query("And on page 8?").metadata["usage"]["cached_tokens"] > 1000
    assert llm.library.documents() == []


def test_the_same_label_in_two_files_is_two_documents(llm: ParallelCompLLM) -> None:
    documents = [
        Document(text=page, metadata={"page_label": "1", "file_name": name})
        for page, name in zip(PAGES, "aab", strict=False)
    ]
    engine = WholeDocumentQueryEngine.from_documents(
        [*documents, Document(text=PAGES[3]), Document(text=PAGES[4])], llm=llm
    )
    assert [len(one.pages) for one in engine.documents] == [2, 1, 1, 1]


def test_what_is_no_document_is_refused(llm: ParallelCompLLM) -> None:
    with pytest.raises(TextError, match=r"a\.pdf: .*from_files"):
        WholeDocumentQueryEngine.from_documents(
            [Document(text="%PDF-1.7\n1 0 obj", metadata={"file_name": "a.pdf"})], llm=llm
        )
    with pytest.raises(NoTextError, match="empty"):
        WholeDocumentQueryEngine.from_documents([Document(text=" ")], llm=llm)
    with pytest.raises(QuestionError, match="no document"):
        WholeDocumentQueryEngine.from_documents([], llm=llm).query(QUESTION)


def test_the_model_is_the_one_that_is_at_hand(
    llm: ParallelCompLLM, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LlamaSettings, "_llm", None)
    assert WholeDocumentQueryEngine.from_files([NOTICE], library=library)._document_set.llm.library is library
    monkeypatch.setattr(LlamaSettings, "_llm", llm)
    assert WholeDocumentChatEngine.from_files([NOTICE])._document_set.llm is llm


@pytest.mark.usefixtures("always_cites")
def test_a_conversation_goes_on(llm: ParallelCompLLM, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, int, str]] = []
    stream = Library.stream

    def listen(library: Library, documents: object, question: str, **named: object) -> object:
        asked.append((question, len(named["history"]), named["instructions"]))
        return stream(library, documents, question, **named)

    monkeypatch.setattr(Library, "stream", listen)
    chat = WholeDocumentChatEngine.from_files([NOTICE], llm=llm, instructions="Be brief.")
    first = chat.chat(QUESTION)
    assert first.source_nodes
    assert first.metadata["found"] is True
    streamed = chat.stream_chat("And when?")
    assert streamed.source_nodes
    assert len(chat.chat_history) == 2
    text = "".join(streamed.response_gen)
    assert str(streamed) == text

    async def beside() -> tuple[str, str]:
        whole = await chat.achat("And who?")
        streamed = await chat.astream_chat("And why?")
        return str(whole), "".join([piece async for piece in streamed.async_response_gen()])

    third, fourth = asyncio.run(beside())
    said = [(message.role.value, message.content) for message in chat.chat_history]
    questions, answers = (QUESTION, "And when?", "And who?", "And why?"), (str(first), text, third, fourth)
    assert said == [
        pair for q, a in zip(questions, answers, strict=True) for pair in (("user", q), ("assistant", a))
    ]
    assert asked == [(question, turns, "Be brief.") for turns, question in enumerate(questions)]
    chat.chat(
        "And then?", chat_history=[ChatMessage(content="Hi"), ChatMessage(role="assistant", content="Hello.")]
    )
    assert asked[-1] == ("And then?", 1, "Be brief.")
    assert [message.content for message in chat.chat_history[:3]] == ["Hi", "Hello.", "And then?"]
    chat.reset()
    assert chat.chat_history == []
    chat.chat(QUESTION)
    assert asked[-1] == asked[0]


def test_a_conversation_that_is_too_long_says_so_and_starts_anew(llm: ParallelCompLLM) -> None:
    history = [ChatMessage(content="Why? " * 400), ChatMessage(role="assistant", content="So. " * 1500)]
    chat = WholeDocumentChatEngine.from_files([NOTICE], llm=llm, chat_history=history)
    with pytest.raises(QuestionError, match="conversation"):
        chat.chat("And then?")  # which needs what was said before
    assert chat.chat_history == history
    assert chat.chat(QUESTION).response  # which does not
    chat.reset()
    assert chat.chat(QUESTION).response


def test_cancelling_stops_the_work_and_leaves_no_turn(llm: ParallelCompLLM) -> None:
    text = "\n\n".join(f"Round {n}. {page}" for n in range(60) for page in PAGES)
    chat = WholeDocumentChatEngine.from_documents([Document(text=text)], llm=llm)
    engine = WholeDocumentQueryEngine.from_documents([Document(text=text[::-1])], llm=llm, streaming=True)

    async def cancel(work: object) -> float:
        task = asyncio.ensure_future(work)  # type: ignore[arg-type]
        before = len(list(llm.library.folder.store))
        while not len(list(llm.library.folder.store)) > before + 3:
            assert not task.done()
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        started = time.perf_counter()
        while any(thread.name == "wholedoc-answer" for thread in threading.enumerate()):
            assert time.perf_counter() - started < 10
            await asyncio.sleep(0.01)
        return time.perf_counter() - started

    for work in (chat.achat, chat.astream_chat, engine.aquery):
        assert asyncio.run(cancel(work("What came in?"))) < 1
    assert chat.chat_history == []
    assert [text.warm < 1 for text in llm.library.texts()] == [True, True]
