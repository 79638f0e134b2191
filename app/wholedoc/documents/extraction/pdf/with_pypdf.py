"""pypdf reads the page labels and the outline of a PDF, and tells which password it needs."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pypdf
from pypdf.errors import DependencyError, FileNotDecryptedError

from ...document import OutlineEntry
from ..pages.clean import clean_line
from .opening import Obstacle, Refusal

_LONGEST_LABEL = 64
_LONGEST_TITLE = 1000


@dataclass(frozen=True)
class Outline:
    """The bookmarks of a PDF. `skipped` counts those that lead to no page; if `broken`, none could be read."""

    entries: tuple[OutlineEntry, ...] = ()
    skipped: int = 0
    broken: bool = False


class PypdfReader:
    """An open PDF. `password` is the one that opened it, and is empty where none was needed."""

    def __init__(self, reader: pypdf.PdfReader, password: str) -> None:
        self._reader = reader
        self.password = password
        self.page_count = len(reader.pages)

    @classmethod
    def open(cls, data: bytes, password: str | None) -> PypdfReader | Refusal:
        """Open a PDF with `password`, or with the empty one that opens files which are only protected from changes.

        Returns the reason where pypdf cannot open it.
        """
        try:
            reader = pypdf.PdfReader(io.BytesIO(data))
            used = ""
            if reader.is_encrypted:
                candidates = ([password] if password else []) + [""]
                opened = next((word for word in candidates if reader.decrypt(word)), None)
                if opened is None:
                    return Refusal(Obstacle.PASSWORD, "encrypted")
                used = opened
            return cls(reader, used)
        except MemoryError:
            raise
        except FileNotDecryptedError as error:
            return Refusal(Obstacle.PASSWORD, str(error))
        except (DependencyError, NotImplementedError) as error:
            return Refusal(Obstacle.ENCRYPTION, clean_line(str(error)))
        except Exception as error:  # pypdf: "broken PDF files might cause other Exceptions"
            return Refusal(Obstacle.DAMAGE, clean_line(str(error)) or type(error).__name__)

    @property
    def declared_page_count(self) -> int | None:
        """How many pages the file declares, or None where it declares none."""
        try:
            root: Any = self._reader.trailer["/Root"]
            count = root["/Pages"]["/Count"]
        except MemoryError:
            raise
        except Exception:
            return None
        return int(count) if isinstance(count, int) else None

    def labels(self) -> list[str] | None:
        """Return a label for each page (its number where it has none), or None where labels cannot be read."""
        try:
            found = [clean_line(str(label)) for label in self._reader.page_labels]
        except MemoryError:
            raise
        except Exception:
            return None
        if len(found) != self.page_count or any(len(label) > _LONGEST_LABEL for label in found):
            return None
        return [label or str(number) for number, label in enumerate(found, 1)]

    def outline(self) -> Outline:
        """Return the bookmarks, with pages counted from 1."""
        try:
            entries: list[OutlineEntry] = []
            skipped = 0
            for item, level in _flatten(self._reader.outline, 1):
                title = clean_line(str(item.title or ""))
                page = self._page_of(item)
                if page is None or not title or len(title) > _LONGEST_TITLE:
                    skipped += 1
                else:
                    entries.append(OutlineEntry(title, level, page + 1))
        except MemoryError:
            raise
        except Exception:
            return Outline(broken=True)
        return Outline(tuple(entries), skipped)

    def _page_of(self, destination: Any) -> int | None:
        """Return the index of the page that a bookmark leads to. Some writers give the index itself."""
        page = destination.get("/Page")
        try:
            index = page if isinstance(page, int) else self._reader.get_destination_page_number(destination)
        except (AssertionError, AttributeError, TypeError):
            return None
        return int(index) if index is not None and 0 <= index < self.page_count else None


def _flatten(items: list[Any], level: int) -> Iterator[tuple[Any, int]]:
    """Yield each bookmark with its level. pypdf gives the children of a bookmark as a list behind it."""
    for item in items:
        if isinstance(item, list):
            yield from _flatten(item, level + 1)
        else:
            yield item, level
