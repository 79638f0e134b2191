"""What can be checked of an answer, marked in its Markdown: words that nothing supports, and numbers of citations.

The marks are HTML of our own around the model's inert text. Gradio's sanitiser lets their elements and attributes
pass; a test in a real browser holds it to that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from wholedoc import Answer
from wholedoc.answering.unsupported import places

from .. import views
from ..views import AT_ONCE
from .markdown import inert

# Stands for the words of an answer in the HTML around them.
WORDS = "…"
# Where Markdown shows code it shows HTML as it is written, so that no marks can be made there.
_CODE = re.compile(
    r"""
      ^[ \t>*+-]*(`{3,}|~{3,}).*?(?:^[ \t>]*\1|\Z)        # a fence, up to its end or that of the text
    | (`+)[^`].*?\2                                        # a span
    | ^(?:[ ]{4}|\t)(?![ \t]*(?:[-*+]|\d+[.)])[ \t])[^\n]*  # an indented line that is no list's item
    """,
    re.MULTILINE | re.DOTALL | re.VERBOSE,
)


def marked(answer: Answer, exchange: int) -> str:
    """Return an answer's text as inert Markdown with its marks. `exchange` is its index in the conversation.

    Numbers of citations are buttons that know the exchange and the citation.
    """
    code = [match.span() for match in _CODE.finditer(answer.text)]
    marks = [*_unsupported(answer), *_sources(answer, exchange)]
    return inert(answer.text, [mark for mark in marks if not _in_code(answer.text, mark[0], code)])


def _in_code(text: str, place: int, code: Sequence[tuple[int, int]]) -> bool:
    """Return whether code goes on at a place. Behind the end of an open fence or an indented line it does."""
    return any(
        start < place < stop or (place == stop and text[stop - 1 : stop] not in "`~") for start, stop in code
    )


def _unsupported(answer: Answer) -> Iterator[tuple[int, str]]:
    opening, _, closing = views.unsupported(WORDS).partition(WORDS)
    for start, stop in places(answer.text, answer.unsupported):
        yield start, opening
        yield stop, closing


def _sources(answer: Answer, exchange: int) -> Iterator[tuple[int, str]]:
    """Yield the numbers of the citations behind each sentence: a few at once, and the others on request."""
    for one in answer.sources:
        if answer.text[: one.stop].endswith("|"):  # behind the last cell of a table's row there is no place
            continue
        for place, number in enumerate(one.citations):
            cited = answer.citations[number - 1]
            yield one.stop, f" {views.source(exchange, number, cited, further=place >= AT_ONCE)}"
        if len(one.citations) > AT_ONCE:
            yield one.stop, f" {views.more_sources(len(one.citations) - AT_ONCE)}"
