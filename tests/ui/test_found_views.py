"""What a question to every part found, as HTML: the line that says how it was asked, table, sections and strip."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup

from wholedoc import Everywhere, Item, Kind
from wholedoc.answer import PageSpan, SummarySection, SummarySentence
from wholedoc_ui import found_views

HERON = Item("Grey Heron", "d1", "a.pdf", 3, "iii", "The Grey\n  Heron was fined.", verified=True)
GULL = Item("Gull", "d2", "b.pdf", 12, "9", "The Gull was fined.", verified=False)


def parsed(source: str) -> BeautifulSoup:
    return BeautifulSoup(source, "html.parser")


def texts(source: str, selector: str) -> list[str]:
    return [" ".join(one.get_text().split()) for one in parsed(source).select(selector)]


def table(kind: Kind = Kind.LIST, *found: Item, documents: int = 1, complete: bool = True) -> str:
    return found_views.items(4, kind, found or (HERON, GULL), documents=documents, complete=complete)


@pytest.mark.parametrize(
    ("kind", "found", "said"),
    [
        (Kind.LIST, Everywhere(930, 64), "Everywhere: list, 64 of 930 parts"),
        (Kind.SUMMARY, Everywhere(1, 1), "Everywhere: summary, 1 of 1 part"),
        (Kind.COMPARISON, Everywhere(2, 2), "Everywhere: comparison"),
        (
            Kind.LIST,
            Everywhere(930, 64, cut_short=2),
            "Everywhere: list, 64 of 930 parts; 2 parts had more to say than one reply holds",
        ),
    ],
)
def test_it_is_said_how_a_question_was_asked(kind: Kind, found: Everywhere | None, said: str) -> None:
    source = found_views.way(kind, found)
    assert texts(source, "p") == [said]


def test_a_row_has_item_page_quote_and_whether_it_is_verified() -> None:
    assert texts(table(), "th") == ["Item", "Page", "Quote", "Verified"]
    cells = texts(table(), "td")
    assert cells[:4] == ["Grey Heron", "p. iii", "The Grey Heron was fined.", "yes"]
    assert cells[4:] == ["Gull", "p. 9", "The Gull was fined.", "no"]
    pages = parsed(table()).select(".wd-open-item")
    assert [(one["name"], one["value"]) for one in pages] == [("3", "4:0"), ("12", "4:1")]


def test_of_several_documents_every_row_names_its_own() -> None:
    assert texts(table(documents=2), "th")[1] == "Document"
    assert texts(table(documents=2), "td")[1] == "a.pdf"


def test_quotes_are_not_said_twice() -> None:
    said = Item("The Gull was fined.", "d1", "a.pdf", 1, "1", "The Gull\nwas fined.", verified=True)
    assert texts(table(Kind.CHECK, said), "th") == ["Page", "Quote", "Verified"]


def test_a_document_that_says_nothing_has_no_page() -> None:
    silent = Item("", "d2", "b.pdf", 1, "1", "", verified=False)
    source = table(Kind.COMPARISON, HERON, silent, documents=2)
    assert texts(source, "th")[0] == "Answer"
    assert texts(source, "td")[5:] == ["does not say", "b.pdf", "", "", "no"]


def test_only_a_complete_table_can_be_sorted_filtered_and_saved() -> None:
    assert texts(table(), ".wd-save") == ["CSV", "Markdown", "JSON"]
    assert [one["value"] for one in parsed(table()).select(".wd-save")] == ["4:csv", "4:md", "4:json"]
    assert len(parsed(table()).select("th .wd-sort")) == 4
    growing = parsed(table(complete=False))
    assert growing.select(".wd-save, .wd-sort, .wd-filter") == []
    assert len(growing.select("tbody tr")) == 2


def test_a_summary_opens_section_by_section() -> None:
    sentences = (SummarySentence("Salt came in.", (3, 4), ("iii", "iv")), SummarySentence("It left.", (5,), ("v",)))
    section = SummarySection("Trade", "d1", "a.pdf", (3, 5), sentences)
    source = found_views.sections(4, [section])
    assert texts(source, "summary") == ["Trade"]
    assert texts(source, "details p") == ["Salt came in. p. iii p. iv It left. p. v"]
    assert [one["value"] for one in parsed(source).select("button")] == ["4:0:3", "4:0:4", "4:0:5"]
    both = found_views.sections(4, [section, SummarySection("Trade", "d2", "b.pdf", (1, 1), sentences)])
    assert texts(both, "summary") == ["a.pdf: Trade", "b.pdf: Trade"]


def test_the_strip_marks_the_pages_on_which_something_was_found() -> None:
    labels = {"d1": ["i", "ii", "iii", "iv"], "d2": ["1"]}
    source = found_views.found_pages([HERON, HERON, GULL], {"d1": "a.pdf", "d2": "b.pdf"}, labels)
    bars = parsed(source).select(".wd-bar")
    assert [one["title"] for one in bars][1:3] == ["p. ii: 0 places", "p. iii: 2 places"]
    assert [(one["data-id"], one["data-index"]) for one in bars][-2:] == [("d1", "4"), ("d2", "1")]
    assert [index for index, one in enumerate(bars) if "wd-kept" in one["class"]] == [2]
    assert texts(source, ".wd-strip-name") == ["a.pdf", "b.pdf"]
    assert found_views.found_pages([], {}, {}) == ""


def test_the_strip_marks_the_pages_whose_parts_have_answered() -> None:
    labels = {"d1": ["i", "ii", "iii"], "d2": ["1"]}
    names = {"d1": "a.pdf", "d2": "b.pdf"}
    source = found_views.found_pages([HERON], names, labels, [PageSpan("d1", 2, 3), PageSpan("d2", 1, 1)])
    bars = parsed(source).select(".wd-bar")
    assert ["wd-asked" in one["class"] for one in bars] == [False, True, True, True]
    assert [one["title"] for one in bars][:3] == [
        "p. i: 0 places",
        "p. ii: 0 places, has answered",
        "p. iii: 1 place, has answered",
    ]
    assert "Of the 3 pages with a line above, parts have answered." in texts(source, ".wd-legend")[0]
    assert "answered" not in found_views.found_pages([HERON], names, labels)
