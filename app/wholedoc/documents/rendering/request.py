"""What the parent process asks of the worker."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from .limits import RenderingLimits


@dataclass(frozen=True)
class Request:
    """Draw page `page`, counted from 1, `width` pixels wide. The password travels through the pipe only."""

    path: str
    name: str
    page: int
    quote: str
    width: int
    password: str | None
    limits: RenderingLimits

    @property
    def what(self) -> str:
        """The name of the page in messages."""
        return f"Page {self.page:,} of {self.name}"

    def to_json(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_json(cls, raw: bytes) -> Request:
        body: dict[str, Any] = json.loads(raw)
        body["limits"] = RenderingLimits(**body["limits"])
        return cls(**body)
