"""List and count: every part says which items it holds, and code checks, filters, merges, sorts and counts them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from ...answer import Everywhere, Item
from ...documents.bm25 import rarities
from ...documents.document import place
from ...writers.parts import PartsReader, read_parts
from ..asking import BEFORE, Bounds, Events, MayHold, PartsAsking, ask_each, item_of, lines, tell
from ..conditions.condition import Condition
from ..conditions.stated import conditions_of, without
from ..found.items import Best, FoundItem, best_of, judged, merged, stated
from ..found.names import is_fragment, rivals
from ..kinds import Kind
from ..parts import Part
from ..stems import counted, stems

# Tokens of one part's reply.
LONGEST = 96
# So many parts are asked at most, and no more once so many in a row held nothing that was verified.
BOUNDS = Bounds(Kind.LIST, most=96, patience=24)
# An item that is so much less certain than the best of its list is not verified, nor one that the writer finds less
# likely than this (docs/log.md, trial 41).
BEHIND, LEAST_LIKELY = 1.8, 0.3
# Other names of a quote are tried if it says no smaller share of the question's words than the best do, less this.
WORDS_BEHIND = 0.3
QUESTION = "\n\nQuestion: {question}"
CHECK = "\nProposed answer: {item}\nDoes the passage say that this is an answer to the question? Answer Yes or No."


def list_items(asking: PartsAsking) -> Events:
    """List what answers the question. Raises what the writer raises."""
    started = time.perf_counter()
    making = _List(asking)
    may_hold = _may_hold(making.conditions)
    asked = yield from ask_each(asking, making.question, BOUNDS, making.step, making.items, may_hold)
    items = making.items()
    sure, unsure = ([one for one in items if one.verified is verified] for verified in (True, False))
    parts = len(asking.to_ask)
    lead = _lead(len(sure), len(unsure), asked, parts)
    everywhere = Everywhere(parts, asked, tuple(items), len(sure), cut_short=making.cut_short, lead=lead)
    blocks = [_lines(sure), "Not verified:" if unsure else "", _lines(unsure)]
    yield from tell(asking, started, everywhere, "\n\n".join(filter(None, blocks)))


def parts_to_ask(asking: PartsAsking) -> int:
    """Return how many parts are asked at most."""
    return BOUNDS.parts(asking, _may_hold(conditions_of(asking.question)))


def _may_hold(conditions: Sequence[Condition]) -> MayHold:
    """Return which parts can hold an item that satisfies the conditions: nothing in them says the opposite."""
    return lambda part: all(one.judge(part.shown) is not False for one in conditions)


class _List:
    """The items of a list as they are found. The writer is asked without the question's conditions."""

    def __init__(self, asking: PartsAsking) -> None:
        self._asking = asking
        self.conditions = conditions_of(asking.question)
        self.question = without(asking.question, self.conditions)
        self._rarity = rarities(stems(self.question), [counted(part.shown) for part in asking.parts])
        self._found: list[FoundItem] = []
        self.cut_short = 0

    def step(self, reader: PartsReader, group: Sequence[Part]) -> bool:
        """Add what the parts of a group hold; return whether something of that is verified."""
        replies = list(reader.replies(QUESTION.format(question=self.question), LONGEST, self._asking.cancelled))
        self.cut_short += sum(reply.cut_short for reply in replies)
        pairs = zip(group, replies, strict=True)
        said = [one for part, reply in pairs for one in stated(reply.text, part, self.question, self._rarity)]
        holding = [one for one in judged(said, self.conditions) if one.holds is not False]
        new = self._asked_back(holding)
        self._found += new
        best = best_of(self._found)
        return any(self._is_verified(one, best) for one in new)

    def _asked_back(self, items: Sequence[FoundItem]) -> list[FoundItem]:
        """Return the items with how sure the writer is of each, asked about the item's quote alone.

        The quote alone is a better judge than the part, in which something else may answer the question. Where
        another name of the quote is likelier, that is the item.
        """
        if not items:
            return []
        items = [replace(one, is_fragment=is_fragment(one)) for one in items]
        behind = QUESTION.format(question=self.question)
        quotes = [" ".join(one.quote.split()) + behind for one in items]
        reader = read_parts(self._asking.writer, BEFORE, quotes, self._asking.cancelled)
        least = best_of([*self._found, *items]).shared - WORDS_BEHIND
        asked: list[FoundItem] = []
        for index, one in enumerate(items):
            named = [one, *(self._rivals(one, items) if one.shared >= least else ())]
            if len(named) > 1 and one.is_fragment:
                del named[0]
            checks = [CHECK.format(item=each.text) for each in named]
            sure = reader.agreement(index, checks, self._asking.cancelled)
            rated = [replace(each, likely=likely) for each, likely in zip(named, sure, strict=True)]
            asked.append(max(rated, key=lambda each: each.likely))  # the writer's own if another is as likely
        return asked

    def _rivals(self, item: FoundItem, items: Sequence[FoundItem]) -> list[FoundItem]:
        """Return other names of an item's quote that satisfy the conditions and were not found themselves."""
        others = [one.text for one in items if one.part is item.part]
        found = judged(rivals(item, self.question, others), self.conditions)
        return [one for one in found if one.holds is not False]

    def items(self) -> list[Item]:
        """Return the items in the document's order, those that are not verified behind all others."""
        best = best_of(self._found)
        items = [item_of(one, self._is_verified(one, best)) for one in merged(self._found)]
        return sorted(items, key=lambda one: not one.verified)

    def _is_verified(self, item: FoundItem, best: Best) -> bool:
        sure = item.certainty(best) >= -BEHIND and item.likely >= LEAST_LIKELY and not item.is_fragment
        return sure and (not self.conditions or item.holds is True)


def _lead(sure: int, unsure: int, asked: int, parts: int) -> str:
    found = f"{sure:,} found" if sure else "Nothing found"
    doubted = f" {unsure:,} more could not be verified." if unsure else ""
    where = f"all {parts:,} parts" if asked == parts else f"the {asked:,} most promising of {parts:,} parts"
    return f"{found} in {where}.{doubted}"


def _lines(items: Sequence[Item]) -> str:
    return lines([f"{one.item} ({place(one.page_label)})" for one in items])
