"""What a replica sends back to the ingress: the events of an answer, and how it failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..answer import Event
from ..server.protocol.errors import ApiError, api_error
from .calls import Returned

# Serve writes what this logger is told as JSON, with the replica's name and the request's id.
LOGGER = "ray.serve"


@dataclass(frozen=True)
class Began:
    """A replica has begun to answer. `replica` is its name; `warm` says whether it held all documents in memory."""

    replica: str
    warm: bool


@dataclass(frozen=True)
class Failed:
    """An error, as OpenAI's clients are told it. Errors themselves cannot all be sent between processes."""

    status: int
    message: str
    code: str | None
    param: str | None
    headers: Mapping[str, str]

    @classmethod
    def of(cls, error: Exception) -> Failed:
        """Return what a client is told of an error. The details of an unexpected one go to the replica's log."""
        told = api_error(error)
        return cls(told.status_code, told.detail, told.code, told.param, dict(told.headers or {}))

    @property
    def error(self) -> ApiError:
        return ApiError(self.status, self.message, self.code, self.param, self.headers)


Message = Began | Event | Returned | Failed


@dataclass(frozen=True)
class ModelState:
    """What a replica says of its model: the longest document that it can read, in tokens."""

    longest_document: int
