"""All HTML of the app. Whatever comes from a document, a file name or a model is escaped here, and nowhere else."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape as escape_html
from itertools import groupby

from wholedoc import Citation, DocumentInfo, ScoredChunk
from wholedoc.documents.rendering import Box

from .app_state import ModelState, Phase
from .cost import Cost
from .evidence import ShownPage
from .session import Evidence
from .shelf import Arrival, Row, Stage

# Marks on the page axis of the strip.
AXIS_MARKS = 6
# A gain of at least this many nats per token fills the strip's height, so that noise does not look like evidence.
FULL_HEIGHT_GAIN = 0.5
# Zero-width, and no place for a line break: put into the syntax that Markdown would act upon.
JOINER = "\u2060"
_ACTIVE = re.compile(
    r"<(?=\S)|!(?=\[)|\](?=[(\[:])|:(?=//)|mailto:|(?<=www)\.|@(?=\w)|(?<=[`~])(?=\s*mermaid)", re.IGNORECASE
)


def esc(text: object) -> str:
    """Text as text: safe in content and in quoted attributes, also where a template language looks at it."""
    return escape_html(str(text)).replace("{", "&#123;").replace("$", "&#36;").replace("`", "&#96;")


def inert(text: str) -> str:
    """Markdown that can neither hold HTML, nor show an image, nor link anywhere; emphasis, lists and code stay.

    Zero-width joiners break the syntax; the page takes them out of what is copied.
    """
    return _ACTIVE.sub(lambda match: match.group() + JOINER, text)


def status_line(state: ModelState) -> str:
    """What the program is doing, on top of the page."""
    dot = {Phase.LOADING: "busy", Phase.READING: "busy", Phase.READY: "ready", Phase.FAILED: "failed"}[state.phase]
    text = esc(state.message)
    if state.reading is not None:
        done, total = state.reading.tokens, max(state.reading.total_tokens, 1)
        text += f' <progress max="{total}" value="{done}" aria-label="{text}"></progress> {done / total:.0%}'
        text += _left(state.reading.seconds_left)
    return (
        f'<header class="wd-head"><h1>wholedoc</h1><p class="wd-status" role="status">'
        f'<span class="wd-dot wd-{dot}"></span>{text}</p></header>'
    )


def told(message: str) -> str:
    """What became of a change of settings."""
    return f'<p class="wd-note" role="status">{esc(message)}</p>'


# The shelf


def shelf(rows: Sequence[Row]) -> str:
    """The documents, each with a box to tick and buttons."""
    if not rows:
        return '<p class="wd-empty wd-no-documents">No documents yet. Drop one above.</p>'
    return f'<ul class="wd-shelf">{"".join(_row(row) for row in rows)}</ul>'


def _row(row: Row) -> str:
    info, name = row.info, esc(row.info.name)
    ticked = " checked" if row.selected else ""
    facts = [_count(info.pages, "page")]
    if info.tokens:
        facts.append(f"{info.tokens:,} tokens")
    if info.bytes and not row.busy:  # it grows all the time: the list would be drawn anew under a person's hands
        facts.append(_size(info.bytes))
    read = "" if row.busy or info.warm == 1 else _row_button("read_document", info, "Read", f"Read {name}")
    return (
        f'<li class="wd-row" data-document="{esc(info.id)}">'
        f'<label><input type="checkbox" data-act="choose_document" data-id="{esc(info.id)}"{ticked}'
        f' aria-label="Ask {name}"><span class="wd-name">{name}</span></label>'
        f'<span class="wd-facts">{" · ".join(facts)} · {_warmth(row)}</span>'
        f"{_warnings(info.warnings)}"
        f'<span class="wd-buttons">{read}{_row_button("remove_document", info, "Remove", f"Remove {name}")}</span>'
        "</li>"
    )


def _row_button(act: str, info: DocumentInfo, text: str, label: str) -> str:
    return f'<button type="button" data-act="{act}" data-id="{esc(info.id)}" aria-label="{label}">{text}</button>'


def _warmth(row: Row) -> str:
    if row.busy:
        return '<span class="wd-warm wd-busy">being read</span>'
    if row.info.warm == 1:
        return '<span class="wd-warm wd-ready">warm</span>'
    return f'<span class="wd-warm">{row.info.warm:.0%} read</span>' if row.info.warm else "not read yet"


def arrivals(items: Iterable[Arrival]) -> str:
    """Documents on their way in, each with its progress."""
    shown = "".join(_arrival(item) for item in items if item.stage is not Stage.DONE)
    return f'<ul class="wd-arrivals">{shown}</ul>' if shown else ""


def _arrival(item: Arrival) -> str:
    bar = ""
    if item.reading is not None and item.stage is Stage.READING:
        done, total = item.reading.tokens, item.reading.total_tokens
        bar = f'<progress max="{total}" value="{done}" aria-label="Reading {esc(item.name)}"></progress>'
    kind = {Stage.FAILED: " wd-failed", Stage.LOCKED: " wd-failed"}.get(item.stage, "")
    return (
        f'<li class="wd-arrival{kind}"><span class="wd-name">{esc(item.name)}</span>{bar}'
        f'<span class="wd-facts">{_progress(item)}</span>{_verdict(item)}{_warnings(item.warnings)}</li>'
    )


def _progress(item: Arrival) -> str:
    if item.stage is Stage.READING and item.reading is not None:
        one = item.reading
        rate = f" · {one.tokens_per_second:,.0f} tokens/s" if one.tokens_per_second else ""
        damaged = f" · {_count(one.damaged_chunks, 'damaged part')} read again" if one.damaged_chunks else ""
        return f"{one.tokens:,} of {one.total_tokens:,} tokens{rate}{_left(one.seconds_left)}{damaged}"
    return {
        Stage.WAITING: "waiting for the one before it",
        Stage.EXTRACTING: "taking the text out of the file",
        Stage.PLANNED: "about to be read",
        Stage.STOPPED: "stopped; what was read so far is kept",
    }.get(item.stage, esc(item.message))


def _verdict(item: Arrival) -> str:
    """Whether it fits and how long it takes, known before reading starts."""
    if item.planned is None or item.stage not in (Stage.PLANNED, Stage.READING):
        return ""
    plan = item.planned
    if plan.cached_tokens == plan.tokens:
        return '<span class="wd-verdict">It was read before; nothing has to be read again.</span>'
    known = f" {plan.cached_tokens:,} of them were read before." if plan.cached_tokens else ""
    takes = "a moment" if plan.seconds is None else f"about {duration(plan.seconds)}"
    return (
        f'<span class="wd-verdict">It fits: {plan.tokens:,} tokens of at most {plan.longest_document:,}.{known} '
        f"Reading takes {takes}, once, and {_size(plan.bytes)} on disk.</span>"
    )


def _warnings(warnings: Sequence[str]) -> str:
    return "".join(f'<span class="wd-warning">{esc(warning)}</span>' for warning in warnings)


# The evidence


def citations(evidence: Evidence | None, chosen: int | None) -> str:
    """The citations as buttons that open their pages, or that nothing was found."""
    if evidence is None:
        return (
            '<p class="wd-empty">Ask a question: the pages that carry the answer appear here, '
            "word for word from the document.</p>"
        )
    if evidence.found is None:
        return '<p class="wd-empty" role="status">Looking for the passages that carry the answer…</p>'
    if not evidence.found:
        return (
            '<div class="wd-not-found" role="note"><strong>Not found in this document</strong>'
            "<p>No part of it makes your question any more likely: above you see how little each has to do "
            "with it. Another wording may help; what is not there cannot be found.</p></div>"
        )
    if not evidence.citations:
        return '<p class="wd-empty">No single passage stands out: see above where the model looked.</p>'
    several = len(evidence.document_ids) > 1
    items = (_citation(index, one, several, index == chosen) for index, one in enumerate(evidence.citations))
    return f'<ol class="wd-citations">{"".join(items)}</ol>'


def _citation(index: int, one: Citation, several: bool, chosen: bool) -> str:
    name = f'<span class="wd-from">{esc(one.document)}</span>' if several else ""
    current = ' aria-current="true"' if chosen else ""
    return (
        f'<li><button type="button" data-act="open_citation" data-index="{index}"{current}>'
        f'<span class="wd-page">p. {esc(one.page_label)}</span>{name}'
        f'<span class="wd-quote">{esc(" ".join(one.quote.split()))}</span></button></li>'
    )


def page(shown: ShownPage | None) -> str:
    """The open page with the quote highlighted."""
    if shown is None:
        return '<p class="wd-empty">Click a citation, or a bar above, to see its page.</p>'
    total = len(shown.document.pages)
    caption = f"{esc(shown.document.name)} · p. {esc(shown.label)} ({shown.view.page} of {total})"
    note = f'<p class="wd-note">{esc(shown.note)}</p>' if shown.note else ""
    return (
        f'<figure class="wd-figure"><figcaption>{caption}</figcaption>{note}'
        f'<div class="wd-scroll" tabindex="0" aria-label="Page {esc(shown.label)}">{_paper(shown)}</div></figure>'
    )


def _paper(shown: ShownPage) -> str:
    style = f"width:{shown.view.zoom}%"
    if shown.image is None:
        text = _marked(shown.text, shown.view.quote)
        return f'<div class="wd-text" style="font-size:{shown.view.zoom}%">{text}</div>'
    content = base64.b64encode(shown.image.content).decode()
    marks = "".join(_highlight(box) for box in shown.image.boxes)
    return (
        f'<div class="wd-paper" style="{style}"><img alt="Page {esc(shown.label)} of {esc(shown.document.name)}"'
        f' width="{shown.image.width}" height="{shown.image.height}"'
        f' src="data:{esc(shown.image.media_type)};base64,{content}">{marks}</div>'
    )


def _highlight(box: Box) -> str:
    place = f"left:{box.left:.3%};top:{box.top:.3%};width:{box.width:.3%};height:{box.height:.3%}"
    return f'<mark class="wd-highlight" style="{place}"></mark>'


def _marked(text: str, quote: str) -> str:
    start = text.find(quote) if quote else -1
    if start < 0:
        return esc(text)
    stop = start + len(quote)
    return f"{esc(text[:start])}<mark>{esc(text[start:stop])}</mark>{esc(text[stop:])}"


# Where the model looked


def strip(chunks: Sequence[ScoredChunk], names: Mapping[str, str], labels: Mapping[str, Sequence[str]]) -> str:
    """One bar a chunk over all documents that were asked: height is how much the chunk explains the question.

    `names` and `labels` are the documents' names and their pages' labels, by document id.
    """
    if not chunks:
        return ""
    full = max(FULL_HEIGHT_GAIN, *(chunk.gain for chunk in chunks))
    best = max(range(len(chunks)), key=lambda index: chunks[index].gain)
    parts = []
    numbered = enumerate(chunks)
    for id, group in groupby(numbered, key=lambda pair: pair[1].document_id):
        members = list(group)
        bars = "".join(_bar(index, one, full, index == best, labels.get(id, ())) for index, one in members)
        width = sum(one.tokens for _, one in members)
        name = f'<span class="wd-strip-name">{esc(names.get(id, ""))}</span>' if len(names) > 1 else ""
        axis = _axis([one for _, one in members], labels.get(id, ()))
        parts.append(
            f'<div class="wd-strip-document" style="flex-grow:{width}">{name}'
            f'<div class="wd-bars">{bars}</div>{axis}</div>'
        )
    kept = sum(chunk.kept for chunk in chunks)
    several = len(chunks) > 1
    read_in = f"One bar for each of the {len(chunks):,} parts" if several else "One bar for the one part"
    return (
        f'<div class="wd-strip" role="group" aria-label="How much each part of the document explains the question">'
        f'{"".join(parts)}</div><p class="wd-legend">{read_in} that the '
        f"document was read in. The higher, the more it explains your question; "
        f'<span class="wd-key"></span> the {kept:,} that stayed for the answer.</p>'
    )


def _bar(index: int, chunk: ScoredChunk, full: float, best: bool, labels: Sequence[str]) -> str:
    height = max(chunk.gain, 0.0) / full
    kept = " wd-kept" if chunk.kept else ""
    first, last = (_label(labels, number) for number in chunk.pages)
    where = f"p. {first}" if chunk.pages[0] == chunk.pages[1] else f"pp. {first}–{last}"
    what = f"{where}: {chunk.gain:+.2f} nats per token{', kept' if chunk.kept else ''}"
    return (
        f'<button type="button" class="wd-bar{kept}" data-act="open_chunk" data-index="{index}"'
        f' tabindex="{0 if best else -1}" title="{esc(what)}" aria-label="{esc(what)}"'
        f' style="flex-grow:{chunk.tokens};--height:{height:.3f}"></button>'
    )


def _axis(chunks: Sequence[ScoredChunk], labels: Sequence[str]) -> str:
    """Page labels at even distances along the strip, where their chunks stand."""
    total, before = sum(chunk.tokens for chunk in chunks), 0
    marks, wanted = [], 0
    for chunk in chunks:
        if before >= wanted * total / AXIS_MARKS:
            label = esc(_label(labels, chunk.pages[0]))
            marks.append(f'<span style="left:{before / total:.2%}">{label}</span>')
            wanted = int(before * AXIS_MARKS / total) + 1
        before += chunk.tokens
    return f'<div class="wd-axis" aria-hidden="true">{"".join(marks)}</div>'


def _label(labels: Sequence[str], number: int) -> str:
    return labels[number - 1] if 0 < number <= len(labels) else str(number)


# What it cost


def cost(spent: Cost | None) -> str:
    """Tokens, seconds and memory of the last answer."""
    if spent is None:
        return ""
    read = f"{spent.tokens_read:,}" if spent.tokens_read else "none, all were remembered"
    speed = f"{spent.tokens_per_second:,.0f} tokens/s" if spent.tokens_per_second else "–"
    place = "GPU memory" if spent.device == "cuda" else "Memory"
    facts = (
        ("Read for this question", read),
        ("In the documents", f"{spent.tokens_document:,} tokens"),
        ("Kept for the answer", f"{spent.tokens_kept:,} tokens"),
        ("First word after", f"{spent.first_token_s:.1f} s"),
        ("Answer", f"{spent.tokens_answered:,} tokens, {speed}, {spent.total_s:.1f} s in all"),
        (place, _size(spent.memory_bytes)),
    )
    shown = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in facts)
    return f'<dl class="wd-cost">{shown}</dl>'


# Figures for people


def duration(seconds: float) -> str:
    """12 s, 2:40 min, 14 min, 1:05 h."""
    if round(seconds) < 60:
        return f"{max(round(seconds), 1)} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 10:
        return f"{minutes}:{rest:02d} min"
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60}:{minutes % 60:02d} h"


def _left(seconds: float | None) -> str:
    return f" · {duration(seconds)} left" if seconds else ""


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' if number != 1 else ''}"


def _size(count: int) -> str:
    if count >= 1e9:
        return f"{count / 1e9:,.1f} GB"
    return f"{count / 1e6:,.0f} MB" if count >= 1e6 else f"{max(count / 1e3, 1):,.0f} kB"
