"""List and count: every part says which items it holds, and code checks, filters, merges, sorts and counts them."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace

from ..answer import AskingParts, Cited, Done, Everywhere, Item, Token
from ..writers.parts import PartsReader, read_parts
from .asking import (
    BEFORE,
    PartsAsking,
    Progress,
    citations_of,
    groups,
    item_of,
    line_sources,
    numbers_of,
    read_group,
    tell,
)
from .conditions import Condition, condition_of, without
from .items import Best, FoundItem, best_of, judged, merged, stated
from .parts import Part
from .rating import rarities, stems

# Tokens of one part's reply.
LONGEST = 96
# So many parts are asked at most, and no more once so many in a row held nothing that was verified.
MOST, PATIENCE = 96, 24
# An item that is so much less certain than the best of its list is not verified, nor one that the writer finds less
# likely than this. Of 131 items of ten questions about the register, 96 % of the right ones are verified, and 90 %
# of those that are, are right (docs/log.md, trial 36).
BEHIND, LEAST_LIKELY = 1.4, 0.3
QUESTION = "\n\nQuestion: {question}"
CHECK = (
    "\n\nQuestion: {question}\nProposed answer: {item}\n"
    "Does the passage say that this is an answer to the question? Answer Yes or No."
)


def list_items(asking: PartsAsking) -> Generator[AskingParts | Cited | Token | Done, None, None]:
    """List what answers the question: yields AskingParts, Cited, Token and Done. Raises what the writer raises."""
    started = time.perf_counter()
    condition = condition_of(asking.question)
    question = without(asking.question, condition) if condition else asking.question
    parts = asking.promising(question)
    rarity = rarities(stems(question), [part.shown for part in parts])
    progress = Progress(min(MOST, len(parts)), started=time.perf_counter())
    found: list[FoundItem] = []
    barren = 0
    yield progress.event()
    for group in groups(parts[:MOST]):
        reader = read_group(asking, group)
        yield progress.event(_shown(found, condition))
        new = _found(asking, reader, group, question, rarity, progress)
        yield progress.event(_shown(found, condition))
        new = _asked_back(asking, question, [one for one in judged(new, condition) if one.holds is not False])
        found += new
        progress.done += len(group)
        yield progress.event(_shown(found, condition))
        best = best_of(found)
        barren = 0 if any(_is_verified(one, best, condition) for one in new) else barren + len(group)
        if barren >= PATIENCE:
            break
    items = _shown(found, condition)
    count = sum(one.verified for one in items)
    everywhere = Everywhere(len(asking.parts), progress.done, tuple(items), count, cut_short=progress.cut_short)
    text, citations = told(everywhere), citations_of(items)
    sources = line_sources(text, "- ", numbers_of(items, citations))
    yield from tell(asking, started, text, everywhere, citations, sources)


def _found(
    asking: PartsAsking,
    reader: PartsReader,
    group: Sequence[Part],
    question: str,
    rarity: Mapping[str, float],
    progress: Progress,
) -> list[FoundItem]:
    """Return what the parts of a group hold by the writer's replies."""
    replies = list(reader.replies(QUESTION.format(question=question), LONGEST, asking.cancelled))
    progress.cut_short += sum(reply.cut_short for reply in replies)
    pairs = zip(group, replies, strict=True)
    return [one for part, reply in pairs for one in stated(reply.text, part, question, rarity)]


def _asked_back(asking: PartsAsking, question: str, items: Sequence[FoundItem]) -> list[FoundItem]:
    """Return the items with how sure the writer is of each, asked about the item's quote alone.

    The quote alone is a better judge than the part, in which something else may answer the question.
    """
    if not items:
        return []
    quotes = [" ".join(one.quote.split()) for one in items]
    reader = read_parts(asking.writer, BEFORE, quotes, asking.cancelled)
    sure = (
        reader.agreement(index, [CHECK.format(question=question, item=one.text)], asking.cancelled)[0]
        for index, one in enumerate(items)
    )
    return [replace(one, likely=likely) for one, likely in zip(items, sure, strict=True)]


def _is_verified(item: FoundItem, best: Best, condition: Condition | None) -> bool:
    sure = item.certainty(best) >= -BEHIND and item.likely >= LEAST_LIKELY
    return sure and (condition is None or item.holds is True)


def _shown(found: Sequence[FoundItem], condition: Condition | None) -> list[Item]:
    """Return the items in the document's order, those that are not verified behind all others."""
    best = best_of(found)
    items = [item_of(one, _is_verified(one, best, condition)) for one in merged(found)]
    return sorted(items, key=lambda one: not one.verified)


def told(everywhere: Everywhere) -> str:
    """Return the answer as text: how many there are, and a line for each."""
    asked = f"in the {everywhere.asked:,} most promising of {everywhere.parts:,} parts."
    sure = [one for one in everywhere.items if one.verified]
    unsure = [one for one in everywhere.items if not one.verified]
    blocks = [f"{len(sure):,} found {asked}" if sure else f"Nothing found {asked}", _lines(sure)]
    if unsure:
        blocks += [f"{len(unsure):,} more could not be verified.", _lines(unsure)]
    return "\n\n".join(filter(None, blocks))


def _lines(items: Sequence[Item]) -> str:
    return "\n".join(f"- {one.item} (p. {one.page_label})" for one in items)
