"""The numbers that Word shows before paragraphs ("5.2", "(a)"): they stand nowhere in the file and are counted."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass

from .xml import XML

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_LEVELS = 9
_PLACEHOLDER = re.compile(r"%(\d)")
_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"))
_ROMAN_SMALL = ((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))
_HIGHEST_ROMAN = 4000


@dataclass(frozen=True)
class _Level:
    start: int
    format: str
    text: str
    style: str | None


class Numbering:
    """Counts the numbered paragraphs of a document, in its order."""

    def __init__(self, root: XML | None) -> None:
        self._levels: dict[str, dict[int, _Level]] = {}
        self._abstract: dict[str, str] = {}
        self._starts: dict[tuple[str, int], int] = {}
        self._counts: dict[str, list[int | None]] = defaultdict(lambda: [None] * _LEVELS)
        self._started: set[tuple[str, int]] = set()
        if root is not None:
            self._read(root)

    def _read(self, root: XML) -> None:
        for abstract in root.iterfind(f"{_W}abstractNum"):
            levels = {_number(one, "ilvl"): _level(one) for one in abstract.iterfind(f"{_W}lvl")}
            self._levels[abstract.get(f"{_W}abstractNumId", "")] = levels
        for number in root.iterfind(f"{_W}num"):
            id = number.get(f"{_W}numId", "")
            self._abstract[id] = _value(number, "abstractNumId") or ""
            for override in number.iterfind(f"{_W}lvlOverride"):
                if (start := _value(override, "startOverride")) is not None and start.isdecimal():
                    self._starts[id, _number(override, "ilvl")] = int(start)

    def level_of_style(self, id: str, style: str) -> int:
        """Return the level at which a style is numbered by the list `id`."""
        levels = self._levels.get(self._abstract.get(id, ""), {})
        return next((index for index, level in levels.items() if level.style == style), 0)

    def next(self, id: str, index: int) -> str:
        """Count a paragraph of the list `id` at a level, from 0, and return its number; "-" for a bullet."""
        abstract = self._abstract.get(id, "")
        levels = self._levels.get(abstract, {})
        level = levels.get(index)
        if level is None or not 0 <= index < _LEVELS:
            return ""
        counts = self._counts[abstract]
        start = level.start
        if (id, index) not in self._started and (id, index) in self._starts:
            counts[index], start = None, self._starts[id, index]
        self._started.add((id, index))
        before = counts[index]
        counts[index] = start if before is None else before + 1
        counts[index + 1 :] = [None] * (_LEVELS - index - 1)
        if level.format == "bullet":
            return "-"
        return _PLACEHOLDER.sub(lambda match: _shown(levels, counts, int(match[1]) - 1), level.text).strip()


def _shown(levels: dict[int, _Level], counts: list[int | None], index: int) -> str:
    level = levels.get(index)
    if level is None or not 0 <= index < _LEVELS:
        return ""
    count = counts[index]
    return _written(level.start if count is None else count, level.format)


def _written(count: int, format: str) -> str:
    match format:
        case "lowerLetter" | "upperLetter":
            letters = chr(ord("a") + (count - 1) % 26) * min((count - 1) // 26 + 1, 9) if count > 0 else "0"
            return letters.upper() if format.startswith("upper") else letters
        case "lowerRoman" | "upperRoman":
            return _roman(count).upper() if format.startswith("upper") else _roman(count)
        case "none":
            return ""
        case "decimalZero":
            return f"{count:02}"
        case _:
            return str(count)


def _roman(count: int) -> str:
    if not 0 < count < _HIGHEST_ROMAN:
        return str(count)
    written = ""
    for value, sign in (*_ROMAN, *_ROMAN_SMALL):
        written += sign * (count // value)
        count %= value
    return written


def _level(element: XML) -> _Level:
    start = _value(element, "start") or "1"
    return _Level(
        int(start) if start.isdecimal() else 1,
        _value(element, "numFmt") or "decimal",
        _value(element, "lvlText") or "",
        _value(element, "pStyle"),
    )


def _value(element: XML, name: str) -> str | None:
    child = element.find(f"{_W}{name}")
    return None if child is None else child.get(f"{_W}val")


def _number(element: XML, name: str) -> int:
    value = element.get(f"{_W}{name}", "")
    return int(value) if value.isdecimal() else 0
