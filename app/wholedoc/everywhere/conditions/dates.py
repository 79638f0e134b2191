"""Conditions on dates that a question states ("after 3 May 2021", "in 1998", "between March and June 2020")."""

from __future__ import annotations

import re
from calendar import month_name, monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .condition import Where, put_together

MONTHS = {name.casefold(): number for number, name in enumerate(month_name) if name}
_MONTH = "|".join(rf"{name[:3]}(?:{name[3:]})?" for name in month_name if name).replace("Sep(?:", "Sept?(?:")
_DAY = r"(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?"
_YEAR = r"(?:1[5-9]|20|21)\d\d"
# A day, a month or a year, in the forms of English and of ISO 8601. Forms with slashes mean other days elsewhere.
DATE = (
    rf"(?:{_YEAR}-\d\d-\d\d|(?:the\s+)?{_DAY}\s+(?:of\s+)?(?:{_MONTH})\.?(?:,?\s+{_YEAR})?|"
    rf"(?:{_MONTH})\.?\s+{_DAY}\b(?:,?\s+{_YEAR})?|(?:{_MONTH})\.?,?\s+(?:of\s+)?{_YEAR}|(?:{_MONTH})\b\.?|{_YEAR})"
)
# A month alone may be a verb or a name ("may", "march"): it is a date in a question only.
FOUND = re.compile(rf"(?<![\w./-]){DATE}(?![\w/-])", re.I)
PARTS = re.compile(
    rf"(?P<iso>(?P<y>\d{{4}})-(?P<m>\d\d)-(?P<d>\d\d))|(?P<month>\b(?:{_MONTH})\b)|(?P<year>\b{_YEAR}\b)|"
    rf"(?P<day>\b\d\d?)(?:st|nd|rd|th)?\b",
    re.I,
)
# A year alone may as well be a number of something ("2000 crowns"): so it is if a word follows that names a thing.
YEAR = re.compile(_YEAR)
NAMES_A_THING = re.compile(
    r"\s+(?!(?:and|or|to|of|in|on|at|by|for|from|with|was|were|is|are|has|have|had|did|does|do|that|which|who|when|"
    r"where|while|but|as|until|since|before|after|alone|only|inclusive)\b)[a-z]"
)
# Nothing but a year stands behind these.
OF_YEARS = frozenset(["in", "during", "since"])
# A day as numbers that sort as days do. Without a year, days of all years compare by month and day.
Day = tuple[int, int, int]


@dataclass(frozen=True)
class Period:
    """All days from `first` to `last`: a day, a month or a year. `has_year` says whether the year is known."""

    first: Day
    last: Day
    has_year: bool


Holds = Callable[[Period, Period, Period], bool]
# How a date compares: the date in the text against the two limits of the question, which are equal if it has one.
COMPARED: dict[str, Holds] = {
    "not before": lambda one, low, _: one.first >= low.first,
    "not after": lambda one, _, high: one.last <= high.last,
    "before": lambda one, low, _: one.last < low.first,
    "prior to": lambda one, low, _: one.last < low.first,
    "earlier than": lambda one, low, _: one.last < low.first,
    "after": lambda one, _, high: one.first > high.last,
    "later than": lambda one, _, high: one.first > high.last,
    "since": lambda one, low, _: one.first >= low.first,
    "until": lambda one, _, high: one.last <= high.last,
    "up to": lambda one, _, high: one.last <= high.last,
    "by": lambda one, _, high: one.last <= high.last,
    "during": lambda one, low, high: low.first <= one.first and one.last <= high.last,
    "in": lambda one, low, high: low.first <= one.first and one.last <= high.last,
    "on": lambda one, low, high: low.first <= one.first and one.last <= high.last,
}
_PHRASES = "|".join(sorted(COMPARED, key=len, reverse=True)).replace(" ", r"\s+")
STATED = re.compile(rf"\b(?P<how>{_PHRASES})\s+(?P<date>{DATE})(?![\w/-])", re.I)
BETWEEN = re.compile(
    rf"\b(?:between|from)\s+(?P<low>{DATE}|{_DAY})\s+(?:and|to|until)\s+(?P<high>{DATE})(?![\w/-])", re.I
)


