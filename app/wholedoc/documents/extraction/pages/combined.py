"""The files that lie in an archive or a message, put together as one document."""

from __future__ import annotations

from ...document import OutlineEntry
from ...recognition.scan import Scan
from .extracted import Extracted


class Combined:
    """Pages, outline, warnings and scans, to which one file after the other is added."""

    def __init__(self, first: Extracted | None = None) -> None:
        self.pages: list[tuple[str, str]] = list(first.pages) if first else []
        self.outline: list[OutlineEntry] = list(first.outline) if first else []
        self.warnings: list[str] = list(first.warnings) if first else []
        self._scans: list[Scan] = []

    def add(self, one: Extracted, number: int, name: str) -> None:
        """Add a file that has a number (0-based) in what it lies in. It is an entry of the outline."""
        before = len(self.pages)
        self.outline.append(OutlineEntry(name, 1, before + 1))
        self.outline += [OutlineEntry(entry.title, entry.level + 1, entry.page + before) for entry in one.outline]
        self.pages += [(text, f"{name}: {label}") for text, label in one.pages]
        self.warnings += [warning if name in warning else f"{name}: {warning}" for warning in one.warnings]
        self._scans += [scan.within(number, before) for scan in one.scans]

    def extracted(self) -> Extracted:
        """Return all of it as what was read from the archive or message."""
        return Extracted(tuple(self.pages), tuple(self.outline), tuple(self.warnings), tuple(self._scans))
