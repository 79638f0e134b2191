"""Tabs share what is scarce: places, extraction, the model's turns, and Gradio's jobs. None has all of it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import gradio as gr
import httpx
import pytest
import uvicorn

pytest.importorskip("gradio")

from wholedoc.runtime.client import Client
from wholedoc.server.serving import Address as AnyAddress
from wholedoc.server.serving import listen
from wholedoc_ui import chat, shelf
from wholedoc_ui.app_state import AppState
from wholedoc_ui.arriving.arrivals import Stage
from wholedoc_ui.interface.places import AT_WORK, MOST_WAITING, Places
from wholedoc_ui.serving.server import Address, create_app
from wholedoc_ui.session import Session, Sessions

from ...app.server.serving import until
from ..conftest import PARAGRAPHS, Drop, Put

pytestmark = pytest.mark.embedded
TEXT = "\n\n".join(PARAGRAPHS)


class Request(gr.Request):
    """A request of a tab."""

    def __init__(self, tab: str, address: str = "10.0.0.1") -> None:
        self.session_hash = tab
        self.client = SimpleNamespace(host=address)


@pytest.fixture
def places(sessions: Sessions) -> Places:
    return Places(lambda request: sessions.get(request.session_hash, request.client.host))


async def begun(asked: list[asyncio.Task[Any]]) -> int:
    """Return how many have begun, once no more will."""
    for _ in range(20):
        await asyncio.sleep(0.005)
    return sum(task.done() for task in asked)


def test_no_tab_and_no_address_has_all_places(places: Places) -> None:
    def work(request: Request) -> Iterator[str]:
        yield "begun"
        yield "done"

    handler = places.waited_for(work)

    async def crowd() -> None:
        opened = [handler(Request("greedy")) for _ in range(AT_WORK + 2)]
        greedy = [asyncio.ensure_future(anext(one)) for one in opened]
        assert await begun(greedy) == AT_WORK // 2
        other = handler(Request("another tab"))
        assert await asyncio.wait_for(anext(other), 20) == "begun"
        more = [handler(Request(f"tab {n}")) for n in range(AT_WORK)]
        many = [asyncio.ensure_future(anext(one)) for one in more]
        assert await begun(many) == AT_WORK // 2 - 2
        stranger = handler(Request("a stranger's", "10.0.0.2"))
        assert await asyncio.wait_for(anext(stranger), 20) == "begun"
        async for update in stranger:
            assert update == "done"
        await opened[0].aclose()  # whoever leaves makes room
        assert await begun(many) == AT_WORK // 2 - 1
        for task in (*greedy, *many):
            task.cancel()

    asyncio.run(crowd())


def test_who_is_refused_is_told(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(gr, "Warning", told.append)

    def work(request: Request, question: str) -> Iterator[str]:
        yield "begun"

    handler = places.waited_for(work, lambda request, question: f"put {question} back")

    async def crowd() -> list[str]:
        opened = [handler(Request("greedy"), "it") for _ in range(AT_WORK // 2 + MOST_WAITING + 1)]
        asked = [asyncio.ensure_future(anext(one)) for one in opened]
        await begun(asked)
        updates = [task.result() for task in asked if task.done()]
        for task in asked:
            task.cancel()
        return updates

    assert asyncio.run(crowd()) == [*["begun"] * (AT_WORK // 2), "put it back"]
    assert told == ["Too much is waiting: try again when some of it is done."]


def test_work_that_nobody_wants_any_more_ends(places: Places) -> None:
    ended = threading.Event()

    def work(request: Request) -> Iterator[str]:
        try:
            yield "begun"
            yield "never wanted"
        finally:
            ended.set()

    async def leave() -> None:
        handler = places.waited_for(work)(Request("a tab"))
        assert await anext(handler) == "begun"
        await handler.aclose()

    asyncio.run(leave())
    assert ended.is_set()


def test_a_strangers_question_waits_for_one_of_each_other_address(
    app_state: AppState, sessions: Sessions, put: Put
) -> None:
    """Several tabs ask, all of one address, and then a stranger does."""
    document = put("log.txt")
    list(app_state.library.read(document))
    turns, order = app_state.library.turns, []
    tabs = [sessions.get(f"tab {n}", "10.0.0.1") for n in range(4)] + [sessions.get("stranger", "10.0.0.2")]

    def ask(tab: Session) -> None:
        tab.selected, tab.chose = [document.id], True
        *_, exchange = chat.ask(app_state, tab, "How many crates came in?", app_state.library.settings)
        assert exchange.answer is not None, exchange.status
        order.append(tab.client.user)

    threads = [threading.Thread(target=ask, args=(tab,)) for tab in tabs]
    with turns.take(client=Client("starter")):
        for number, thread in enumerate(threads, 1):
            thread.start()
            until(lambda so_far=number: turns.waiting == so_far)
    for thread in threads:
        thread.join()
    assert order.index("stranger") <= 1, order


def test_no_tab_has_all_places_of_extraction(app_state: AppState, sessions: Sessions, drop: Drop) -> None:
    greedy, other = sessions.get("greedy", "10.0.0.1"), sessions.get("another tab", "10.0.0.1")
    extractions = app_state.library.extractions
    with extractions.take(greedy.client), extractions.take(greedy.client):
        waiting = shelf.take_in(app_state, greedy, [drop("more.txt", TEXT)])
        seen: list[Stage] = []
        reading = threading.Thread(target=lambda: seen.extend(one.stage for (one,) in waiting))
        reading.start()
        until(lambda: extractions.waiting == 1)
        *_, (done,) = shelf.take_in(app_state, other, [drop("other.txt", TEXT + "\n\nAnother.")])
        assert done.stage is Stage.DONE
        assert seen == [Stage.EXTRACTING]
        assert greedy.reading is not None
        greedy.reading.stop()
        reading.join()
    assert seen == [Stage.EXTRACTING, Stage.STOPPED]
    assert (extractions.working, extractions.waiting) == (0, 0)


def test_many_open_tabs_do_not_shut_the_page(app_state: AppState) -> None:
    """Each is a job of Gradio's that goes on for as long as the tab is open."""
    server = uvicorn.Server(uvicorn.Config(create_app(app_state, Address(), 1000), log_level="critical", ws="none"))
    with listen(AnyAddress(port=0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            until(lambda: server.started)
            with httpx.Client(base_url=f"http://127.0.0.1:{listening.getsockname()[1]}", timeout=20) as http:
                handlers = http.get("/config").json()["dependencies"]
                opening, following = (one_of(handlers, event) for event in ("load", "looked_at"))
                for tab in range(45):
                    assert join(http, following, f"tab {tab}").status_code == 200
                asked = join(http, opening, "the last").json()["event_id"]
                assert completed(http, "the last", asked)
        finally:
            server.should_exit = True
            server.force_exit = True
            thread.join()


def one_of(handlers: list[Any], event: str) -> int:
    """Return the number of the first handler of an event that runs on the server."""
    return next(
        one["id"] for one in handlers if one["backend_fn"] and event in {name for _, name in one["targets"]}
    )


def join(http: httpx.Client, handler: int, tab: str) -> httpx.Response:
    body = {"data": [""], "fn_index": handler, "session_hash": tab}
    return http.post("/gradio_api/queue/join", json=body)


def completed(http: httpx.Client, tab: str, event_id: str) -> bool:
    """Whether a handler has ended well within some seconds."""
    deadline = time.monotonic() + 20
    with http.stream("GET", "/gradio_api/queue/data", params={"session_hash": tab}) as answer:
        for line in answer.iter_lines():
            if '"process_completed"' in line and event_id in line:
                return '"success":true' in line
            if time.monotonic() > deadline:
                return False
    return False
