"""What the parent process asks of the worker."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from ..formats import FileKind
from .recognition import RecognitionLimits


@dataclass(frozen=True)
class Request:
    """Which pages (0-based) of a file are to be recognised. The password travels through the pipe only."""

    path: str
    name: str
    kind: FileKind
    pages: tuple[int, ...]
    password: str | None
    limits: RecognitionLimits

    def to_json(self) -> bytes:
        return json.dumps({**asdict(self), "kind": self.kind.name}).encode()

    @classmethod
    def from_json(cls, raw: bytes) -> Request:
        body: dict[str, Any] = json.loads(raw)
        body["kind"], body["pages"] = FileKind[body["kind"]], tuple(body["pages"])
        body["limits"] = RecognitionLimits(**body["limits"])
        return cls(**body)
