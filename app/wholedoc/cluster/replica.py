"""A replica of the engine: a library with a model on its device, which answers what the ingress sends it."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Callable, Generator
from typing import TYPE_CHECKING

from ray import serve

from ..answer import Event
from ..errors import LibraryError
from ..runtime import tracing
from ..runtime.client import Client
from ..runtime.threaded_generator import Cancel, ThreadedGenerator
from ..server.state import CONCURRENT_REQUESTS
from ..settings import Settings
from ..storage.home import VARIABLE
from .calls import Call, Returned, performed
from .messages import LOGGER, Began, Failed, Message, ModelState
from .metrics import ReplicaGauges
from .options import ClusterOptions
from .placement import document_key
from .router import WARM

if TYPE_CHECKING:
    from ..server.posing import Posed

log = logging.getLogger(LOGGER)


class EngineReplica:
    """One library and its model. Serve sends it requests once the constructor has loaded the model."""

    def __init__(self, settings: Settings, options: ClusterOptions) -> None:
        os.environ[VARIABLE] = str(options.folder)
        tracing.export("wholedoc-replica", log.warning)
        import torch

        from parallelcomp import ChunkScoring

        from ..library import Library
        from ..reading.worker import ReadingWorker

        torch.set_num_threads(options.threads)
        self.library = Library.open(options.folder, settings, notify=log.info)
        self._name = serve.get_replica_context().replica_id.unique_id
        self._places = asyncio.Semaphore(CONCURRENT_REQUESTS)  # each holds the context of its answer in memory
        self._gauges = ReplicaGauges()
        self._longest = self.library.engine.plan(0).longest_document
        if options.finds_heads and settings.scoring is ChunkScoring.SCAN:
            self.library.heads.find_in_background()
        ReadingWorker(self.library).start()

    async def answer(self, posed: Posed, ids: tuple[str, ...], client: Client) -> AsyncIterator[Message]:
        """Yield the events of the answer to a question about the documents with these ids.

        An error is the last message. The work stops when the caller goes away.
        """
        from ..server.posing import answer

        async for message in self._worked(lambda cancelled: answer(self.library, posed, client, cancelled), ids):
            yield message

    async def call(self, call: Call, ids: tuple[str, ...]) -> AsyncIterator[Message]:
        """Yield the events of a method that the browser app calls, and what it returns, in the same way."""
        async for message in self._worked(lambda cancelled: performed(self.library, call, cancelled), ids):
            yield message

    async def _worked(
        self, make: Callable[[Cancel], Generator[Event | Returned, None, None]], ids: tuple[str, ...]
    ) -> AsyncIterator[Message]:
        began, warm, outcome = time.monotonic(), self.library.held.read.keys() >= set(ids), "stopped"
        yield Began(self._name, warm)
        try:
            async with self._places:
                work = ThreadedGenerator(make, name="wholedoc-request", daemon=True)
                try:
                    async for event in work:
                        yield event
                finally:
                    work.stop()
            outcome = "answered"
        except Exception as error:
            outcome = type(error).__name__
            yield Failed.of(error)
        finally:
            # Serve adds the request's id, which the ingress's lines and the client's response have, too.
            told = {"outcome": outcome, "documents": len(ids), "warm": warm, "seconds": time.monotonic() - began}
            log.info("question", extra=told)

    async def model_state(self) -> ModelState:
        """Return what is known of the model now that it is loaded."""
        return ModelState(self._longest)

    def record_routing_stats(self) -> dict[str, dict[str, int]]:
        """Tell the routers which documents are warm here, with their tokens. Serve asks for it every second."""
        held = self.library.held.tokens()
        self._gauges.show(held, self.library.turns.waiting)
        return {WARM: {document_key(id): tokens for id, tokens in sorted(held.items())}}

    def check_health(self) -> None:
        """Raise LibraryError if the library's folder cannot be reached: Serve then replaces this replica."""
        if not self.library.folder.path.is_dir():
            raise LibraryError(f"the library {self.library.folder.path} cannot be reached")
