"""`wholedoc ask`: questions to documents, read first if they are new."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from .options import ANSWER, JSON, LIBRARY, MODEL, PASSWORD, settings_from, shared

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..answer import Answer, Event


@click.command()
@click.argument("documents", nargs=-1, required=True, metavar="FILE_OR_ID...")
@click.option("-q", "--question", "questions", multiple=True, required=True, help="A question (repeatable).")
@click.option("--conversation", is_flag=True, help="Every question sees the questions and answers before it.")
@shared(PASSWORD, JSON, *ANSWER, *MODEL, LIBRARY)
def ask(
    documents: tuple[str, ...],
    questions: tuple[str, ...],
    conversation: bool,
    password: str | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Ask documents together; the answer comes with the pages that carry it."""
    from ..conversation import Turn
    from ..library import Library
    from .documents import describe, resolve
    from .progress import bars, tell

    started = time.perf_counter()
    library = Library.open(settings=settings_from(given), notify=tell)
    known = [resolve(library, name, password) for name in documents]
    parsed = time.perf_counter()
    for document in known:
        for warning in document.warnings:
            tell(f"{document.name}: {warning}")
    _ = library.engine
    loaded = time.perf_counter()
    with bars() as shown:
        read = [shown.follow(library.read(document)) for document in known]
    read_s = time.perf_counter() - loaded if any(one.cached_tokens < len(one.tokenized) for one in read) else 0.0
    answers: list[Answer] = []
    finish = _wait if as_json else partial(_show, several=len(known) > 1)
    together = library.stream_many(known, questions) if len(questions) > 1 and not conversation else None
    for question in questions:
        history = [Turn(one.question, one.text) for one in answers] if conversation else []
        answers.append(finish(together or library.stream(known, question, history=history), question))
    if not as_json:
        return
    result = {
        "answers": [_as_json(answer) for answer in answers],
        "documents": [describe(one) for one in read],
        "timings": {"load_s": loaded - parsed, "parse_s": parsed - started, "read_s": read_s},
        "model": library.model.name,
        "device": str(library.engine.spec.device),
    }
    click.echo(json.dumps(result, ensure_ascii=False))


def _wait(events: Iterator[Event], question: str) -> Answer:
    """The next answer of the events."""
    from ..answer import Done

    return next(event.answer for event in events if isinstance(event, Done))


def _show(events: Iterator[Event], question: str, several: bool) -> Answer:
    """Print the next answer as it comes, then the citations and what it cost."""
    from ..answer import Done, Planned, Reading, Scored, Scoring, Token
    from .progress import bars

    click.secho(f"\n{question}", bold=True)
    with bars() as shown:
        for event in events:
            if isinstance(event, Planned | Reading | Scoring):
                shown.show(event)
            elif isinstance(event, Scored):
                break
    for event in events:
        if isinstance(event, Token):
            click.echo(event.text, nl=False)
        elif isinstance(event, Done):
            click.echo("\n")
            _print_evidence(event.answer, several)
            return event.answer
    raise AssertionError("a stream ends with Done")


def _print_evidence(answer: Answer, several: bool) -> None:
    for citation in answer.citations:
        place = f"p. {citation.page_label}" + (f" of {citation.document}" if several else "")
        quote = " ".join(citation.quote.split())
        click.echo(f"  {click.style(place, fg='cyan')}  {quote}")
    usage, timings = answer.usage, answer.timings
    click.secho(
        f"  {usage.kept_tokens:,} of {usage.document_tokens:,} tokens kept, "
        f"first token after {timings.first_token_s:.1f} s, {timings.total_s:.1f} s in all",
        dim=True,
    )


def _as_json(answer: Answer) -> dict[str, object]:
    citations = [
        {
            "document": citation.document,
            "page": citation.page,
            "page_label": citation.page_label,
            "quote": citation.quote,
            "score": citation.score,
        }
        for citation in answer.citations
    ]
    return {
        "question": answer.question,
        "answer": answer.text,
        "found": answer.found,
        "citations": citations,
        "usage": asdict(answer.usage),
        "timings": asdict(answer.timings),
    }
