"""Prose to hide needles in: an endless, plausible text in which no sentence comes twice."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator

from .filler_words import (
    CROPS,
    FIRST,
    LAST,
    MONTHS,
    PLACES,
    STREETS,
    THINGS,
    TOPICS,
    TRADES,
    WEATHER,
)

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"\{([a-z]+)\d?\}")
SENTENCES = (3, 4, 5, 6)

Paragraph = tuple[str, ...]


class Filler:
    """Endless paragraphs of sentences, the same for the same seed. No number in them has more than four digits."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(f"filler {seed}")
        self._said: set[str] = set()
        one, number = self._random.choice, self._random.randint
        self._slots: dict[str, Callable[[], str]] = {
            "person": lambda: f"{one(FIRST)} {one(LAST)}",
            "place": lambda: one(PLACES),
            "street": lambda: one(STREETS),
            "things": lambda: one(THINGS),
            "crop": lambda: one(CROPS),
            "trade": lambda: one(TRADES),
            "weather": lambda: one(WEATHER),
            "month": lambda: one(MONTHS),
            "date": lambda: f"{number(1, 28)} {one(MONTHS)}",
            "time": lambda: f"{number(6, 22)}:{number(0, 11) * 5:02d}",
            "year": lambda: str(number(1871, 1949)),
            "n": lambda: str(number(3, 98)),
            "big": lambda: f"{number(105, 9_800):,}",
            "sum": lambda: f"{number(4, 2_400):,} pounds",
        }

    def __iter__(self) -> Iterator[Paragraph]:
        while True:
            topic = self._random.choice(TOPICS)
            templates = self._random.sample(topic, self._random.choice(SENTENCES))
            yield tuple(self._new(template) for template in templates)

    def _new(self, template: str) -> str:
        """Return a sentence that has not come before. Templates have so many fillings that one is found soon."""
        while (sentence := self._fill(template)) in self._said:
            pass
        self._said.add(sentence)
        return sentence

    def _fill(self, template: str) -> str:
        chosen = _CHOICE.sub(lambda match: self._random.choice(match[1].split("|")), template)
        return _SLOT.sub(lambda match: self._slots[match[1]](), chosen)
