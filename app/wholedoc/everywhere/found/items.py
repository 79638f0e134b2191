"""From what a writer says of a part to items of the document: each with its place, checked, and named once."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ...writers.assignment import is_not_stated
from ..conditions.condition import Condition, Where
from ..parts import Part
from ..stems import stems
from .quotes import LEADING, Place, place_of, wanted_words

# The sign or number in front of a list's item.
BULLET = re.compile(r"^\s*(?:[-*•–]|\(?\d{1,3}[.)])\s+")
# What stands between items that were written on one line, tried in this order: names may hold an "and".
SEPARATORS = (re.compile(r"[,;]\s+(?:(?:and|or)\s+)?"), re.compile(r"[,;]\s+(?:(?:and|or)\s+)?|\s+(?:and|or)\s+"))
# What the words say for an item weighs so much beside what the writer says, in logits (docs/log.md, trial 41).
SHARE_WEIGHT = 6.0
# This share of the items reaches no more than the best do.
BEST = 0.9
NOTHING = frozenset(["none", "no", "n/a", "nothing", "unknown", "not mentioned", "not applicable"])


@dataclass(frozen=True)
class Best:
    """What the best items of a list reach: the writer's certainty in logits, and the share of the question's words.

    Both are 90th percentiles.
    """

    logit: float
    shared: float


@dataclass(frozen=True)
class FoundItem:
    """An item as the document writes it, with the quote that says it.

    `holds` says whether it satisfies the question's conditions; it is None if there is no condition, or nothing
    that a condition is about. `likely` is how sure the writer is, asked about the quote alone, from 0 to 1;
    `shared` is the share of the question's words that the quote says, rare words counting more. `is_fragment` says
    that it is only a piece of longer names or of a title (see `names`).
    """

    part: Part
    text: str
    place: Place
    holds: bool | None = None
    likely: float = 1.0
    shared: float = 1.0
    is_fragment: bool = False

    @property
    def logit(self) -> float:
        """The writer's certainty in logits."""
        bounded = min(max(self.likely, 1e-6), 1 - 1e-6)
        return math.log(bounded / (1 - bounded))

    def certainty(self, best: Best) -> float:
        """Return how sure it is that the item answers the question, against the best of its list, in logits.

        How sure a writer is of right items differs between documents and questions, and so does how many of the
        question's words they say: where some quotes say all of them, one that says half is suspicious.
        """
        return self.logit - best.logit + SHARE_WEIGHT * (self.shared - best.shared)

    @property
    def quote(self) -> str:
        """The exact text of the place."""
        return self.part.document.pages[self.place.page].text[self.place.start : self.place.stop]

    @property
    def is_title_alone(self) -> bool:
        """Whether the quote is a title and nothing else."""
        return self.part.is_in_title(self.place.page, self.place.start, self.place.stop)

    @property
    def key(self) -> str:
        """What is equal for two that name the same thing."""
        return " ".join(re.findall(r"\w+", LEADING.sub("", self.text).casefold()))


def stated(reply: str, part: Part, question: str, rarity: Mapping[str, float]) -> Iterator[FoundItem]:
    """Yield the items of a reply that its part says word for word; what it does not say is dropped.

    `rarity` says how rare the question's stems are (see `rating.rarities`).
    """
    asked = stems(question)
    for line in _lines(reply):
        for text in _texts(line, part, question):
            place = place_of(part, text, question)
            if place is not None and not stems(text) <= asked:  # a word of the question is no answer to it
                item = FoundItem(part.piece_at(place.page, place.start), text, place)
                yield replace(item, shared=_share(stems(item.quote), wanted_words(question, text), rarity))


def _share(said: frozenset[str], wanted: frozenset[str], rarity: Mapping[str, float]) -> float:
    total = sum(rarity.get(word, 0.0) for word in wanted)
    return sum(rarity.get(word, 0.0) for word in wanted & said) / total if total else 1.0


def _lines(reply: str) -> Iterator[str]:
    if is_not_stated(reply):
        return
    for line in reply.splitlines():
        text = BULLET.sub("", line).strip().strip("\"'“”*").rstrip(".;,")
        if text and not is_not_stated(text) and text.casefold() not in NOTHING:
            yield text


def _texts(line: str, part: Part, question: str) -> Iterator[str]:
    """Yield a line as one item if the part says it so, else the items that are listed in it.

    What has two commas is a list even if the part has the same list.
    """
    readings = [
        [line],
        *([one.strip() for one in separator.split(line) if one.strip()] for separator in SEPARATORS),
    ]
    if len(readings[1]) > 2:
        readings.append(readings.pop(0))
    for texts in readings:
        if all(place_of(part, one, question) is not None for one in texts):
            yield from texts
            return
    yield from texts


def judged(items: Sequence[FoundItem], conditions: Sequence[Condition]) -> list[FoundItem]:
    """Return the items with what the question's conditions say of each: no, as soon as one does not hold."""
    return [replace(one, holds=_all_hold(one, conditions)) for one in items] if conditions else list(items)


def _all_hold(item: FoundItem, conditions: Sequence[Condition]) -> bool | None:
    said = [_holds(item, one) for one in conditions]
    return False if False in said else None if None in said else True


def _holds(item: FoundItem, condition: Condition) -> bool | None:
    """Return what a condition says of an item, by the nearest text that says anything of it."""
    texts = {Where.ITEM: [item.text], Where.QUOTE: [item.text, item.quote]}
    every = texts.get(condition.where, [item.text, item.quote, item.part.shown])
    return next((said for one in every if (said := condition.judge(one)) is not None), None)


def best_of(items: Sequence[FoundItem]) -> Best:
    """Return what the best of some items reach."""
    return Best(_high([one.logit for one in items]), _high([one.shared for one in items]))


def _high(numbers: Sequence[float]) -> float:
    return sorted(numbers)[int(BEST * (len(numbers) - 1))] if numbers else 0.0


def merged(items: Sequence[FoundItem]) -> list[FoundItem]:
    """Return every item once, in the document's order; of several that are the same thing, the surest.

    Names are the same thing wherever they stand; anything with a number only where the quotes overlap, since two
    fines of 500 crowns are two.
    """
    kept: list[FoundItem] = []
    for item in sorted(items, key=lambda one: -one.certainty(Best(0.0, 0.0))):
        if not any(_same(item, other) for other in kept):
            kept.append(item)
    return sorted(kept, key=lambda one: (one.part.document.id, one.part.index, one.place.start))


def _same(item: FoundItem, other: FoundItem) -> bool:
    if item.part.document.id != other.part.document.id or item.key != other.key:
        return False
    if not any(sign.isdigit() for sign in item.key):
        return True
    one, two = item.place, other.place
    return one.page == two.page and one.start < two.stop and two.start < one.stop
