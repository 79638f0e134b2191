"""What a question to every part found, as HTML: every function here fills the template that has its name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from wholedoc import Citation, Everywhere, Item, Kind
from wholedoc.answer import PageSpan, SummarySection

from .saved.items import Format
from .templating import render

# The page axis of a document has at most this many labels.
AXIS_MARKS = 6
_HEADS = {Kind.COMPARISON: "Answer"}
_FORMATS = {Format.CSV: "CSV", Format.MARKDOWN: "Markdown", Format.JSON: "JSON"}


def way(kind: Kind, found: Everywhere | None) -> str:
    """How an exchange was asked of every part."""
    return render("way", kind=kind.value, found=found, parts=_counts(kind, found))


def items(exchange: int, kind: Kind | None, found: Sequence[Item], *, documents: int, complete: bool) -> str:
    """The items of an exchange as a table; one that is complete can be sorted, filtered and saved.

    Of several documents each row names its own. A column that would say what the quotes say is left out.
    """
    return render(
        "items",
        exchange=exchange,
        items=found,
        named=documents > 1,
        says=any(one.item != " ".join(one.quote.split()) for one in found),
        head=_HEADS.get(kind, "Item") if kind else "Item",
        complete=complete,
        formats={format.value: name for format, name in _FORMATS.items()},
    )


def sections(exchange: int, found: Sequence[SummarySection]) -> str:
    """The sections of a summary, each to be opened, with the pages that carry its sentences."""
    named = len({one.document_id for one in found}) > 1
    return render("sections", exchange=exchange, sections=found, named=named)


def found_pages(
    places: Sequence[Item | Citation],
    names: Mapping[str, str],
    labels: Mapping[str, Sequence[str]],
    answered: Sequence[PageSpan] = (),
) -> str:
    """One bar a page over all documents that were asked: the higher, the more places of the answer are there.

    `names` and `labels` are the documents' names and their pages' labels, by document id. Empty without documents.
    Pages of the parts that have `answered` are marked while the question is asked.
    """
    asked = {(one.document_id, page) for one in answered for page in range(one.first, one.last + 1)}
    counted = Counter((one.document_id, one.page) for one in places if one.quote)
    most = max(counted.values(), default=1)
    documents = [
        {
            "id": id,
            "name": names.get(id, ""),
            "bars": _bars(id, printed, counted, most, asked),
            "every": _every(printed),
        }
        for id, printed in labels.items()
    ]
    return render(
        "found_pages", documents=documents, named=len(documents) > 1, pages=len(counted), asked=len(asked)
    )


@dataclass(frozen=True)
class PageBar:
    """A page in the strip. `height` is at most 1; `page` counts from 1, `printed` is its label.

    `asked` says that a part of it has answered.
    """

    page: int
    printed: str
    count: int
    height: float
    asked: bool


def _bars(
    id: str,
    printed: Sequence[str],
    counted: Counter[tuple[str, int]],
    most: int,
    asked: Collection[tuple[str, int]],
) -> list[PageBar]:
    counts = [counted[id, page] for page in range(1, len(printed) + 1)]
    return [
        PageBar(index + 1, label, count, count / most, (id, index + 1) in asked)
        for index, (label, count) in enumerate(zip(printed, counts, strict=True))
    ]


def _every(printed: Sequence[str]) -> int:
    """Return how many pages lie between two labels of the axis."""
    return max(1, -(-len(printed) // AXIS_MARKS))


def _counts(kind: Kind | None, found: Everywhere | None) -> bool:
    """Return whether parts were asked. A comparison asks documents, or compares their paragraphs."""
    return found is not None and kind is not Kind.COMPARISON
