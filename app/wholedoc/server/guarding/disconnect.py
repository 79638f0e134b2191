"""What happens when a client disconnects: the work that it asked for is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.types import Receive

T = TypeVar("T")


class DisconnectedError(Exception):
    """The client has disconnected, so nobody waits for the answer."""


async def cancel_on_disconnect(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """Awaits `work` and returns its result. If the client disconnects first, cancels it and raises
    DisconnectedError.

    The request's body must have been read before.
    """
    working, disconnecting = asyncio.ensure_future(work), asyncio.ensure_future(_disconnected(receive))
    try:
        await asyncio.wait((working, disconnecting), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise DisconnectedError
        return working.result()
    finally:
        for task in (working, disconnecting):
            task.cancel()
        await asyncio.wait((working, disconnecting))


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
