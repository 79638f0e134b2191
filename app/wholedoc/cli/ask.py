"""`wholedoc ask`: asks questions about documents, which are read first if they are new."""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..documents.document import place
from .exporting import check_exports, export
from .options import ANSWER, ATTENTION, JSON, LIBRARY, MODEL, PASSWORD, settings_from, shared
from .printing.everywhere import everywhere_json
from .printing.terminal import say, say_json
from .ranks import RANKS, joined, start

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from parallelcomp.ranks import Ranks

    from ..answer import Answer, Citation, Event
    from ..conversation import Turn
    from ..documents.document import Document
    from ..everywhere.kinds import Kind
    from ..library import Library
    from ..reading.corpus import ReadDocument


@click.command()
@click.argument("documents", nargs=-1, metavar="[FILE_OR_ID]...")
@click.option("--all", "whole_shelf", is_flag=True, help="Ask all documents that were read before, together.")
@click.option("-q", "--question", "questions", multiple=True, required=True, help="A question (repeatable).")
@click.option(
    "--everywhere/--one-place",
    default=None,
    help="Ask every part (list, count, check, compare, summarise), or look for the one place that answers "
    "[default: as the question's words suggest].",
)
@click.option("--conversation", is_flag=True, help="Every question sees the questions and answers before it.")
@click.option(
    "--export",
    "exports",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the answers with their citations to a .docx file, or to a .pdf the cited PDF with its quotes "
    "highlighted (repeatable).",
)
@shared(PASSWORD, JSON, *ANSWER, *ATTENTION, *MODEL, LIBRARY, RANKS)
def ask(
    documents: tuple[str, ...],
    whole_shelf: bool,
    questions: tuple[str, ...],
    everywhere: bool | None,
    conversation: bool,
    exports: tuple[Path, ...],
    password: str | None,
    as_json: bool,
    rank_count: int | None,
    **given: Any,
) -> None:
    """Ask documents together; the answer comes with the pages that carry it."""
    from parallelcomp import ChunkScoring

    from ..library import Library
    from .printing.progress import tell

    check_exports(exports)
    if bool(documents) is whole_shelf:
        raise click.UsageError("name the documents to ask, or ask all that were read before with --all")
    if whole_shelf and rank_count is not None:
        raise click.UsageError("several processes ask the documents that are named: leave out --all or --ranks")
    settings = settings_from(given)
    if rank_count is not None and given["scoring"] == ChunkScoring.SCAN.value:
        raise click.UsageError("several processes score every part of a document: leave out --scoring or --ranks")
    start(rank_count)
    with joined(settings) as (ranks, own):
        alone = ranks is None or ranks.rank == 0
        library = Library.open(settings=own, notify=tell if alone else lambda _: None, ranks=ranks)
        if alone:
            started = time.perf_counter()
            known = _shelf(library) if whole_shelf else _resolve_all(library, documents, password)
            answers = _ask(library, known, questions, everywhere, conversation, as_json, started)
            export(exports, library, answers, known)
        else:
            _assist(library, documents, questions, everywhere, password)


def _shelf(library: Library) -> list[Document]:
    """Returns all documents that were read before. Tells of those that were not. Raises UsageError if none was."""
    from .printing.progress import tell

    known, unread = library.shelf()
    if not known:
        raise click.UsageError("this model has read no document yet: `wholedoc add FILE...` has it read some")
    if unread:
        names = ", ".join(one.name for one in unread)
        tell(f"not asked, since this model has not read them (`wholedoc add` has it read them): {names}")
    return known


