"""The documents that a library knows: the text and pages of each, in one JSON file a document."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..documents.document import PAGE_SEPARATOR, Document, OutlineEntry, Page
from .files.kept import CLEAR, KeptFiles

VERSION = 1


@dataclass(frozen=True)
class Catalog:
    """A folder with one file for each document. A file that did not change is not parsed twice."""

    folder: Path
    files: KeptFiles = CLEAR
    _parsed: dict[str, tuple[int, Document | None]] = field(default_factory=dict, compare=False, repr=False)

    def path(self, id: str) -> Path:
        return self.folder / f"{id}.json"

    def __contains__(self, id: str) -> bool:
        return self.path(id).is_file()

    def put(self, document: Document) -> None:
        """Remember a document's text and pages."""
        self.folder.mkdir(parents=True, exist_ok=True)
        content = {"version": VERSION, **asdict(document)}
        self.files.write(self.path(document.id), json.dumps(content, ensure_ascii=False).encode())

    def get(self, id: str) -> Document | None:
        """Return the document with this id, or None if its file is missing, damaged or of another version.

        The caller then parses the original file anew."""
        try:
            changed = self.path(id).stat().st_mtime_ns
        except OSError:
            self._parsed.pop(id, None)
            return None
        known = self._parsed.get(id)
        if known is None or known[0] != changed:
            known = self._parsed[id] = (changed, self._parse(id))
        return known[1]

    def _parse(self, id: str) -> Document | None:
        try:
            content: dict[str, Any] = json.loads(self.files.read_text(self.path(id)))
            if content["version"] != VERSION:
                return None
            return Document(
                content["id"],
                content["name"],
                tuple(Page(**page) for page in content["pages"]),
                tuple(OutlineEntry(**entry) for entry in content["outline"]),
                tuple(content["warnings"]),
                content.get("separator", PAGE_SEPARATOR),
            )
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def is_whole(self, id: str) -> bool:
        """Return whether a document is kept with all that belongs to it, as far as shows without reading it."""
        return self.files.is_whole(self.path(id))

    def touch(self, id: str) -> None:
        """Mark a document as the one that was used last. Raises OSError if it is not there."""
        os.utime(self.path(id))

    def ids(self) -> list[str]:
        """Return the ids of all documents, in the order in which they were put or last touched."""
        found: list[tuple[float, str]] = []
        for path in self.folder.glob("*.json"):
            with suppress(FileNotFoundError):  # another process may remove it meanwhile
                found.append((path.stat().st_mtime, path.stem))
        return [id for _, id in sorted(found)]

    def remove(self, id: str) -> None:
        """Forget a document. Nothing happens if it is not known."""
        self.files.remove(self.path(id))
