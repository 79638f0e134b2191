"""What a document is made of before it is set: chapters, sections, entries, tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """One numbered paragraph; ``at`` is its place inside its section (a day, or a fraction)."""

    at: float
    head: str
    body: str
    whole: bool = False  # keep on one page: a question rests on it


@dataclass(frozen=True)
class Table:
    """A titled table; numeric columns are set flush right."""

    title: str
    columns: tuple[str, ...]
    widths: tuple[float, ...]  # shares of the line
    rows: tuple[tuple[str, ...], ...]
    right: tuple[int, ...] = ()


@dataclass(frozen=True)
class Section:
    title: str
    blocks: tuple[str | Entry | Table, ...]


@dataclass(frozen=True)
class Chapter:
    title: str
    intro: tuple[str, ...]
    sections: tuple[Section, ...]


def numbered(prefix: str, entries: Iterable[Entry], start: int) -> tuple[Entry, ...]:
    """The entries in order of place, each head led by its running number."""
    ordered = sorted(entries, key=lambda entry: entry.at)
    return tuple(
        Entry(entry.at, f"{prefix} {start + i}. {entry.head}", entry.body, entry.whole)
        for i, entry in enumerate(ordered)
    )
