"""What the routes of one server share."""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_client import CollectorRegistry
from starlette.requests import Request

from ..runtime.client import Client
from ..storage.people.users import User
from ..storage.shelf import CONCURRENT_EXTRACTIONS, Shelf
from ..webpages import PageLimits
from .answering import Answering
from .guarding.rate_limiting import RateLimiter
from .middleware import USER
from .observing.metrics import Metrics
from .protocol.errors import ApiError
from .user_shelf import UserShelf

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

    Without a `key` everybody is let in; with `has_users` everybody who has a user's key, or, if a server in front
    has the `key`, whom it names in `user_header`. `concurrency` chat requests work at a time, and `queue_limit`
    more may wait. `request_bytes` is the largest upload in bytes, and `json_bytes` the largest other request: it is
    held in memory. Web pages of `origins` may use the server. `hosts` are the names by which requests may address
    the server; "*" allows any. `ids_in_front` says that a server in front gives requests their ids. Without
    `web_pages` none are fetched.
    """

    key: str | None = None
    has_users: bool = False
    user_header: str | None = None
    queue_limit: int = 64
    request_bytes: int = 200_000_000
    json_bytes: int = JSON_BYTES
    origins: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ("*",)
    concurrency: int = CONCURRENT_REQUESTS
    ids_in_front: bool = False
    web_pages: PageLimits | None = None


class State:
    """The shelf with the files, who answers questions to them, the limits on requests and uploads, the metrics.

    A `registry` that is given has metrics of whoever answers, which are read with the server's own.
    """

    def __init__(
        self, shelf: Shelf, answering: Answering, options: Options, registry: CollectorRegistry | None = None
    ) -> None:
        self.shelf = shelf
        self.answering = answering
        self.model = answering.model
        self.rate_limiter = RateLimiter(options.concurrency, options.queue_limit)
        self.web_pages = options.web_pages
        self.upload_limiter = RateLimiter(CONCURRENT_EXTRACTIONS, QUEUED_UPLOADS)
        self.metrics = Metrics(
            self.rate_limiter, registry or CollectorRegistry(), store_bytes=shelf.folder.store.total
        )


def state_of(request: Request) -> State:
    """Returns the state of the application that received this request."""
    state: State = request.app.state.server
    return state


def user_of(request: Request) -> User | None:
    """Returns whose key this request came with, None where the server has no users."""
    user: User | None = request.scope.get(USER)
    return user


def shelf_of(request: Request, target: str | None = None) -> Shelf:
    """Returns the shelf as the request's user sees it; files go to the shared shelf `target`, or else to their own.

    Raises ApiError 400 if they share no such shelf.
    """
    shelf, user = state_of(request).shelf, user_of(request)
    if user is not None:
        return UserShelf(shelf, shelf.folder.shelves, user, target)
    if target is not None:
        raise ApiError(400, "this server has no users, and one shelf: leave shelf out", "invalid_value", "shelf")
    return shelf


def client_of(request: Request, user: str | None = None) -> Client:
    """Returns who sent this request. `user` tells apart the users behind one address."""
    known = user_of(request)
    if known is not None:  # wherever they are
        return Client(f"user {known.name}", user or "")
    return Client(request.client.host if request.client else "", user or "")
