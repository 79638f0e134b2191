"""What the parent process asks of the worker."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

from .limits import RenderingLimits


class Wanted(Enum):
    """What is asked of the file: all pages' sizes, one's picture, its lines, where a quote or words stand on it."""

    SIZES = "sizes"
    PICTURE = "picture"
    LINES = "lines"
    QUOTE = "quote"
    WORDS = "words"


@dataclass(frozen=True)
class Opening:
    """The file that a worker is about, as its first line says. The password travels through the pipe only."""

    path: str
    name: str
    password: str | None
    limits: RenderingLimits

    def to_json(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_json(cls, raw: bytes) -> Opening:
        body: dict[str, Any] = json.loads(raw)
        body["limits"] = RenderingLimits(**body["limits"])
        return cls(**body)


@dataclass(frozen=True)
class Request:
    """`page` counts from 1; for the sizes it is how many pages there are. `width` is in pixels, `text` what is
    looked for.
    """

    wanted: Wanted
    page: int
    width: int = 1000
    text: str = ""

    def to_json(self) -> bytes:
        return json.dumps([self.wanted.value, self.page, self.width, self.text]).encode()

    @classmethod
    def from_json(cls, raw: bytes) -> Request:
        wanted, page, width, text = json.loads(raw)
        return cls(Wanted(wanted), page, width, text)
