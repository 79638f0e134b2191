"""The voice of the register: templates said with fresh particulars, and no sentence said twice."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

from harbour import people, places, words

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"\{(\w+)\}")
_OPENING = re.compile(r"(^|[.?!] )([a-z])")
_ARTICLE = re.compile(r"\b([Aa]) (?=[aeioAEIO]|u(?!n[it]|s[eu]))(?!one\b|once\b|eu)")
_SENTENCE = re.compile(r"(?<=[.?!]) ")
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def sentences(text: str) -> list[str]:
    """The text cut after each full stop, question mark or exclamation mark."""
    return [part for part in _SENTENCE.split(text) if part]


def day_name(day: int) -> str:
    """The date of a day of the year, which may fall in the year before or after."""
    year = "" if 0 <= day < 365 else (" of the year before" if day < 0 else " of the new year")
    rest, month = day % 365, 0
    while rest >= DAYS[month]:
        rest, month = rest - DAYS[month], month + 1
    return f"{rest + 1} {MONTHS[month]}{year}"


class Voice:
    """Draws templates evenly, fills their slots, and refuses a sentence it has said before."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self._said: set[str] = set()
        self._decks: dict[tuple[str, ...], list[str]] = {}
        self._last: dict[tuple[str, ...], str] = {}
        self._taken: set[str] = set()
        self._day = 0  # of the year, from nought: what is being told happened then
        self._clock = 0
        self._slots: dict[str, Callable[[], str]] = {
            "person": self.person,
            "vessel": self.vessel,
            "ship": self.vessel,
            "firm": self.company,
            "company": self.company,
            "berth": self.berth,
            "date": self.later,
            "past": self.earlier,
            "today": lambda: day_name(self._day),
            "month": lambda: self.rng.choice(MONTHS),
            "time": self.time,
            "sum_s": lambda: self.crowns(35, 900, 5),
            "sum_m": lambda: self.crowns(900, 9_500, 10),
            "sum_l": lambda: self.crowns(11_000, 390_000, 50),
            "few": lambda: self.rng.choice(("two", "three", "four", "five", "six", "seven", "eight")),
            "num": lambda: str(self.rng.randrange(11, 96)),
            "tons": lambda: f"{self.rng.randrange(40, 4_900):,} tonnes",
            "kilos": lambda: f"{self.rng.randrange(15, 980)} kilograms",
            "litres": lambda: f"{self.rng.randrange(20, 1_900):,} litres",
            "metres": lambda: f"{self.rng.randrange(6, 90)} metres",
            "depth": lambda: f"{self.rng.randrange(3, 12)}.{self.rng.randrange(1, 10)} metres",
            "minutes": lambda: f"{self.rng.randrange(12, 95)} minutes",
            "knots": lambda: f"{self.rng.randrange(14, 46)} knots",
            "age": lambda: str(self.rng.randrange(24, 71)),
        }

    def person(self) -> str:
        return self._fresh(lambda: f"{self.rng.choice(people.FIRST)} {self.rng.choice(people.LAST)}")

    def vessel(self) -> str:
        return self._fresh(lambda: f"{self.rng.choice(places.VESSEL_A)} {self.rng.choice(places.VESSEL_B)}")

    def company(self) -> str:
        return self._fresh(lambda: f"{self.rng.choice(people.LAST)} {self.rng.choice(people.HOUSES)}")

    def cast(self, *parts: str) -> dict[str, str]:
        """People for the named parts, with a firm and a vessel to go with them."""
        people_of = {part: self.person() for part in parts}
        return people_of | {"company": self.company(), "vessel": self.vessel()}

    def berth(self) -> str:
        return f"{self.rng.choice(places.QUAYS)} berth {self.rng.randrange(1, 10)}"

    def begin(self, day: int) -> str:
        """Set the day of the next entry, so that what follows from it comes after; its date."""
        self._day, self._clock = day, self.rng.randrange(0, 1440, 5)
        return day_name(day)

    def later(self) -> str:
        return day_name(self._day + self.rng.randrange(2, 75))

    def earlier(self) -> str:
        return day_name(self._day - self.rng.randrange(2, 75))

    def time(self) -> str:
        # each hour named in an entry is after the one before
        self._clock = (self._clock + self.rng.randrange(5, 80, 5)) % 1440
        return f"{self._clock // 60:02d}:{self._clock % 60:02d}"

    def crowns(self, low: int, high: int, step: int) -> str:
        return f"{self.rng.randrange(low, high, step):,} crowns"

    def one(self, pool: Sequence[str]) -> str:
        return self.rng.choice(pool)

    def say(self, templates: tuple[str, ...], **facts: str) -> str:
        """One template in full, with no sentence the register has used already."""
        for _ in range(200):
            text = self._expand(self._draw(templates), facts)
            parts = sentences(text)
            if not any(part in self._said for part in parts):
                self._said.update(parts)
                return text
        raise ValueError(f"the templates are worn out: {templates[0]!r}")

    def para(self, *moves: tuple[str, ...], **facts: str) -> str:
        """A paragraph: one sentence group for each move, in order."""
        return " ".join(self.say(move, **facts) for move in moves)

    def _fresh(self, make: Callable[[], str]) -> str:
        for _ in range(500):
            name = make()
            if name not in self._taken:
                self._taken.add(name)
                return name
        raise ValueError("the pool of names is worn out")

    def _draw(self, templates: tuple[str, ...]) -> str:
        # a shuffled deck, not a die: every template is used before any comes round again
        deck = self._decks.setdefault(templates, [])
        if not deck:
            deck.extend(templates)
            self.rng.shuffle(deck)
            if deck[-1] == self._last.get(templates):
                deck.reverse()
        self._last[templates] = deck.pop()
        return self._last[templates]

    def _expand(self, text: str, facts: dict[str, str]) -> str:
        while "{" in text or "[" in text:
            text = _CHOICE.sub(lambda m: self.rng.choice(m[1].split("|")), text)
            text = _SLOT.sub(lambda m: self._fill(m[1], facts), text)
        text = text.replace("ferrys", "ferries").replace("launchs", "launches")
        text = _ARTICLE.sub(r"\1n ", text)
        return _OPENING.sub(lambda m: m[1] + m[2].upper(), " ".join(text.split()))

    def _fill(self, name: str, facts: dict[str, str]) -> str:
        if name in facts:
            return facts[name]
        if name in self._slots:
            return self._slots[name]()
        return self.rng.choice(words.POOLS[name])
