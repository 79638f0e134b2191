"""What a server measures, in Prometheus' format. Every server has a registry of its own."""

from __future__ import annotations

import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ...answer import Answer
from ..guarding.rate_limiting import RateLimiter
from ..middleware import is_page

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# Upper bounds of the histogram's buckets, in seconds.
BUCKETS_S = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320, 640)
# The store's files are looked at no more often than this, in seconds: there may be a hundred thousand of them.
STORE_PERIOD_S = 60.0


class Metrics:
    """Counts requests, disconnects and tokens, and measures the queue, the time to the first token, and the store.

    `store_bytes` returns the bytes of all stored chunks, and may take long.
    """

    def __init__(
        self, rate_limiter: RateLimiter, registry: CollectorRegistry, store_bytes: Callable[[], int]
    ) -> None:
        self.registry = registry
        self._requests = Counter(
            "wholedoc_requests", "Requests answered.", ("method", "route", "status"), registry=self.registry
        )
        self._gone = Counter(
            "wholedoc_disconnects", "Clients that left before their answer was complete.", registry=self.registry
        )
        self._tokens = Counter(
            "wholedoc_tokens",
            "Tokens of documents that were read or were known (cached), of questions and answers.",
            ("kind",),
            registry=self.registry,
        )
        self._first_token = Histogram(
            "wholedoc_first_token_seconds",
            "From when a request came in to its first token.",
            buckets=BUCKETS_S,
            registry=self.registry,
        )
        waiting = Gauge("wholedoc_waiting_requests", "Requests in the queue.", registry=self.registry)
        waiting.set_function(lambda: rate_limiter.waiting)
        working = Gauge("wholedoc_working_requests", "Requests at work.", registry=self.registry)
        working.set_function(lambda: rate_limiter.working)
        self._store = Gauge("wholedoc_store_bytes", "Bytes of stored KV, a minute old.", registry=self.registry)
        self._store_bytes, self._looked_at = store_bytes, -STORE_PERIOD_S

    def text(self) -> bytes:
        """Returns all metrics in Prometheus' text format. It may look at every file of the store."""
        if time.monotonic() - self._looked_at >= STORE_PERIOD_S:
            self._looked_at = time.monotonic()
            self._store.set(self._store_bytes())
        return generate_latest(self.registry)

    def count_request(self, method: str, route: str, status: int) -> None:
        self._requests.labels(method, route, str(status)).inc()

    def count_disconnect(self) -> None:
        """Count a client that left before its answer was complete."""
        self._gone.inc()

    def count_answer(self, answer: Answer, first_token_s: float) -> None:
        """Count an answer's tokens. `first_token_s` are the seconds from the request to the first token."""
        used = answer.usage
        self._tokens.labels("read").inc(used.document_tokens - used.cached_tokens)
        self._tokens.labels("cached").inc(used.cached_tokens)
        self._tokens.labels("question").inc(used.question_tokens)
        self._tokens.labels("answer").inc(used.answer_tokens)
        self._first_token.observe(first_token_s)


class RequestMetricsMiddleware:
    """Counts responses by method, route and status, those of the guard and of all other middleware too.

    What no route of the API has answered counts as "other": the guard's refusals, and the pages beside the API.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                # This is the path of the route, not the one requested: those would be endlessly many labels.
                route = "other" if is_page(scope["path"]) else getattr(scope.get("route"), "path", "other")
                method = scope["method"] if route != "other" else "other"
                self.metrics.count_request(method, route, message["status"])
            await send(message)

        await self.app(scope, receive, send_counted)
