"""What the routes of one server share."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request

from ..library import Library
from .metrics import Metrics
from .models import ServedModel
from .rate_limiting import Client, RateLimiter

# Requests at work at a time: each holds the context of its answer in memory. They take turns at the model anyway.
AT_ONCE = 8
# Files whose text is extracted at a time, each in a process of its own, and files that wait for it.
EXTRACTING, UPLOADS = 2, 32


@dataclass(frozen=True)
class Options:
    """`key` None lets everybody in. `queue_limit` requests may wait; `request_bytes` is the largest request.
    `origins` are web pages that may use the server from elsewhere."""

    key: str | None = None
    queue_limit: int = 64
    request_bytes: int = 200_000_000
    origins: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ("*",)


class State:
    """One library, its model, and those who want something of it."""

    def __init__(self, library: Library, options: Options) -> None:
        self.library = library
        self.model = ServedModel(library)
        self.rate_limiter = RateLimiter(AT_ONCE, options.queue_limit)
        self.uploads = RateLimiter(EXTRACTING, UPLOADS)
        self.metrics = Metrics(self.rate_limiter)


def state_of(request: Request) -> State:
    """The state of the application that this request came to."""
    state: State = request.app.state.server
    return state


def client_of(request: Request, user: str | None = None) -> Client:
    """Whose request this is."""
    return Client(request.client.host if request.client else "", user or "")
