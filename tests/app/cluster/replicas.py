"""Replicas without Ray: a handle whose replicas are this process's library, asked as another process would be."""

from __future__ import annotations

import contextvars
import pickle
from collections.abc import AsyncIterator, Callable, Generator
from typing import Any

from ray.exceptions import RayActorError

from wholedoc import Library, Token
from wholedoc.cluster.calls import performed
from wholedoc.cluster.messages import Began, Failed, ModelState
from wholedoc.runtime.threaded_generator import Cancel, ThreadedGenerator
from wholedoc.server.posing import answer

Make = Callable[[Cancel], Generator[Any, None, None]]


class Replicas:
    """Stands for the handle of replicas. So many of the first are `dying` before they say anything, and with
    `dies_in_answer` each after its first word. What is sent is pickled, and whoever answers knows nothing of the
    sender's context."""

    def __init__(self, library: Library, dying: int = 0, dies_in_answer: bool = False) -> None:
        self.asked = 0
        self.sent: list[Messages] = []
        self._library = library
        self._method = ""
        self._dying, self.dies_in_answer = dying, dies_in_answer

    def options(self, method_name: str | None = None, **_: Any) -> Replicas:
        self._method = method_name or self._method
        return self

    @property
    def model_state(self) -> Replicas:
        return self

    def remote(self, *sent: Any) -> Any:
        if not sent:
            return self._state()
        self.asked += 1
        self.sent.append(Messages(self._made(pickle.dumps(sent)), self.asked <= self._dying, self.dies_in_answer))
        return self.sent[-1]

    def _made(self, sent: bytes) -> Make:
        library, what = self._library, pickle.loads(sent)
        if self._method == "call":
            return lambda cancelled: performed(library, what[0], cancelled)
        posed, _, client = what
        return lambda cancelled: answer(library, posed, client, cancelled)

    async def _state(self) -> ModelState:
        return ModelState(1000)


class Messages:
    """What one replica says."""

    def __init__(self, make: Make, dies: bool, dies_in_answer: bool) -> None:
        self._make, self._dies, self._dies_in_answer = make, dies, dies_in_answer
        self._work: ThreadedGenerator[Any] | None = None
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True
        if self._work is not None:
            self._work.stop()

    async def __aiter__(self) -> AsyncIterator[Any]:
        if self._dies:
            raise RayActorError
        yield Began("replica-7", False)
        self._work = contextvars.Context().run(self._started)
        try:
            async for message in self._work:
                yield message
                if self._dies_in_answer and isinstance(message, Token):
                    raise RayActorError
        except RayActorError:
            raise
        except Exception as error:
            yield Failed.of(error)

    def _started(self) -> ThreadedGenerator[Any]:
        return ThreadedGenerator(self._make, name="replica", daemon=True)
