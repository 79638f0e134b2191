"""A span for each request to the API, where OpenTelemetry is installed."""

from __future__ import annotations

from typing import Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ...runtime import tracing
from ..middleware import REQUEST_ID

TRACED = "/v1/"
# For applications of FastAPI, whose newest versions make spans of their own, also of applications mounted in them:
# with the addresses of requests, in which the browser app has words that somebody looks for.
NO_OTHER_SPANS: dict[str, Any] = {"telemetry": {"exclude": lambda _scope: True}}


class RequestSpanMiddleware:
    """Opens a span for a request until its answer is sent, which goes on with the trace that the client began.

    Questions whether the server is there are not traced.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(TRACED):
            await self.app(scope, receive, send)
            return
        told = {"http.request.method": scope["method"], "wholedoc.request_id": scope.get(REQUEST_ID, "")}
        parent = Headers(scope=scope).get(tracing.TRACEPARENT)
        with tracing.span(scope["method"], told, side=tracing.Side.CALLED, parent=parent) as span:

            async def send_told(message: Message) -> None:
                if message["type"] == "http.response.start":
                    # The route's path, since the one requested has ids in it.
                    route, status = getattr(scope.get("route"), "path", "other"), message["status"]
                    span.rename(f"{scope['method']} {route}")
                    span.tell({"http.route": route, "http.response.status_code": status})
                    if status >= 500:
                        span.fail(str(status))
                await send(message)

            await self.app(scope, receive, send_told)
