"""Asks the sample questions: evidence pages among the citations, answers, and seconds to the first token."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from itertools import cycle

from wholedoc.answer import Answer
from wholedoc.documents.document import Document
from wholedoc.library import Library
from wholedoc.settings import Settings

from ..report import Report, peak_gigabytes
from ..sample import REGISTER, SAMPLES, SampleQuestion, sample_questions
from .cases.metrics import evidence_rank

# Questions about nothing that is in a sample document.
ELSEWHERE = (
    "How do I bake bread?",
    "Who won the football world cup in 2010?",
    "What is the boiling point of nitrogen?",
    "How many legs does a spider have and how does it spin its web?",
    "Which programming language should I learn first if I want to become a data scientist?",
    "What is the capital of the largest country in South America, and how many people live there?",
    "Name the four main blood types, and say which of them can be given to anybody.",
    "Who wrote the novel Moby Dick?",
    "Explain the theory of relativity in two sentences.",
    "What are the side effects of aspirin?",
    "What are the capitals of these 4 countries: Germany, Japan, Brazil, Kenya? Name every capital.",
    "Answer in one short sentence, and only from the text: what is the speed of light in a vacuum?",
)
# How people and programs wrap a question; every fourth question about the register is also asked like this.
INSTRUCTED = (
    "{} Answer in one short sentence, without any explanation, and do not make anything up.",
    "Please read the document carefully and tell me, with the exact passage if you can: {}",
    "You are a careful assistant. {} If the document does not say so, say that you do not know.",
)


def run(quick: bool) -> Report:
    """Ask all questions about the register of 128K tokens, or, if `quick`, the six about the short notice."""
    report = Report("questions-quick" if quick else "questions")
    path = SAMPLES / "short_notice.pdf" if quick else REGISTER
    library = Library.open(settings=Settings())
    document = library.parse(path)
    started = time.perf_counter()
    for _ in library.read(document):
        pass
    report.add(document=path.name, opened_s=time.perf_counter() - started)
    answers = [(one, library.ask([document], one.text)) for one in sample_questions(path.name)]
    for question, answer in answers:
        report.add(
            question=question.text,
            expected=question.answers[0] if question.answers else None,
            answer=answer.text,
            found=answer.found,
            correct=correct(question, answer),
            evidence_kept=_evidence_kept(question, answer),
            citation_rank=citation_rank(question, answer),
            first_token_s=answer.timings.first_token_s,
        )
    answerable = [pair for pair in answers if pair[0].answers]
    _summarise(report, answerable, [pair for pair in answers if not pair[0].answers])
    some = [question.text for question, _ in answerable[:: 1 if quick else 4]]
    instructed = [form.format(question) for form, question in zip(cycle(INSTRUCTED), some, strict=False)]
    report.add(figure="instructed questions said to be found", **_found(report, library, document, instructed))
    report.add(
        figure="questions about something else said to be found", **_found(report, library, document, ELSEWHERE)
    )
    return report


def _found(report: Report, library: Library, document: Document, questions: Sequence[str]) -> dict[str, int]:
    """Ask each question and add its answer; return how many answers were found, of how many."""
    found = 0
    for text in questions:
        answer = library.ask([document], text)
        found += answer.found
        report.add(question=text, answer=answer.text, found=answer.found)
    return {"found": found, "questions": len(questions)}


def _summarise(
    report: Report,
    answerable: list[tuple[SampleQuestion, Answer]],
    unanswerable: list[tuple[SampleQuestion, Answer]],
) -> None:
    ranks = [citation_rank(question, answer) for question, answer in answerable]
    total = len(answerable)
    for first in (1, 3, 5):
        within = sum(rank is not None and rank <= first for rank in ranks)
        report.add(figure=f"evidence page among the first {first} citations", share=within / total)
    report.add(
        figure="evidence page in a kept chunk",
        share=sum(_evidence_kept(question, answer) for question, answer in answerable) / total,
    )
    report.add(
        figure="answer contains the expected one",
        share=sum(correct(question, answer) for question, answer in answerable) / total,
    )
    quoted = sum(
        any(_contains(citation.quote, question.answers) for citation in answer.citations[:3])
        for question, answer in answerable
    )
    report.add(figure="one of the first 3 quotes contains the expected answer", share=quoted / total)
    report.add(
        figure="answerable questions said to be found",
        share=sum(answer.found for _, answer in answerable) / total,
    )
    if unanswerable:
        report.add(
            figure="unanswerable questions said not to be found",
            share=sum(not answer.found for _, answer in unanswerable) / len(unanswerable),
        )
    first_tokens = sorted(answer.timings.first_token_s for _, answer in answerable if answer.found)
    if first_tokens:
        report.add(
            figure="seconds to the first token",
            median=statistics.median(first_tokens),
            slowest=first_tokens[-1],
        )
    report.add(figure="peak memory, GB", peak_gb=peak_gigabytes())


def correct(question: SampleQuestion, answer: Answer) -> bool:
    """Return whether the answer was found and contains an accepted spelling."""
    return answer.found and _contains(answer.text, question.answers)


def _contains(text: str, answers: tuple[str, ...]) -> bool:
    plain = " ".join(text.lower().split())
    return any(" ".join(one.lower().split()) in plain for one in answers)


def _evidence_kept(question: SampleQuestion, answer: Answer) -> bool:
    return any(
        chunk.kept and any(chunk.pages[0] <= page <= chunk.pages[1] for page in question.pages)
        for chunk in answer.chunks
    )


def citation_rank(question: SampleQuestion, answer: Answer) -> int | None:
    """Return the 1-based rank of the first citation on an evidence page, None if there is none."""
    return evidence_rank((citation.page for citation in answer.citations), question.pages)
