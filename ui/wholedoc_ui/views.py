"""What each part of the page shows, as HTML: every function here fills the template that has its name."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from markupsafe import Markup

from wholedoc import AskedDocument, Citation, Expected, Introduction, ScoredChunk
from wholedoc.documents.document import place, span
from wholedoc.models.catalogue import Role
from wholedoc.models.preparing import Step
from wholedoc.settings import SMALL_MODEL, Answerer
from wholedoc.storage.conversations import ConversationHead

from .app_state import ModelState, Phase
from .arriving.arrivals import Arrival, Stage
from .arriving.introducing import Introducing
from .arriving.samples import SAMPLES
from .cost import Cost
from .evidence import RemovedPage
from .figures import when
from .models.fetching import Fetch, FetchPhase
from .models.offers import Offers
from .session import Evidence, PageView
from .shelf import Row
from .templating import render

# So many citations are shown at once; the others on request.
AT_ONCE = 3
# The page axis of the strip has at most this many labels.
AXIS_MARKS = 6
# A worth of at least this many nats per token fills the strip's height, so that noise does not look like evidence.
FULL_HEIGHT_WORTH = 0.5
# A part that a scan passed over is at most so high: what the scan saw and what a score says cannot be compared.
PASSED_HEIGHT = 0.4

# The parts of the page by their elements, and what the buttons say that show them.
PARTS = {"wd-left": "Documents", "wd-middle": "Chat", "wd-right": "Pages"}
_DOTS = {Phase.LOADING: "busy", Phase.READING: "busy", Phase.READY: "ready", Phase.FAILED: "failed"}
_FETCHING = {Step.FETCHING: "Fetching", Step.CONVERTING: "Converting, once"}
# The events of the buttons that give a model a role, and what the buttons say.
USE_TO_READ, USE_TO_WRITE = "use_to_read", "use_to_write"
_ACTS = {Role.READER: USE_TO_READ, Role.WRITER: USE_TO_WRITE}
_DOES = {Role.READER: "read", Role.WRITER: "write"}
_ANSWERERS = (
    (Answerer.DEFAULT, "The program chooses who writes", "Let the program choose who writes"),
    (Answerer.READER, "The model that reads answers", "Let the model that reads answer"),
)
_STAGE_MESSAGES = {
    Stage.WAITING: "waiting for the one before it",
    Stage.EXTRACTING: "taking the text out of the file",
    Stage.PLANNED: "about to be read",
    Stage.STOPPED: "stopped before it was taken in: drop it again to have it read",
    Stage.BESIDE: "It is read. This conversation goes on with the documents that are ticked.",
}


def status_line(state: ModelState) -> str:
    """The top of the page: what the program is doing."""
    total = max(state.reading.total_tokens, 1) if state.reading else 1
    return render(
        "status_line",
        dot=_DOTS[state.phase],
        message=state.message,
        models=state.models,
        reading=state.reading,
        total=total,
    )


def fetch(state: Fetch | None) -> str:
    """The model that is on its way, or what became of it; empty if none was wanted."""
    progress = state.progress if state else None
    return render(
        "fetch",
        fetch=state,
        phase=state.phase.name.lower() if state else "",
        running=state is not None and state.phase is FetchPhase.RUNNING,
        step=_FETCHING[progress.step] if progress else "",
        in_bytes=progress is not None and progress.step is Step.FETCHING,
        total=max(progress.total, 1) if progress else 1,
    )


def sends_to(host: str | None) -> str:
    """A note beside the question box if what is asked leaves this machine."""
    return render("sends_to", host=host)


def introduction(id: str, known: Introduction | None, state: Introducing | None, offered: bool) -> str:
    """What a document is about, how far the work on that has come, or the button that begins it; else empty."""
    return render("introduction", id=id, introduction=known, state=state, offered=offered)


def models(offered: Offers) -> str:
    """The models that can be chosen, each with buttons for its roles."""
    answerers = [
        {"name": one.value, "chosen": offered.answerer is one, "so": so, "do": do} for one, so, do in _ANSWERERS
    ]
    return render("models", offers=offered, acts=_ACTS, does=_DOES, answerers=answerers, writing=USE_TO_WRITE)


def models_in_use(offered: Offers, reader: str, writer: str | None) -> str:
    """Which models read and write, by their names, in one line of text.

    `writer` is None where the model that reads answers; if that is small, it is said so.
    """
    known = next((one.here.model for one in offered.models if one.here.model.name == reader), None)
    if writer is not None:
        return f"Model: {reader} reads, {writer} writes"
    small = known is not None and known.parameters < SMALL_MODEL
    return f"Model: {reader}" + (" (small, answers in quotes; choose a better one)" if small else "")


def told(message: str) -> str:
    """A note that says what became of a change of settings."""
    return render("told", message=message)


def shelf(rows: Sequence[Row]) -> str:
    """The documents, each with a box to tick and buttons, and above them one that ticks all that are read."""
    return render("shelf", rows=rows, ready=sum(row.info.warm == 1 for row in rows))


def arrivals(items: Iterable[tuple[Arrival, bool]]) -> str:
    """The documents on their way in, each with its progress; empty if all of them are done.

    Each comes with whether another tab is adding it.
    """
    shown = [_arrival(item, elsewhere) for item, elsewhere in items if item.stage is not Stage.DONE]
    return render("arrivals", arrivals=shown)


def _arrival(item: Arrival, elsewhere: bool) -> dict[str, object]:
    """The values of one arrival. What reading takes is known, and shown, before reading starts."""
    return {
        "name": item.name,
        "key": item.key,
        "document_id": item.document_id,
        "elsewhere": elsewhere,
        "beside": item.stage is Stage.BESIDE,
        "can_go": not elsewhere and not item.stage.goes_on,
        "failed": item.stage in (Stage.FAILED, Stage.LOCKED),
        "message": _arrival_message(item),
        "reading": item.reading if item.stage is Stage.READING else None,
        "planned": item.planned if item.stage in (Stage.PLANNED, Stage.READING) else None,
        "warnings": item.warnings,
    }


def _arrival_message(item: Arrival) -> str:
    if item.stage is Stage.EXTRACTING and item.recognised is not None:
        done, total = item.recognised
        return f"recognising scanned pages: {done:,} of {total:,}"
    return _STAGE_MESSAGES.get(item.stage, item.message)


def citations(evidence: Evidence | None, chosen: int | None, removed: frozenset[str] = frozenset()) -> str:
    """The citations as buttons that open their pages, or a note that says why there are none yet.

    It is empty where nothing was found, which the answer says. `chosen` is the index of the citation whose page is
    open, and `removed` are the ids of documents that have left the library.
    """
    shown, more = (evidence.citations[:AT_ONCE], evidence.citations[AT_ONCE:]) if evidence else ((), ())
    return render("citations", evidence=evidence, chosen=chosen, removed=removed, shown=shown, more=more)


def unsupported(words: str) -> str:
    """Words of an answer that nothing supports, marked."""
    return render("unsupported", words=words)


def source(exchange: int, number: int, cited: Citation, *, further: bool = False) -> str:
    """A citation's number, counted from 1, behind a sentence of an exchange: a button that opens it.

    One that is `further` is shown on request.
    """
    return render(
        "source", exchange=exchange, number=number, quote=cited.quote, page=place(cited.page_label), further=further
    )


def more_sources(count: int) -> str:
    """A button that shows the further citations of a sentence."""
    return render("more_sources", count=count)


def actions(exchange: int, spent: Cost | None, *, everywhere: bool, last: bool) -> str:
    """What can be done with an answer, if there is one, and what it cost. The last question can be asked again."""
    made = Markup(cost(spent)) if spent else ""
    return render("actions", exchange=exchange, everywhere=everywhere, last=last, cost=made)


def asked_as(exchange: int, question: str) -> str:
    """The question that was asked instead of one that refers back, with a button to correct it."""
    return render("asked_as", exchange=exchange, question=question)


def asked_of(names: Sequence[str]) -> str:
    """The documents that a question was asked of where nothing was found."""
    return render("asked_of", names=names)


def not_found(names: Sequence[str]) -> str:
    """The answer where nothing in the documents of these names explains the question, with what may help."""
    return render("not_found", names=names)


def asked_documents(documents: Sequence[AskedDocument]) -> str:
    """The documents that the next question goes to, beside the question box."""
    return render("asked_documents", documents=documents)


def expected(one: Expected | None) -> str:
    """What a question to every part will take; empty for a question to one place."""
    return render("expected", expected=one)


def parts_of_page() -> str:
    """Buttons that show one part of the page at a time, where the window is too narrow for all."""
    return render("parts_of_page", parts=PARTS, shown="wd-middle")


def welcome() -> str:
    """What a person reads who has no documents yet."""
    return render("welcome")


def evidence_title() -> str:
    """What stands above the evidence."""
    return render("evidence_title")


def samples() -> str:
    """Documents that come along, for a person who has none at hand."""
    return render("samples", samples=SAMPLES)


def conversations(heads: Sequence[ConversationHead], open_id: str, damaged: int, searched: bool, now: float) -> str:
    """The conversations that are kept, each with buttons. `open_id` is the one that is open, `now` in seconds since
    1970.
    """
    listed = [{"head": head, "when": when(head.changed, now)} for head in heads]
    return render("conversations", listed=listed, open_id=open_id, damaged=damaged, searched=searched)


def viewer() -> str:
    """The viewer, before it shows anything."""
    return render("viewer")


def opens(view: PageView | RemovedPage | None, cited: Sequence[int] = ()) -> str:
    """What the viewer is to show, with the `cited` pages on its strip; or a note why that is not there."""
    if isinstance(view, RemovedPage):
        return render("removed_page", document=view.name)
    return render("opens", view=view, cited=cited) if view else ""


def strip(chunks: Sequence[ScoredChunk], names: Mapping[str, str], labels: Mapping[str, Sequence[str]]) -> str:
    """One bar a chunk over all documents that were asked: its height is what decided whether it stays, or how much
    a scan saw in it that passed it over.

    `names` and `labels` are the documents' names and their pages' labels, by document id. Empty without chunks.
    """
    if not chunks:
        return ""
    by_document = groupby(_bars(chunks, labels), key=lambda bar: bar.document_id)
    documents = [_bars_of_document(names.get(id, ""), list(bars)) for id, bars in by_document]
    kept = sum(chunk.kept for chunk in chunks)
    passed = sum(chunk.gain is None for chunk in chunks)
    return render("strip", documents=documents, named=len(names) > 1, parts=len(chunks), kept=kept, passed=passed)


def _bars_of_document(name: str, bars: Sequence[Bar]) -> dict[str, object]:
    return {"name": name, "tokens": sum(bar.tokens for bar in bars), "bars": bars, "axis": list(_axis(bars))}


@dataclass(frozen=True)
class Bar:
    """A chunk in the strip. `height` is at most 1; `page` is the printed label of its first page.

    `passed` says that a scan passed the chunk over, so that it was not scored.
    """

    index: int
    document_id: str
    tokens: int
    height: float
    kept: bool
    passed: bool
    best: bool
    page: str
    label: str


@dataclass(frozen=True)
class Mark:
    """A page's label on the axis; `place` is the share of the axis that lies before it."""

    place: float
    label: str


