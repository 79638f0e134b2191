"""Measures how well a text's continuation is predicted as more of the text before it is known.

The last tokens before the continuation take the question's place and choose the chunks, so that the choice knows
nothing of the continuation. Full attention reads the whole context in one window, if it fits.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path

from parallelcomp import Chunk, Engine, Question
from wholedoc.documents.tokenized import TokenizedDocument
from wholedoc.library import Library

from ..errors import CasesError
from ..report import Report
from .ours import read

# RECENT tokens before the continuation take the question's place. The first LEAD of them are its lead. In tokens.
RECENT = 128
CONTINUATION = 128
LEAD = 8


def run(report: Report, library: Library, path: Path, lengths: Sequence[int], places: int) -> None:
    """Add the mean NLL of the continuation at each length of context, in nats per token.

    The mean is over `places` in the document, which are the same at every length. Raises CasesError if the document
    is too short.
    """
    whole = library.tokenized(library.parse(path))
    longest = max(lengths)
    free = len(whole) - longest - CONTINUATION
    if free < 0:
        raise CasesError(
            f"{path.name} has {len(whole):,} tokens, too few for {longest:,} and a continuation: choose a longer "
            "--text or a shorter --length"
        )
    ends = [longest + free * (place + 1) // places for place in range(places)]
    for length in sorted(lengths):
        ours = [_ours(library, whole, end, length) for end in ends]
        full = [_full(library.engine, whole, end, length) for end in ends]
        known = [one for one in full if one is not None]
        nll_full = statistics.fmean(known) if known else None
        report.add(
            perplexity=path.name,
            length=length,
            places=places,
            nll_ours=statistics.fmean(ours),
            nll_full_attention=nll_full,
            nll_ours_each=ours,
            nll_full_attention_each=full,
        )
        report.save()


def _ours(library: Library, whole: TokenizedDocument, end: int, length: int) -> float:
    """Return the NLL after the chunks that the last tokens choose, composed as the library's settings say."""
    engine = library.engine
    text = whole.document.text[whole.starts[end - length] : whole.ends[end - RECENT - 1]]
    document = library.remember(text, f"{whole.document.name}, {length} tokens before {end}")
    chunks = read(library, document)[1].chunks
    question = _question(whole, end)
    memory = engine.plan(length, question_tokens=len(question.all_ids))
    kept = engine.select(chunks, engine.score(chunks, question, memory))
    selection = engine.compress(chunks, kept, question, CONTINUATION)
    return engine.answer_nll(selection, whole.token_ids[end : end + CONTINUATION])


def _full(engine: Engine, whole: TokenizedDocument, end: int, length: int) -> float | None:
    """Return the NLL after the whole context with full attention; None if it does not fit the model's window."""
    question = _question(whole, end)
    context = Chunk(0, 0, whole.token_ids[end - length : end - RECENT])
    if len(engine.prefix) + length + CONTINUATION > engine.spec.window:
        return None
    selection = engine.reread([context], question, CONTINUATION)
    return engine.answer_nll(selection, whole.token_ids[end : end + CONTINUATION])


def _question(whole: TokenizedDocument, end: int) -> Question:
    """Return the last tokens before the continuation as a question; the model predicts them from its lead on."""
    recent = whole.token_ids[end - RECENT : end]
    return Question(recent[:LEAD], recent[LEAD:])
