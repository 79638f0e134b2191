"""The LLM beside an event loop: it goes on, calls can be cancelled, and errors arrive."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from llama_index.core import Document, SummaryIndex
from llama_index.core.llms import ChatMessage

from parallelcomp import Engine, MemoryPlanError
from wholedoc import Library
from wholedoc.llama_index import ParallelCompLLM
from wholedoc.llama_index.in_thread import in_thread

pytestmark = pytest.mark.embedded
LOG = "\n\n".join(f"Entry {n}. Vessel {n * 7} came in with {n * 13} crates of salt, and left." for n in range(400))
QUESTION = "Which vessel brought most salt?"


async def ticks_during(work: Awaitable[Any]) -> int:
    """Returns how often the event loop came round during the work, which is every 10 ms at best."""
    ticks = 0
    waiting = asyncio.ensure_future(work)
    while not waiting.done():
        await asyncio.sleep(0.01)
        ticks += 1
    await waiting
    return ticks


async def drained(stream: Awaitable[AsyncIterator[Any]]) -> None:
    async for _ in await stream:
        pass


def test_the_event_loop_goes_on_during_a_call(library: Library) -> None:
    """Every call has to load the model, read, and answer."""
    ways: list[Callable[[ParallelCompLLM, str], Awaitable[Any]]] = [
        lambda llm, prompt: llm.acomplete(prompt),
        lambda llm, prompt: llm.achat([ChatMessage(content=prompt)]),
        lambda llm, prompt: drained(llm.astream_complete(prompt)),
        lambda llm, prompt: drained(llm.astream_chat([ChatMessage(content=prompt)])),
    ]
    for number, way in enumerate(ways):
        fresh = ParallelCompLLM(library=Library.open(settings=library.settings))
        ticks = asyncio.run(ticks_during(way(fresh, f"Number {number}.\n\n{LOG[number * 500 :]}\n\n{QUESTION}")))
        assert ticks > 10


def test_several_questions_on_one_loop(llm: ParallelCompLLM) -> None:
    prompts = [f"{LOG}\n\nWhat of vessel {n}?" for n in range(4)]

    async def together() -> list[Any]:
        return await asyncio.gather(*(llm.acomplete(prompt) for prompt in prompts))

    assert [one.text for one in asyncio.run(together())] == [llm.complete(prompt).text for prompt in prompts]


def at_work() -> bool:
    return any(thread.name == "wholedoc-answer" for thread in threading.enumerate())


async def stopped() -> float:
    """Waits until no answer is being worked on, and returns the seconds."""
    started = time.perf_counter()
    while at_work():
        assert time.perf_counter() - started < 10
        await asyncio.sleep(0.01)
    return time.perf_counter() - started


def test_cancelling_a_call_stops_the_reading(llm: ParallelCompLLM) -> None:
    async def cancel() -> float:
        task = asyncio.ensure_future(llm.acomplete(f"{LOG * 10}\n\n{QUESTION}"))
        while not len(list(llm.library.folder.store)) > 3:
            assert not task.done()
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return await stopped()

    assert asyncio.run(cancel()) < 1
    (text,) = llm.library.texts()
    assert 0 < text.warm < 0.9
    assert not llm.library.turns.busy
    assert llm.complete("Say hello.").text


def test_leaving_a_stream_stops_the_answer(llm: ParallelCompLLM, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []
    generate = Engine.generate

    def count(*given: Any, **named: Any) -> Any:
        for token in generate(*given, **named):
            drawn.append(token)
            yield token

    monkeypatch.setattr(Engine, "generate", count)

    async def leave(close: bool) -> float:
        stream = await llm.astream_chat([ChatMessage(content="Count to a thousand.")], max_tokens=1500)
        async for _ in stream:
            break
        if close:
            await stream.aclose()
        del stream
        return await stopped()

    for close in (True, False):
        drawn.clear()
        assert asyncio.run(leave(close)) < 1
        assert 0 < len(drawn) < 1000


def test_what_goes_wrong_in_the_thread_arrives(llm: ParallelCompLLM, monkeypatch: pytest.MonkeyPatch) -> None:
    _ = llm.metadata
    monkeypatch.setattr("parallelcomp.memory.free_bytes", lambda _: 4_000_000)
    prompt = f"{LOG}\n\n{QUESTION}"
    for call in (
        llm.acomplete(prompt),
        drained(llm.astream_complete(prompt)),
        drained(llm.astream_chat([ChatMessage(content=prompt)])),
    ):
        with pytest.raises(MemoryPlanError):
            asyncio.run(asyncio.wait_for(call, 20))
    with pytest.raises(MemoryPlanError):
        SummaryIndex.from_documents([Document(text=LOG)]).as_query_engine(llm=llm).query(QUESTION)


def test_a_loop_that_closes_first_leaves_nobody_hanging() -> None:
    def endless(cancelled: Callable[[], bool]) -> Any:
        while not cancelled():
            time.sleep(0.01)
            yield 1

    async def forget() -> None:
        assert await anext(in_thread(endless)) == 1

    asyncio.run(forget())
    asyncio.run(stopped())
