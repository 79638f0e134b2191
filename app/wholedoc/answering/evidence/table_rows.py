"""The row that a question names, of a table that was found: attention falls on the top of a table."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from ...documents.bm25 import rarities
from ...documents.lines import line_spans
from ...documents.tables import BAR
from ...documents.words import WordCounts
from ...reading.corpus import Corpus
from .passages import Passage, tokens_of

# A number is one word here: of "12.5" neither "12" nor "5" names a row.
_WORD = re.compile(r"\d+(?:[.,:/]\d+)*|\w+")
# So many tables are looked at, those of the best passages.
_TABLES = 2
# A table of no more rows is in the passage in any case.
_FEW_ROWS = 3


def with_named_rows(corpus: Corpus, question: str, passages: Sequence[Passage]) -> list[Passage]:
    """Return the passages, and in front of one that begins in a table or just above it the row that the question
    names, where that is in no other passage.

    A row's words count by how rare they are among the rows, and more if its first cell is named whole.
    """
    done: list[Passage] = []
    looked_at: set[tuple[int, int, int]] = set()
    for passage in passages:
        table = [] if passage.half else _table(corpus, passage)
        key = (passage.document, passage.page, table[0][0]) if table else None
        if key is not None and key not in looked_at and len(looked_at) < _TABLES:
            looked_at.add(key)
            row = _named(corpus, question, passage, table)
            if row is not None and not any(row.overlaps(other) for other in (*passages, *done)):
                done.append(row)
        done.append(passage)
    return done


def _table(corpus: Corpus, passage: Passage) -> list[tuple[int, int]]:
    """Return the rows of the table that a passage has rows of, or stands close above; none if there is no such."""
    text = corpus.documents[passage.document].tokenized.document.pages[passage.page].text
    lines = list(line_spans(text))
    first = next((at for at, (start, stop) in enumerate(lines) if stop > passage.start), len(lines))
    last = next((at for at, (start, stop) in enumerate(lines) if start >= passage.stop), len(lines))
    top = next((at for at in range(first, min(last + 1, len(lines))) if BAR in text[slice(*lines[at])]), None)
    if top is None:
        return []
    bottom = top
    while top and BAR in text[slice(*lines[top - 1])]:
        top -= 1
    while bottom < len(lines) and BAR in text[slice(*lines[bottom])]:
        bottom += 1
    return lines[top:bottom] if bottom - top > _FEW_ROWS else []


def _named(corpus: Corpus, question: str, passage: Passage, table: Sequence[tuple[int, int]]) -> Passage | None:
    """Return the row that the question's words name best; None if they name none, or two equally well.

    A row is named by a word of its first cell, or by a number. The first row names the columns.
    """
    tokenized = corpus.documents[passage.document].tokenized
    text = tokenized.document.pages[passage.page].text
    asked = set(_words(question))
    rows = [WordCounts(Counter(_words(text[start:stop])), stop - start) for start, stop in table[1:]]
    rarity = rarities(asked, rows)
    scores = []
    for row, (start, stop) in zip(rows, table[1:], strict=True):
        name = set(_words(text[start:stop].split(BAR)[0]))
        shared, named = asked & set(row.counts), asked & name
        is_named = bool(named) or any(word[0].isdigit() for word in shared)
        share = len(named) / max(len(name), 1)
        scores.append(sum(rarity[word] for word in sorted(shared)) * (1 + share) if is_named else 0.0)
    best, *others = sorted(scores, reverse=True)
    if best <= 0 or (others and others[0] == best):
        return None
    start, stop = table[1:][scores.index(best)]
    first, last = tokens_of(tokenized, passage.page, start, stop)
    offset = corpus.token_offsets[passage.document]
    return replace(passage, start=start, stop=stop, first=offset + first, last=offset + last, read=None)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
