"""`wholedoc ask`: questions to documents, read first if they are new."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from .options import ANSWER, JSON, LIBRARY, MODEL, PASSWORD, settings_from, shared

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..answer import Answer, Citation
    from ..conversation import Turn
    from ..document import Document
    from ..library import Library


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
    for question in questions:
        history = [Turn(one.question, one.text) for one in answers] if conversation else []
        if as_json:
            answers.append(library.ask(known, question, history=history))
        else:
            answers.append(_show_answer(library, known, question, history))
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


def _show_answer(library: Library, documents: Sequence[Document], question: str, history: Sequence[Turn]) -> Answer:
    """Print the answer as it comes, the citations and what it cost; first the citations where they lead."""
    from ..answer import Cited, Done, Planned, Reading, Scored, Scoring, Token
    from .progress import bars

    click.secho(f"\n{question}", bold=True)
    events = library.stream(documents, question, history=history)
    several, leads = len(documents) > 1, False
    with bars() as shown:
        for event in events:
            if isinstance(event, Planned | Reading | Scoring):
                shown.show(event)
            elif isinstance(event, Scored):
                break
    for event in events:
        if isinstance(event, Cited) and (leads := event.lead):
            _print_citations(event.citations, several)
            click.echo("\nIn the model's own words: ", nl=False)
        elif isinstance(event, Token):
            click.echo(event.text, nl=False)
        elif isinstance(event, Done):
            click.echo("\n")
            if not leads:
                _print_citations(event.answer.citations, several)
            _print_cost(event.answer)
            return event.answer
    raise AssertionError("a stream ends with Done")


def _print_citations(citations: Sequence[Citation], several: bool) -> None:
    for citation in citations:
        place = f"p. {citation.page_label}" + (f" of {citation.document}" if several else "")
        quote = " ".join(citation.quote.split())
        click.echo(f"  {click.style(place, fg='cyan')}  {quote}")


def _print_cost(answer: Answer) -> None:
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
