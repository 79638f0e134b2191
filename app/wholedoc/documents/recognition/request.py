"""What the parent process asks of the worker."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from ..extraction.limits import ExtractionLimits
from ..formats import FileKind
from .recognition import RecognitionLimits
from .scan import Scan


@dataclass(frozen=True)
class Request:
    """Which pages of a file are to be recognised. The password travels through the pipe only.

    `unpacking` are the limits under which the file was read, for archives and messages that the pages lie in.
    """

    path: str
    name: str
    kind: FileKind
    scans: tuple[Scan, ...]
    password: str | None
    limits: RecognitionLimits
    unpacking: ExtractionLimits

    def to_json(self) -> bytes:
        return json.dumps({**asdict(self), "kind": self.kind.name}).encode()

    @classmethod
    def from_json(cls, raw: bytes) -> Request:
        body: dict[str, Any] = json.loads(raw)
        body["kind"], body["limits"] = FileKind[body["kind"]], RecognitionLimits(**body["limits"])
        body["scans"] = tuple(Scan(**{**scan, "inside": tuple(scan["inside"])}) for scan in body["scans"])
        body["unpacking"] = ExtractionLimits(**body["unpacking"])
        return cls(**body)
