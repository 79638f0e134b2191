"""A question about several things that it names is asked about each of them; any other goes its way.

One question finds a few passages, and ten things stand in ten.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, zip_longest

from ..answer import Answer, Citation, Done, Event, Scored, ScoredChunk, Scoring, Timings, Token
from . import pipeline
from .asking import Asking
from .named_things import named_things
from .pipeline import PROBABLY_NOT_STATED, Found
from .quoting import cited
from .sources import sentence_sources

# So many passages are cited for each thing.
EACH = 2
NOT_STATED = "not stated"


@dataclass(frozen=True)
class FoundEach:
    """What was found for each of some things: the thing, the question about it, and what answers that.

    All was found `found_s` seconds after `started`, a time of `time.perf_counter`.
    """

    each: tuple[tuple[str, Asking, Found], ...]
    started: float
    found_s: float

    @property
    def citations(self) -> tuple[Citation, ...]:
        """The best citation of each thing, then the second of each; none stands there twice."""
        ranked = zip_longest(*(found.citations[:EACH] for _, _, found in self.each))
        return tuple(dict.fromkeys(one for one in chain.from_iterable(ranked) if one is not None))

    @property
    def chunks(self) -> tuple[ScoredChunk, ...]:
        """What is known of each chunk: by the question that it explains best, and kept if any kept it."""
        by_chunk = zip(*(found.chunks for _, _, found in self.each), strict=True)
        return tuple(_together(some) for some in by_chunk)


def answer(asking: Asking) -> Generator[Event, None, None]:
    """Answer a question that was checked. Yields the events of `pipeline.answer`, and raises what that raises."""
    found = yield from find(asking)
    yield from write(asking, found)


def find(asking: Asking) -> Generator[Event, None, Found | FoundEach]:
    """Find what answers a question: yields Scoring, Scored and Cited. Raises Cancelled."""
    named = named_things(asking.text) if asking.writer is not None and asking.scores is None else None
    if named is None:
        return (yield from pipeline.find(asking))
    started = time.perf_counter()
    each: list[tuple[str, Asking, Found]] = []
    for thing in named.things:
        about = replace(asking, text=named.about(thing), searched=None, asked=None)
        each.append((thing, about, (yield from _scoring(pipeline.find(about)))))
    found = FoundEach(tuple(each), started, time.perf_counter() - started)
    yield Scored(found.chunks, found.found_s)
    yield cited(asking, found.citations, answered=any(one.explained for _, _, one in each))
    return found


def write(asking: Asking, found: Found | FoundEach) -> Generator[Token | Done, None, None]:
    """Write the answer to what was found: yields Tokens and Done. Raises Cancelled, and what a writer raises."""
    if isinstance(found, Found):
        yield from pipeline.write(asking, found)
        return
    answers: list[Answer] = []
    lines: list[str] = []
    shown_s: list[float] = []
    for thing, about, one in found.each:
        answers.append(_written(pipeline.write(about, one)))
        said = " ".join(answers[-1].text.split()) if answers[-1].found else NOT_STATED
        lines.append(f"- {thing}: {said}")
        shown_s.append(time.perf_counter() - found.started)
        yield Token(lines[-1] + ("\n" if len(lines) < len(found.each) else ""))
    timings = Timings(found.found_s, shown_s[0], shown_s[-1], found.found_s if found.citations else None)
    yield Done(_joined(asking, found, answers, "\n".join(lines), timings))


def _scoring(work: Generator[Event, None, Found]) -> Generator[Scoring, None, Found]:
    """Yield what is scored, and return what was found."""
    while True:
        try:
            event = next(work)
        except StopIteration as stop:
            found: Found = stop.value
            return found
        if isinstance(event, Scoring):
            yield event


def _written(work: Iterator[Token | Done]) -> Answer:
    *_, last = work
    assert isinstance(last, Done)
    return last.answer


def _joined(asking: Asking, found: FoundEach, answers: Sequence[Answer], lines: str, timings: Timings) -> Answer:
    """Return one answer, whose text is the `lines` about all things unless nothing was found of any of them."""
    is_found = any(one.found for one in answers)
    text = lines if is_found else PROBABLY_NOT_STATED
    first = answers[0]
    supports = [one.support for one in answers if one.support is not None]
    return replace(
        first,
        question=asking.text if asking.asked is None else asking.asked,
        standalone=None if asking.asked is None else asking.text,
        text=text,
        found=is_found,
        token_ids=tuple(chain.from_iterable(one.token_ids for one in answers)),
        citations=found.citations,
        chunks=found.chunks,
        usage=replace(
            first.usage,
            kept_tokens=sum(one.tokens for one in found.chunks if one.kept),
            question_tokens=sum(one.usage.question_tokens for one in answers),
            answer_tokens=sum(one.usage.answer_tokens for one in answers),
        ),
        timings=timings,
        cut_short=any(one.cut_short for one in answers),
        unsupported=tuple(dict.fromkeys(chain.from_iterable(one.unsupported for one in answers)))
        if is_found
        else (),
        sources=sentence_sources(text, found.citations) if is_found else (),
        support=max(supports) if supports else None,
    )


def _together(some: Sequence[ScoredChunk]) -> ScoredChunk:
    best = max(some, key=lambda one: float("-inf") if one.gain is None else one.gain)
    scans = [one.scan for one in some if one.scan is not None]
    worths = [one.worth for one in some if one.worth is not None]
    return replace(
        best,
        kept=any(one.kept for one in some),
        scan=max(scans, default=None),
        worth=max(worths, default=None),
    )
