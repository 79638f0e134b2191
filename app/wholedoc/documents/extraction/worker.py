"""The child process that parses an untrusted file.

It reads a JSON request from standard input and writes a JSON answer to standard output.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ...errors import DocumentError, ExtractionLimitError, NoTextError
from ...runtime.limited_worker import serve
from ..formats import FileKind
from .limits import ExtractionLimits
from .pages.extracted import Extracted, error_to_json


@dataclass(frozen=True)
class Request:
    """What the worker is to read. The password travels through the pipe only.

    `recognised` says that scanned pages will be recognised, so that a file of nothing else is no error.
    """

    path: str
    name: str
    kind: FileKind
    password: str | None
    limits: ExtractionLimits
    recognised: bool = False

    def to_json(self) -> bytes:
        return json.dumps({**asdict(self), "kind": self.kind.name}).encode()

    @classmethod
    def from_json(cls, raw: bytes) -> Request:
        body: dict[str, Any] = json.loads(raw)
        body["kind"] = FileKind[body["kind"]]
        body["limits"] = ExtractionLimits(**body["limits"])
        return cls(**body)


def main() -> None:
    """Answer the one request that comes through standard input."""
    request = Request.from_json(sys.stdin.buffer.read())
    serve(request.limits, lambda: _answer(request))


def _answer(request: Request) -> bytes:
    try:
        extracted = _extract(request)
        _check_size(extracted, request)
        return extracted.to_json()
    except DocumentError as error:
        return error_to_json(error)


def _extract(request: Request) -> Extracted:
    # The parsers are imported here, when the limits hold, and only the one that is needed is.
    from .reading import read
    from .source import Budget, Source

    data = Path(request.path).read_bytes()
    budget = Budget(request.limits)
    source = Source(data, request.name, request.kind, request.password, request.limits, budget, read)
    return read(replace(source, recognised=request.recognised))


def _check_size(extracted: Extracted, request: Request) -> None:
    pages, characters = len(extracted.pages), sum(len(text) for text, _ in extracted.pages)
    limits = request.limits
    if pages > limits.pages or characters > limits.characters:
        raise ExtractionLimitError(
            f"{request.name} has {characters:,} characters of text, or {pages:,} pages, more than the limits"
            f" of {limits.characters:,} and {limits.pages:,}: split it into smaller files."
        )
    if not any(text.strip() for text, _ in extracted.pages) and not (extracted.scans and request.recognised):
        raise NoTextError(f"{request.name} has no text, so there is nothing to ask about.")


if __name__ == "__main__":
    main()
