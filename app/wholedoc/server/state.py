"""What the routes of one server share."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request

from ..runtime.client import Client
from ..storage.shelf import CONCURRENT_EXTRACTIONS, Shelf
from .answering import Answering
from .metrics import Metrics
from .rate_limiting import RateLimiter

# Chat requests at work at a time. Each holds the context of its answer in memory; at the model they take turns
# anyway.
CONCURRENT_REQUESTS = 8
# Files that may wait for extraction, before their threads wait with the browser app's for one of its places.
QUEUED_UPLOADS = 32
# A text of four million tokens (the KV of which takes 50 GB with the smallest model), or a file of 12 MB in base64.
# One rare character makes every character of a text take four bytes, and finding the question in it makes two
# copies: up to 14 bytes for each of the body's were measured, so that this many stay below 300 MB.
JSON_BYTES = 16_000_000


@dataclass(frozen=True)
class Options:
    """What the command line sets.

    Without a `key` everybody is let in. `concurrency` chat requests work at a time, and `queue_limit` more may
    wait. `request_bytes` is the largest upload in bytes, and `json_bytes` the largest other request: it is held in
    memory. Web pages of `origins` may use the server. `hosts` are the names by which requests may address the
    server; "*" allows any.
    """

    key: str | None = None
    queue_limit: int = 64
    request_bytes: int = 200_000_000
    json_bytes: int = JSON_BYTES
    origins: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ("*",)
    concurrency: int = CONCURRENT_REQUESTS


class State:
    """The shelf with the files, who answers questions to them, the limits on requests and uploads, the metrics."""

    def __init__(self, shelf: Shelf, answering: Answering, options: Options) -> None:
        self.shelf = shelf
        self.answering = answering
        self.model = answering.model
        self.rate_limiter = RateLimiter(options.concurrency, options.queue_limit)
        self.upload_limiter = RateLimiter(CONCURRENT_EXTRACTIONS, QUEUED_UPLOADS)
        self.metrics = Metrics(self.rate_limiter)


def state_of(request: Request) -> State:
    """Returns the state of the application that received this request."""
    state: State = request.app.state.server
    return state


def client_of(request: Request, user: str | None = None) -> Client:
    """Returns who sent this request. `user` tells apart the users behind one address."""
    return Client(request.client.host if request.client else "", user or "")
