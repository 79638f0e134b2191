"""The row of a table that a question names stands in front of the table's top, which attention falls on."""

from __future__ import annotations

import pytest

from wholedoc.answering.evidence.passages import best_passages
from wholedoc.answering.evidence.table_rows import with_named_rows

from .corpora import attention_on, corpus_of, quotes, score

ROWS = [
    "Boat | Mooring | Fee",
    "Bracken | North | 4,200",
    "Peewit | South | 12.5",
    "Peewit Minor | South | 12",
    "Wren | East | 0.30",
    "Wren Tender | East | 1.30",
    "Tern | North | 310",
    "Merlin | West | 77",
]
PAGE = "Table 1. Boats and what they pay.\n" + "\n".join(ROWS) + "\nThat is all."


@pytest.mark.parametrize(
    ("question", "row"),
    [
        ("Which fee does the Merlin pay?", "Merlin | West | 77"),
        ("What does the boat Wren pay?", "Wren | East | 0.30"),
        ("What does the Wren Tender pay?", "Wren Tender | East | 1.30"),
        ("Who pays a fee of 1.30?", "Wren Tender | East | 1.30"),
        ("Which boat lies in the East?", None),  # two, and no row is called so
        ("What is the fee for dogs?", None),
        ("Who pays 30?", None),  # which is no number of any row
    ],
)
def test_the_row_that_is_named(question: str, row: str | None) -> None:
    corpus = corpus_of([PAGE])
    passages = best_passages(corpus, "", [score(0, 1.0)], attention_on(corpus, Table=1.0), 1)
    found = quotes(corpus, with_named_rows(corpus, question, passages))
    assert found == [*([row] if row else []), *quotes(corpus, passages)]


def test_one_that_is_in_the_passage_is_not_told_twice() -> None:
    corpus = corpus_of([PAGE])
    passages = best_passages(corpus, "", [score(0, 1.0)], attention_on(corpus, Tern=1.0), 1)
    assert "Merlin" in quotes(corpus, passages)[0]
    assert with_named_rows(corpus, "Which fee does the Merlin pay?", passages) == passages


def test_prose_has_no_rows() -> None:
    corpus = corpus_of(["The Merlin lies in the west. She pays 77 crowns. " + "Nobody knows why. " * 5])
    passages = best_passages(corpus, "", [score(0, 1.0)], attention_on(corpus, Merlin=1.0), 1)
    assert with_named_rows(corpus, "What does the Merlin pay?", passages) == passages
