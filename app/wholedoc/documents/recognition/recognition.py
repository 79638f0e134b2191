"""How recognising is asked for: who is told how far it is, who may stop it, and what it may cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec

INSTALL = 'pip install "wholedoc[ocr]"'
"""The command that installs what recognises text."""

NOT_RECOGNISED = f"Text is recognised where `{INSTALL}` was run"
"""Stands in every warning and error about pages that were not recognised."""


@dataclass(frozen=True)
class RecognitionLimits:
    """Bounds on recognising the pages of a file: seconds of time for the start and for each page, and bytes."""

    seconds: float = 60.0
    seconds_a_page: float = 60.0
    memory_bytes: int = 6 << 30
    bytes_a_page: int = 8 << 20
    result_bytes: int = 8 << 20

    def for_pages(self, count: int) -> RecognitionLimits:
        """Return the limits for so many pages."""
        seconds = self.seconds + count * self.seconds_a_page
        return replace(self, seconds=seconds, result_bytes=self.result_bytes + count * self.bytes_a_page)


@dataclass(frozen=True)
class Recognition:
    """Asks for scanned pages to be recognised.

    `progress` is called with the pages that are done and all that are to be recognised. When `cancelled` turns
    true, the work stops within a second.
    """

    progress: Callable[[int, int], None] = lambda done, total: None
    cancelled: Callable[[], bool] = lambda: False
    limits: RecognitionLimits = RecognitionLimits()


def awaits_recognition(warnings: Sequence[str]) -> bool:
    """Return whether a document was read when nothing could be recognised, by its warnings."""
    return any(NOT_RECOGNISED in one for one in warnings)


def is_installed() -> bool:
    """Return whether the extra `ocr` is installed. Nothing is imported."""
    return find_spec("rapidocr") is not None and find_spec("onnxruntime") is not None