def _bars(chunks: Sequence[ScoredChunk], labels: Mapping[str, Sequence[str]]) -> Iterator[Bar]:
    """Return a bar for each chunk. Those that were kept are the highest, since the same number decides both."""
    worths = [_worth(chunk) for chunk in chunks]
    full = max([FULL_HEIGHT_WORTH, *(worth for worth in worths if worth is not None)])
    kept = [max(worth or 0.0, 0.0) / full for worth, chunk in zip(worths, chunks, strict=True) if chunk.kept]
    highest_passed = min([PASSED_HEIGHT, *kept])
    seen = max((chunk.scan or 0.0 for chunk in chunks), default=0.0)
    best = max(range(len(chunks)), key=lambda index: _or_least(worths[index]))
    for index, (chunk, worth) in enumerate(zip(chunks, worths, strict=True)):
        first, last = (_page_label(labels.get(chunk.document_id, ()), number) for number in chunk.pages)
        where = span(first, last)
        if worth is None:
            said = "a quick scan passed it over"
            height = highest_passed * max(chunk.scan or 0.0, 0.0) / seen if seen > 0 else 0.0
        else:
            height = max(worth, 0.0) / full
            said = f"{height:.0%} of the full height{', stayed for the answer' if chunk.kept else ''}"
        label = f"{where}: {said}"
        yield Bar(
            index, chunk.document_id, chunk.tokens, height, chunk.kept, worth is None, index == best, first, label
        )


def _worth(chunk: ScoredChunk) -> float | None:
    """What decided whether a chunk stays. Answers that were kept by an earlier version know the gain alone."""
    return chunk.gain if chunk.worth is None else chunk.worth


def _or_least(worth: float | None) -> float:
    return -math.inf if worth is None else worth


def _page_label(labels: Sequence[str], number: int) -> str:
    """The printed label of a page; its number if the labels are not known, as for a document that is gone."""
    return labels[number - 1] if 0 < number <= len(labels) else str(number)


def _axis(bars: Sequence[Bar]) -> Iterator[Mark]:
    """Page labels at about even distances along a document's bars, each where its bar begins."""
    total, before, wanted = sum(bar.tokens for bar in bars), 0, 0
    for bar in bars:
        if before >= wanted * total / AXIS_MARKS:
            yield Mark(before / total, bar.page)
            wanted = int(before * AXIS_MARKS / total) + 1
        before += bar.tokens


def cost(spent: Cost) -> str:
    """Tokens, seconds and memory of an answer."""
    return render("cost", cost=spent)
