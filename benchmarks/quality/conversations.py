"""Conversations: what a turn finds that refers to turns before it, and whether twenty cost what one costs."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from wholedoc.answer import Answer
from wholedoc.conversation import Turn
from wholedoc.documents.document import Document
from wholedoc.library import Library
from wholedoc.settings import Settings

from ..report import Report
from ..sample import REGISTER, SAMPLES, SampleQuestion, sample_questions
from .pairs.passages import is_right

CASES = Path(__file__).parent / "cases" / "conversations.json"
TURNS = 20


@dataclass(frozen=True)
class Said:
    """A turn as it was asked, with its answer and the seconds it took."""

    question: SampleQuestion
    answer: Answer
    seconds: float

    @property
    def right(self) -> bool:
        return self.answer.found and is_right(self.answer.text, self.question)


def run(quick: bool, manuals: Path | None = None) -> Report:
    """Hold the conversations, and ask each of their turns alone; if `quick`, only those about the short notice.

    With `manuals`, only those about the PDFs in this folder, which nobody wrote for it.
    """
    report = Report("conversations-manuals" if manuals else "conversations-quick" if quick else "conversations")
    library = Library.open(settings=Settings())
    referring: list[tuple[Said, Said]] = []
    standing: list[tuple[Said, Said]] = []
    folder = manuals or SAMPLES
    for file, turns in _conversations():
        if not (folder / file).exists() or (quick and file == REGISTER.name):
            continue
        document = library.parse(folder / file)
        for _ in library.read(document):
            pass
        held = _hold(library, document, [one for one, _ in turns])
        for said, (question, alone) in zip(held, turns, strict=True):
            by_itself = _ask(
                library, document, SampleQuestion(alone or question.text, question.answers, question.pages, "")
            )
            (referring if alone else standing).append((said, by_itself))
            _add(report, said, by_itself, alone)
    _figures(report, "turns that refer to what was said", referring)
    _figures(report, "turns that stand alone", standing)
    if not quick and not manuals:
        _twenty(report, library)
    return report


def _twenty(report: Report, library: Library) -> None:
    """Ask the first twenty questions about the register in one conversation, and each in one of its own."""
    document = library.parse(REGISTER)
    questions = [one for one in sample_questions(REGISTER.name) if one.answers][:TURNS]
    alone = [_ask(library, document, one) for one in questions]
    held = _hold(library, document, questions)
    half = TURNS // 2
    report.add(
        figure="twenty questions in one conversation and in twenty",
        same_answers=sum(one.answer.text == other.answer.text for one, other in zip(held, alone, strict=True)),
        rewritten=sum(one.answer.standalone is not None for one in held),
        right=sum(one.right for one in held),
        right_alone=sum(one.right for one in alone),
        seconds_first_half=sum(one.seconds for one in held[:half]) / half,
        seconds_second_half=sum(one.seconds for one in held[half:]) / half,
        seconds_alone=sum(one.seconds for one in alone) / TURNS,
    )


def _conversations() -> Iterator[tuple[str, list[tuple[SampleQuestion, str | None]]]]:
    """Yield each conversation's file and turns, each with how it is asked alone (None if just as it is)."""
    for one in json.loads(CASES.read_text(encoding="utf-8"))["conversations"]:
        turns = [
            (
                SampleQuestion(turn["question"], tuple(turn["answers"]), frozenset(turn["pages"]), "turn"),
                turn.get("alone"),
            )
            for turn in one["turns"]
        ]
        yield one["file"], turns


def _hold(library: Library, document: Document, questions: Sequence[SampleQuestion]) -> list[Said]:
    """Ask one question after the other, each after all turns before it."""
    history: list[Turn] = []
    said: list[Said] = []
    for question in questions:
        said.append(_ask(library, document, question, history))
        history.append(Turn(question.text, said[-1].answer.text))
    return said


def _ask(library: Library, document: Document, question: SampleQuestion, history: Sequence[Turn] = ()) -> Said:
    started = time.perf_counter()
    answer = library.ask([document], question.text, history=history)
    return Said(question, answer, time.perf_counter() - started)


def _add(report: Report, said: Said, by_itself: Said, alone: str | None) -> None:
    report.add(
        asked=said.question.text,
        alone=alone,
        rewritten=said.answer.standalone,
        answer=said.answer.text,
        right=said.right,
        right_alone=by_itself.right,
        seconds=said.seconds,
        seconds_alone=by_itself.seconds,
    )


def _figures(report: Report, kind: str, turns: Sequence[tuple[Said, Said]]) -> None:
    report.add(
        figure=kind,
        turns=len(turns),
        right=sum(one.right for one, _ in turns),
        right_alone=sum(other.right for _, other in turns),
        page_first=sum(_page_first(one) for one, _ in turns),
        page_first_alone=sum(_page_first(other) for _, other in turns),
        rewritten=sum(one.answer.standalone is not None for one, _ in turns),
        seconds=sum(one.seconds for one, _ in turns) / len(turns),
        seconds_alone=sum(other.seconds for _, other in turns) / len(turns),
    )


def _page_first(said: Said) -> bool:
    return bool(said.answer.citations) and said.answer.citations[0].page in said.question.pages
