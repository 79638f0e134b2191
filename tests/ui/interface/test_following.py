"""What a tab follows of the others: it is sent what changes, and nothing any more when it is closed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest

from wholedoc_ui.app_state import AppState
from wholedoc_ui.session import Sessions

from ..conftest import Put

gr = pytest.importorskip("gradio")
pytestmark = pytest.mark.embedded


@pytest.fixture
def handlers(app_state: AppState, sessions: Sessions) -> Any:
    from wholedoc_ui.interface.components import build
    from wholedoc_ui.interface.page import PageHandlers
    from wholedoc_ui.interface.places import Places

    with gr.Blocks():
        return PageHandlers(app_state, sessions, build(app_state), Places(lambda _: sessions.get("this tab")))


async def sent(following: AsyncIterator[Any], seconds: float) -> Any:
    """Return what is sent next; None if nothing is within so many seconds. Then the following has ended, too."""
    try:
        return await asyncio.wait_for(anext(following), seconds)
    except (TimeoutError, StopAsyncIteration):
        return None


def test_only_what_changes_is_sent(handlers: Any, put: Put) -> None:
    request = SimpleNamespace(session_hash="this tab", client=None)

    async def follow() -> None:
        following = handlers.follow(request)
        first = await sent(following, 20)
        documents = handlers.parts.shelf.documents
        assert "No documents yet" in first[documents]
        put("log.txt")
        second = await sent(following, 20)
        assert "log.txt" in second[documents]
        assert handlers.parts.chat.chatbot not in second
        assert handlers.parts.models.listed not in second
        assert await sent(following, 1.2) is None

    asyncio.run(follow())


def test_a_closed_tab_follows_no_more(handlers: Any) -> None:
    request = SimpleNamespace(session_hash="this tab", client=None)

    async def follow() -> None:
        following = handlers.follow(request)
        assert await sent(following, 20)
        handlers.closed(request)
        with pytest.raises(StopAsyncIteration):
            await asyncio.wait_for(anext(following), 20)

    asyncio.run(follow())


def test_of_several_that_follow_the_last_goes_on(handlers: Any) -> None:
    """As when a person comes back to a tab that has lost its connection meanwhile."""
    request = SimpleNamespace(session_hash="this tab", client=None)

    async def follow() -> None:
        before, after = handlers.follow(request), handlers.follow(request)
        assert await sent(before, 20)
        assert await sent(after, 20)
        with pytest.raises(StopAsyncIteration):
            await asyncio.wait_for(anext(before), 20)

    asyncio.run(follow())


def test_the_address_with_the_most_tabs_loses_the_first(
    handlers: Any, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gradio has room for so many jobs: without a limit, whoever opens many tabs would shut the page for all."""
    monkeypatch.setattr("wholedoc_ui.session.MOST_FOLLOWED", 3)
    stranger = SimpleNamespace(session_hash="a stranger's", client=SimpleNamespace(host="10.0.0.2"))
    greedy = [SimpleNamespace(session_hash=f"tab {n}", client=SimpleNamespace(host="10.0.0.1")) for n in range(3)]

    async def follow() -> None:
        followed = [handlers.follow(request) for request in (stranger, *greedy)]
        for one in followed:
            assert await sent(one, 20)
        with pytest.raises(StopAsyncIteration):
            await asyncio.wait_for(anext(followed[1]), 20)
        handlers.closed(greedy[1])
        back = handlers.follow(greedy[0])  # somebody looks at it
        assert await sent(back, 20)
        for request in (stranger, greedy[0], greedy[2]):
            assert sessions.get(request.session_hash) in sessions._following

    asyncio.run(follow())