def _ask(
    library: Library,
    known: Sequence[Document],
    questions: Sequence[str],
    everywhere: bool | None,
    conversation: bool,
    as_json: bool,
    started: float,
) -> list[Answer]:
    """Reads the documents, asks the questions and prints the answers, which it returns.

    `started` is when the documents began to be parsed, in seconds. With several ranks, this is the part of rank 0.
    """
    from ..conversation import Turn
    from .documents import describe
    from .printing.everywhere import show_everywhere
    from .printing.progress import tell

    parsed = time.perf_counter()
    for document in known:
        for warning in document.warnings:
            tell(f"{document.name}: {warning}")
    _ = library.engine
    loaded = time.perf_counter()
    read = _read(library, known)
    new = library.settings.apb is None and any(one.cached_tokens < len(one.tokenized) for one in read)
    read_s = time.perf_counter() - loaded if new else 0.0
    answers: list[Answer] = []
    finish = _wait if as_json else partial(_show, several=len(known) > 1)
    kinds = [_kind(library, question, len(known), everywhere, tell) for question in questions]
    share = _can_share_scoring(library, questions, conversation) and not any(kinds)
    together = library.stream_many(known, questions) if share else None
    for question, kind in zip(questions, kinds, strict=True):
        history = [Turn(one.question, one.text) for one in answers] if conversation else []
        _share_history(library.ranks, history)
        if kind is not None:
            events = library.everywhere(known, question, kind=kind, history=history)
            if as_json:
                answers.append(_wait(events, question))
            else:
                expected = library.expected(known, question, kind)
                answers.append(show_everywhere(events, question, kind, expected))
            continue
        answers.append(finish(together or library.stream(known, question, history=history), question))
    if as_json:
        result = {
            "answers": [_as_json(answer) for answer in answers],
            "documents": [describe(one) for one in read],
            "timings": {"load_s": loaded - parsed, "parse_s": parsed - started, "read_s": read_s},
            "model": library.model.name,
            "device": str(library.engine.spec.device),
            **_traffic(library.ranks),
        }
        say_json(result)
        return answers
    _recommend_writer(library)
    if library.ranks is not None:
        traffic = library.ranks.traffic
        tell(
            f"{library.ranks.size} ranks: {traffic.bytes:,} bytes came here, in {traffic.seconds:.1f} s of waiting"
        )
    return answers


def _kind(
    library: Library, question: str, documents: int, everywhere: bool | None, tell: Callable[[str], None]
) -> Kind | None:
    """Returns what is asked of every part; None for a question to one place.

    If the person did not choose, the question's words do, and only where there is somebody who can be asked. Tells
    if that is missing.
    """
    from ..everywhere.kinds import Scope
    from ..everywhere.wording import wanted

    if everywhere is not None:
        return wanted(question, documents, Scope.EVERYWHERE if everywhere else Scope.ONE_PLACE)
    kind = library.wanted(question, documents, Scope.BY_QUESTION)
    suggested = wanted(question, documents, Scope.BY_QUESTION)
    if suggested is not None and kind is None:
        alone = library.ranks is None and library.settings.apb is None
        missing = "there must be a model that writes" if alone else "leave out --ranks and --attention"
        tell(f"one place is asked: for a {suggested.value} of every part {missing}")
    return kind


def _recommend_writer(library: Library) -> None:
    """Tells of the model that would write better answers, if it only has to be fetched."""
    from ..models.recommendation import default_writer
    from .printing.progress import tell

    writer = default_writer(library.settings) if library.ranks is None else None
    if writer is not None and library.writer is None:
        tell(
            f"the model that read this also answered; {writer.name} answers better: "
            f"`wholedoc models fetch {writer.name}` ({writer.bytes / 1e6:,.0f} MB, once)"
        )


def _assist(
    library: Library, names: Sequence[str], questions: Sequence[str], everywhere: bool | None, password: str | None
) -> None:
    """Does the part of every other rank, which prints nothing."""
    from ..answer import Scored

    known = _resolve_all(library, names, password)
    _read(library, known)
    kinds = [_kind(library, question, len(known), everywhere, lambda _: None) for question in questions]
    for question, kind in zip(questions, kinds, strict=True):
        history = _share_history(library.ranks, [])
        if kind is not None:
            for _ in library.everywhere(known, question, kind=kind, history=history):
                pass
            continue
        for event in library.stream(known, question, history=history):
            # With parallel chunks rank 0 writes the answer alone. The hosts of APB are needed until its end.
            if isinstance(event, Scored) and library.settings.apb is None:
                break


