"""What watching a folder tells whoever asked for it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Outcome(Enum):
    """What became of a file. The value is how a line about it begins."""

    READ = "read"
    REPLACED = "read anew"
    KNOWN = "already in the library"
    FAILED = "not read"
    GONE = "gone"
    SKIPPED = "skipped"
    WAITING = "waiting"


@dataclass(frozen=True)
class Happened:
    """What became of a file, or of several. `path` is within the folder, or its own; `detail` says more."""

    outcome: Outcome
    path: str
    detail: str = ""
    document_id: str = ""

    def __str__(self) -> str:
        return f"{self.outcome.value}: {self.path}" + (f" ({self.detail})" if self.detail else "")
