"""What a tab follows of the others: it is sent what changes, and nothing any more when it is closed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest

from wholedoc_ui.app_state import AppState
from wholedoc_ui.session import Sessions

from .conftest import Put

gr = pytest.importorskip("gradio")
pytestmark = pytest.mark.embedded


@pytest.fixture
def handlers(app_state: AppState, sessions: Sessions) -> Any:
    from wholedoc_ui.interface.components import build
    from wholedoc_ui.interface.page import PageHandlers

    with gr.Blocks():
        return PageHandlers(app_state, sessions, build(app_state))


async def sent(following: AsyncIterator[Any], seconds: float) -> Any:
    """Return what is sent next; None if nothing is within so many seconds. Then the following has ended, too."""
    try:
        return await asyncio.wait_for(anext(following), seconds)
    except (TimeoutError, StopAsyncIteration):
        return None


def test_only_what_changes_is_sent(handlers: Any, put: Put) -> None:
    request = SimpleNamespace(session_hash="this tab")

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
    request = SimpleNamespace(session_hash="this tab")

    async def follow() -> None:
        following = handlers.follow(request)
        assert await sent(following, 20)
        handlers.closed(request)
        with pytest.raises(StopAsyncIteration):
            await asyncio.wait_for(anext(following), 20)

    asyncio.run(follow())


def test_of_several_that_follow_the_last_goes_on(handlers: Any) -> None:
    """As when a person comes back to a tab that has lost its connection meanwhile."""
    request = SimpleNamespace(session_hash="this tab")

    async def follow() -> None:
        before, after = handlers.follow(request), handlers.follow(request)
        assert await sent(before, 20)
        assert await sent(after, 20)
        with pytest.raises(StopAsyncIteration):
            await asyncio.wait_for(anext(before), 20)

    asyncio.run(follow())