def _resolve_all(library: Library, names: Sequence[str], password: str | None) -> list[Document]:
    """Returns the documents of these names. With several ranks, rank 0 parses them for all."""
    from .documents import resolve

    with library.ranks.first_alone() if library.ranks else nullcontext():
        return [resolve(library, name, password) for name in names]


def _read(library: Library, known: Sequence[Document]) -> list[ReadDocument]:
    """Reads the documents and shows the progress. With APB nothing is read now, since every question reads anew."""
    from .printing.progress import bars

    if library.settings.apb is not None:
        return [library.unread(document) for document in known]
    with bars() as shown:
        return [shown.follow(library.read(document)) for document in known]


def _share_history(ranks: Ranks | None, history: list[Turn]) -> list[Turn]:
    """Returns the history of rank 0 on every rank. The others wait here until rank 0 has a question."""
    if ranks is None:
        return history
    ranks.follow()
    return ranks.share(history)


def _traffic(ranks: Ranks | None) -> dict[str, object]:
    """Returns what `--json` says about ranks: how many, the bytes that rank 0 received, its seconds of waiting."""
    return {} if ranks is None else {"ranks": {"size": ranks.size, **asdict(ranks.traffic)}}


def _can_share_scoring(library: Library, questions: Sequence[str], conversation: bool) -> bool:
    """Whether there are several questions that can be scored together, since none needs another's answer."""
    return len(questions) > 1 and not conversation and library.ranks is None


def _wait(events: Iterator[Event], question: str) -> Answer:
    """Runs the events to the next answer and returns it."""
    from ..answer import Done

    return next(event.answer for event in events if isinstance(event, Done))


def _show(events: Iterator[Event], question: str, several: bool) -> Answer:
    """Prints the next answer as it is written, its citations and its cost, and returns it.

    The citations are printed first if the answer is only a summary of them, and alone if it is the first of them.
    """
    from ..answer import Cited, Done, Planned, Reading, Rewritten, Scored, Scoring, Token
    from .printing.numbering import Numbering
    from .printing.progress import bars

    leads = begun = repeats = False
    numbering = Numbering()
    say(f"\n{question}", bold=True)
    with bars() as shown:
        for event in events:
            if isinstance(event, Planned | Reading | Scoring):
                shown.show(event)
            elif isinstance(event, Rewritten):
                say(f"  (asked as: {event.question})", dim=True)
            elif isinstance(event, Scored):
                break
    for event in events:
        if isinstance(event, Cited):
            numbering.citations = event.citations
            repeats = event.is_answer
            if leads := event.lead:
                _print_citations(event.citations, several)
        elif isinstance(event, Token) and not repeats:
            text = numbering.add(event.text)
            if text and leads and not begun:  # not before there is something to say: a writer may fail
                say("\nIn short: ", nl=False)
            begun = begun or bool(text)
            say(text, nl=False)
        elif isinstance(event, Done):
            say("" if repeats else f"{numbering.end()}\n")
            if not leads:
                _print_citations(event.answer.citations, several)
            _print_cost(event.answer)
            return event.answer
    raise AssertionError("a stream ends with Done")


def _print_citations(citations: Sequence[Citation], several: bool) -> None:
    for number, citation in enumerate(citations, start=1):
        where = f"[{number}] {place(citation.page_label)}" + (f" of {citation.document}" if several else "")
        quote = " ".join(citation.quote.split())
        say(f"  {where}", nl=False, fg="cyan")
        say(f"  {quote}")


def _print_cost(answer: Answer) -> None:
    usage, timings = answer.usage, answer.timings
    if answer.unsupported:
        say(f"  not in the passages above: {', '.join(answer.unsupported)}", fg="yellow")
    say(
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
        "support": answer.support,
        "unsupported": list(answer.unsupported),
        "sources": [asdict(one) for one in answer.sources],
        **({} if answer.standalone is None else {"standalone_question": answer.standalone}),
        "citations": citations,
        **everywhere_json(answer),
        "chunks": [asdict(one) for one in answer.chunks],
        "usage": asdict(answer.usage),
        "timings": asdict(answer.timings),
    }
