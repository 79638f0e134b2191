"""Is it said anywhere: every promising part is asked, and the answer is all places, or that there is none."""

from __future__ import annotations

import time
from collections.abc import Sequence

from ...answer import Everywhere, Item
from ...documents.document import place
from ...writers.parts import PartsReader
from ..asking import Bounds, Events, PartsAsking, any_part, ask_each, item_of, lines, tell
from ..found.items import FoundItem
from ..found.quotes import best_sentences
from ..kinds import Kind
from ..parts import Part

# So many parts are asked at most, and no more once so many in a row do not say it.
BOUNDS = Bounds(Kind.CHECK, most=64, patience=24)
# A part says it if the writer says Yes with this probability.
LIKELY = 0.5
QUESTION = "\n\nQuestion: {question}\nDoes this passage itself say so? Answer Yes or No."


def parts_to_ask(asking: PartsAsking) -> int:
    """Return how many parts are asked at most."""
    return BOUNDS.parts(asking, any_part)


def check(asking: PartsAsking) -> Events:
    """Find all places that say it. Raises what the writer raises."""
    started = time.perf_counter()
    found: list[FoundItem] = []

    def step(reader: PartsReader, group: Sequence[Part]) -> bool:
        before = len(found)
        said = reader.agreements(QUESTION.format(question=asking.question), asking.cancelled)
        for part, likely in zip(group, said, strict=True):
            if likely >= LIKELY:
                said_at = best_sentences(part, asking.question)
                text = " ".join(part.document.pages[said_at.page].text[said_at.start : said_at.stop].split())
                found.append(FoundItem(part.piece_at(said_at.page, said_at.start), text, said_at, likely=likely))
        return len(found) > before

    asked = yield from ask_each(asking, asking.question, BOUNDS, step, lambda: _shown(found))
    items = _shown(found)
    parts = len(asking.to_ask)
    lead = _lead(len(items), asked, parts)
    everywhere = Everywhere(parts, asked, tuple(items), len(items), lead=lead)
    yield from tell(asking, started, everywhere, lines([f"{place(one.page_label)}: {one.item}" for one in items]))


def _shown(found: Sequence[FoundItem]) -> list[Item]:
    """Return the places, the surest first."""
    return [item_of(one, verified=True) for one in sorted(found, key=lambda one: -one.likely)]


def _lead(places: int, asked: int, parts: int) -> str:
    if places:
        return f"Yes, in {'one place' if places == 1 else f'{places:,} places'}."
    if asked == parts:
        return f"No: all {parts:,} parts were asked, and none says so."
    return f"No: none of the {asked:,} most promising parts says so. All {parts:,} parts were rated by their words."
