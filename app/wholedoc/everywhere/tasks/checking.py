"""Is it said anywhere: every promising part is asked, and the answer is all places, or that there is none."""

from __future__ import annotations

import time
from collections.abc import Generator

from ..answer import AskingParts, Cited, Done, Everywhere, Item, Token
from .asking import PartsAsking, Progress, citations_of, groups, item_of, line_sources, numbers_of, read_group, tell
from .items import FoundItem
from .quotes import best_sentences

# So many parts are asked at most, and no more once so many in a row do not say it.
MOST, PATIENCE = 64, 24
# A part says it if the writer says Yes with this probability.
LIKELY = 0.5
QUESTION = "\n\nQuestion: {question}\nDoes this passage itself say so? Answer Yes or No."


def check(asking: PartsAsking) -> Generator[AskingParts | Cited | Token | Done, None, None]:
    """Find all places that say it: yields AskingParts, Cited, Token and Done. Raises what the writer raises."""
    started = time.perf_counter()
    parts = asking.promising(asking.question)
    progress = Progress(min(MOST, len(parts)), started=time.perf_counter())
    found: list[FoundItem] = []
    barren = 0
    yield progress.event()
    for group in groups(parts[:MOST]):
        reader = read_group(asking, group)
        yield progress.event(_shown(found))
        said = reader.agreements(QUESTION.format(question=asking.question), asking.cancelled)
        saying = [(part, likely) for part, likely in zip(group, said, strict=True) if likely >= LIKELY]
        for part, likely in saying:
            place = best_sentences(part, asking.question)
            text = " ".join(part.document.pages[place.page].text[place.start : place.stop].split())
            found.append(FoundItem(part, text, place, likely=likely))
        progress.done += len(group)
        yield progress.event(_shown(found))
        barren = 0 if saying else barren + len(group)
        if barren >= PATIENCE:
            break
    items = _shown(found)
    everywhere = Everywhere(len(asking.parts), progress.done, tuple(items), len(items))
    text, citations = told(everywhere), citations_of(items)
    sources = line_sources(text, "- ", numbers_of(items, citations))
    yield from tell(asking, started, text, everywhere, citations, sources)


def _shown(found: list[FoundItem]) -> list[Item]:
    """Return the places, the surest first."""
    return [item_of(one, verified=True) for one in sorted(found, key=lambda one: -one.likely)]


def told(everywhere: Everywhere) -> str:
    """Return the answer as text."""
    if not everywhere.items:
        return (
            f"No: none of the {everywhere.asked:,} most promising parts says so. All {everywhere.parts:,} parts "
            "were rated by their words."
        )
    places = "one place" if len(everywhere.items) == 1 else f"{len(everywhere.items):,} places"
    listed = [f"- p. {one.page_label}: {one.item}" for one in everywhere.items]
    return f"Yes, in {places}.\n\n" + "\n".join(listed)