@dataclass(frozen=True)
class DateCondition:
    """A date must lie before, after or within what the question says."""

    phrase: str
    low: Period
    high: Period
    holds: Holds
    where: Where = Where.PART

    def judge(self, text: str) -> bool | None:
        """Return whether a date in the text satisfies the condition; None if it has none that can be compared."""
        dates = [one for one in _dates(text) if one.has_year or not self.low.has_year]
        if not dates:
            return None
        return any(self._satisfies(one) for one in dates)

    def removed(self, question: str) -> str:
        """Return the question without the date."""
        before, _, behind = question.partition(self.phrase)
        return put_together(before, behind)

    def _satisfies(self, date: Period) -> bool:
        if not self.low.has_year:
            date = Period((0, *date.first[1:]), (0, *date.last[1:]), has_year=False)
        return self.holds(date, self.low, self.high)


def date_conditions(question: str) -> list[DateCondition]:
    """Return the conditions on dates that a question states."""
    found: list[DateCondition] = []
    rest = question
    for match in BETWEEN.finditer(question):
        if _is_number(match["high"], question[match.end() :]):
            continue
        low, high = _limits(match["low"], match["high"])
        if low is not None and high is not None:
            found.append(DateCondition(match[0], low, high, COMPARED["in"]))
            rest = rest.replace(match[0], " ")
    for match in STATED.finditer(rest):
        how = " ".join(match["how"].casefold().split())
        about = how == "on" and YEAR.fullmatch(match["date"])  # "reports on 2021"
        if about or (how not in OF_YEARS and _is_number(match["date"], rest[match.end() :])):
            continue
        date = _period(match["date"])
        if date is not None:
            found.append(DateCondition(match[0], date, date, COMPARED[how]))
    return found


def _limits(low: str, high: str) -> tuple[Period | None, Period | None]:
    """Return both ends of a span; what only the second says ("3 to 9 May 2021") holds for the first, too."""
    last = _period(high)
    first = _period(low)
    if last is None:
        return first, last
    if first is None or first.has_year is not last.has_year:
        year, month, _ = last.first
        if first is None:  # only a day
            day = int(re.sub(r"\D", "", low))
            return Period((year, month, day), (year, month, day), last.has_year), last
        if last.has_year:
            first = Period((year, *first.first[1:]), (year, *first.last[1:]), has_year=True)
    return first, last


def _dates(text: str) -> Iterator[Period]:
    for match in FOUND.finditer(text):
        month_alone = re.fullmatch(rf"(?:{_MONTH})\.?", match[0], re.I)
        before = text[: match.start()].split()[-1:]
        of_year = bool(before) and before[0].casefold() in OF_YEARS
        number = not of_year and _is_number(match[0], text[match.end() :])
        period = None if month_alone or number else _period(match[0])
        if period is not None:
            yield period


def _is_number(date: str, behind: str) -> bool:
    """Return whether a year alone is a number of something, by the text behind it."""
    return YEAR.fullmatch(date) is not None and NAMES_A_THING.match(behind) is not None


def _period(text: str) -> Period | None:
    """Return the days of a date; None for one that no calendar has, and for a number alone."""
    year = month = day = 0
    for match in PARTS.finditer(text):
        if match["iso"]:
            year, month, day = int(match["y"]), int(match["m"]), int(match["d"])
        elif match["month"]:
            month = _month(match["month"])
        elif match["year"]:
            year = int(match["year"])
        elif match["day"]:
            day = int(match["day"])
    if not (year or month) or month > 12:
        return None
    length = monthrange(year or 2000, month)[1] if month else 31
    if day > length:
        return None
    first = (year, month or 1, day or 1)
    last = (year, month or 12, day or length)
    return Period(first, last, bool(year))


def _month(name: str) -> int:
    return next(number for full, number in MONTHS.items() if full.startswith(name.casefold()[:3]))
