"""Requests on their way to replicas: one that dies is replaced by another, as far as nobody notices."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from typing import Any

from ray.exceptions import RayActorError
from ray.serve.exceptions import DeploymentUnavailableError
from ray.serve.handle import DeploymentHandle

from ..runtime import tracing
from ..server.protocol.errors import ApiError
from .messages import LOGGER, Began, Failed
from .metrics import ReplicaMetrics
from .placement import document_key

log = logging.getLogger(LOGGER)
# So many replicas are tried for one request. A request whose replicas all die may be what kills them.
ATTEMPTS = 3
RETRY_AFTER_S = 5
# Makes the arguments of a request, which is told the traceparent that goes with it.
Arguments = Callable[[str | None], tuple[Any, ...]]


class Sender:
    """Sends requests for one method of the replicas to the one that suits their documents."""

    def __init__(self, replicas: DeploymentHandle[Any], method: str, metrics: ReplicaMetrics) -> None:
        self._metrics = metrics
        self._replicas = replicas.options(method_name=method, stream=True)

    async def messages(
        self, arguments: Arguments, ids: Sequence[str], told: Callable[[Any], bool]
    ) -> AsyncGenerator[Any, None]:
        """Yield what a replica says. If it dies another one is asked, unless somebody was `told` a message that
        another one might not repeat.

        Raises ApiError.
        """
        repeats = True
        for attempt in range(ATTEMPTS):
            try:
                async for message in self._ask(arguments, ids):
                    repeats = repeats and not told(message)
                    yield message
                return
            except (RayActorError, DeploymentUnavailableError) as error:
                log.warning(
                    "attempt %d of %d: the replica was lost (%s)", attempt + 1, ATTEMPTS, type(error).__name__
                )
                self._metrics.count_lost()
                if not repeats:
                    break
        raise ApiError(
            503,
            "the process that answered this was lost: ask again, and what was read until then is not read anew",
            "replica_lost",
            headers={"Retry-After": str(RETRY_AFTER_S)},
        )

    async def _ask(self, arguments: Arguments, ids: Sequence[str]) -> AsyncIterator[Any]:
        """Yield what one replica says. Raises ApiError, and Ray's errors if the replica dies."""
        keys = " ".join(map(document_key, ids))
        sent = time.monotonic()
        with tracing.aside("ask a replica", side=tracing.Side.CALLING) as span:
            messages: Any = self._replicas.options(session_id=keys).remote(*arguments(span.traceparent))
            try:
                async for message in messages:
                    if isinstance(message, Failed):
                        raise message.error
                    if isinstance(message, Began):
                        self._metrics.count_sent(message.replica, message.warm, time.monotonic() - sent)
                        span.tell({"wholedoc.replica": message.replica, "wholedoc.warm": message.warm})
                    else:
                        yield message
            finally:
                messages.cancel()
