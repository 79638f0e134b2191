"""The benchmark `everywhere`: lists and counts, by every part and by what retrieval finds, in one run.

A right item names an answer. Recall is the share of answers that some shown item names, precision the share of
shown items that are right; only verified items are shown. Retrieval has the same writer list from the passages that
BM25 ranks highest, 4,096 tokens of them, in one prompt.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from parallelcomp import Sampling
from wholedoc import AskingParts, Document, Done, Kind, Library, Settings
from wholedoc.documents.tokenized import tokenize
from wholedoc.everywhere.parts import Part, parts_of
from wholedoc.writers.assignment import is_not_stated
from wholedoc.writers.writer import Message, Writer

from ...report import Report
from ...sample import REGISTER
from ..baselines.retrieval import rank
from ..cases.metrics import contains, normalised
from .kinds import add_kinds
from .manual import QUESTIONS as MANUALS
from .manual import manual_questions
from .register import ListQuestion, questions

RETRIEVED_TOKENS = 4096
LONGEST = 512
LIST = (
    "List everything that answers the question, using only the passages: the names or items alone, one per line. "
    "If the passages do not answer it, answer exactly: Not stated."
)
QUICK = 2


@dataclass(frozen=True)
class Marked:
    """How right a list is."""

    recall: float
    precision: float
    exact_count: bool
    shown: int
    seconds: float


def run(quick: bool, manuals: Path | None = None, most: int | None = None) -> Report:
    """Ask the register's questions, and those about the manuals in a folder; if `quick`, the first two.

    `most` is how many are asked about each document, evenly spread over the list; None asks all.
    """
    report = Report("everywhere-quick" if quick else "everywhere")
    add_kinds(report)
    library = Library.open(settings=Settings())
    for document, every in _asked(library, manuals, quick):
        asked = every if most is None else every[:: max(1, len(every) // most)][:most]
        for _ in library.read(document):
            pass
        writer = library._everywhere_writer(Kind.LIST, library.settings)
        parts = [part for part in parts_of(document) if not part.is_contents]
        everywhere: list[Marked] = []
        retrieved: list[Marked] = []
        for question in asked:
            everywhere.append(_everywhere(report, library, document, question))
            retrieved.append(_retrieved(report, library, writer, parts, question))
            report.save()
        _figures(report, document, "every part", everywhere)
        _figures(report, document, "BM25, 4,096 tokens", retrieved)
    return report


def _asked(
    library: Library, manuals: Path | None, quick: bool
) -> Iterator[tuple[Document, Sequence[ListQuestion]]]:
    some = questions()
    yield library.parse(REGISTER), some[:QUICK] if quick else some
    for name in MANUALS if manuals is not None and not quick else ():
        assert manuals is not None
        yield library.parse(manuals / name), manual_questions(name)


def _everywhere(report: Report, library: Library, document: Document, question: ListQuestion) -> Marked:
    started = time.perf_counter()
    first_item_s = None
    for event in library.everywhere([document], question.text, kind=Kind.LIST):
        if isinstance(event, AskingParts) and event.items and first_item_s is None:
            first_item_s = time.perf_counter() - started
        if isinstance(event, Done):
            answer = event.answer
    everywhere = answer.everywhere
    assert everywhere is not None
    sure = [one for one in everywhere.items if one.verified]
    for one in everywhere.items:
        assert one.quote in document.pages[one.page - 1].text, "a quote is an exact substring of its page"
    marked = _marked([one.item for one in sure], question, time.perf_counter() - started)
    report.add(
        question=question.text,
        way="every part",
        answers=len(question.answers),
        asked_parts=everywhere.asked,
        shown=marked.shown,
        unverified=len(everywhere.items) - len(sure),
        recall=marked.recall,
        precision=marked.precision,
        seconds=marked.seconds,
        first_item_s=first_item_s,
        missed=[one for one in question.answers if not _named(one, [item.item for item in sure])],
        wrong=[one.item for one in sure if not _right(one.item, question)],
        items=[[one.item, one.page_label, one.verified, one.quote] for one in everywhere.items],
    )
    return marked


def _retrieved(
    report: Report, library: Library, writer: Writer, parts: Sequence[Part], question: ListQuestion
) -> Marked:
    started = time.perf_counter()
    chosen: list[int] = []
    tokens = 0
    for index in rank([part.shown for part in parts], question.text):
        tokens += len(tokenize(Document.from_pages("", "", [(parts[index].shown, "1")]), library.model.tokenizer))
        if tokens > RETRIEVED_TOKENS:
            break
        chosen.append(index)
    passages = "\n\n".join(parts[index].shown for index in sorted(chosen))
    message = Message("user", f"{LIST}\n\n{passages}\n\nQuestion: {question.text}")
    text = "".join(writer.write([message], Sampling(temperature=0.0, max_new_tokens=LONGEST)))
    lines = [line.strip(" -*•") for line in text.splitlines() if line.strip()]
    items = [line for line in dict.fromkeys(lines) if not is_not_stated(line)]
    marked = _marked(items, question, time.perf_counter() - started)
    report.add(
        question=question.text,
        way="BM25, 4,096 tokens",
        answers=len(question.answers),
        shown=marked.shown,
        recall=marked.recall,
        precision=marked.precision,
        seconds=marked.seconds,
    )
    return marked


def _marked(items: Sequence[str], question: ListQuestion, seconds: float) -> Marked:
    right = [one for one in items if _right(one, question)]
    return Marked(
        sum(_named(one, items) for one in question.answers) / len(question.answers),
        len(right) / len(items) if items else 1.0,
        len(items) == len(question.answers),
        len(items),
        seconds,
    )


def _right(item: str, question: ListQuestion) -> bool:
    said = normalised(item)
    return any(contains(said, normalised(one)) or contains(normalised(one), said) for one in question.answers)


def _named(answer: str, items: Iterable[str]) -> bool:
    wanted = normalised(answer)
    return any(contains(normalised(item), wanted) or contains(wanted, normalised(item)) for item in items)


def _figures(report: Report, document: Document, way: str, rows: Sequence[Marked]) -> None:
    report.add(
        document=document.name,
        way=way,
        figure="lists",
        questions=len(rows),
        recall=sum(one.recall for one in rows) / len(rows),
        precision=sum(one.precision for one in rows) / len(rows),
        exact_count=sum(one.exact_count for one in rows),
        seconds_mean=sum(one.seconds for one in rows) / len(rows),
        seconds_most=max(one.seconds for one in rows),
    )
