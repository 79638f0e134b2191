"""Marks of right and of partly right answers, and where an answer stands in a document."""

from __future__ import annotations

import pytest
from benchmarks.quality.cases.case import Case, Metric
from benchmarks.quality.cases.evidence import evidence_pages, holds
from benchmarks.quality.cases.metrics import mark
from benchmarks.quality.method import Outcome
from benchmarks.quality.summary import Marked, summary


@pytest.mark.parametrize(
    ("metric", "text", "answers", "expected"),
    [
        (Metric.CONTAINS, "It was The Grey  Heron, in May.", ["a grey heron"], 1),
        (Metric.CONTAINS, "In 2010.", ["10"], 0),
        (Metric.CONTAINS, "4,275 crowns!", ["nothing", "4275"], 1),
        (Metric.CONTAINS, "", ["x"], 0),
        (Metric.CONTAINS, "Nothing of it.", ["the"], 0),
        (Metric.ALL, "11 and 33", ["11", "22", "33", "44"], 0.5),
        (Metric.ALL, "1122", ["11", "22"], 0),
        (Metric.F1, "red house", ["the red house", "blue"], 1),
        (Metric.F1, "big red house", ["red barn"], 0.4),
        (Metric.F1, "red red red", ["red"], 0.5),
        (Metric.F1, "", ["red"], 0),
        (Metric.ROUGE, "one two three four", ["four three two one"], 0.25),
        (Metric.ROUGE, "one x two y three", ["one two three"], 0.75),
        (Metric.CHOICE, "(B) They were tired.", ["B"], 1),
        (Metric.CHOICE, "The answer is B.", ["B"], 1),
        (Metric.CHOICE, "A man came, so: C", ["C"], 1),
        (Metric.CHOICE, "I think that it is D", ["D"], 1),
        (Metric.CHOICE, "C, not B", ["B"], 0),
        (Metric.CHOICE, "A", ["A"], 1),
        (Metric.CHOICE, "b", ["B"], 0),
        (Metric.CHOICE, "they were tired", ["B", "They were tired."], 1),
        (Metric.CHOICE, "C: they were tired", ["B", "They were tired."], 0),
        (Metric.CHOICE, "A, B and D", ["ABD"], 1),
        (Metric.CHOICE, "ABD", ["ABD"], 1),
        (Metric.CHOICE, "A and B", ["ABD"], 0),
    ],
)
def test_marks(metric: Metric, text: str, answers: list[str], expected: float) -> None:
    assert mark(text, answers, metric) == pytest.approx(expected)


def test_without_an_accepted_answer_nothing_can_be_marked() -> None:
    with pytest.raises(ValueError, match="accepted answers"):
        mark("x", [], Metric.F1)


PAGES = ("He came in\n2018 , they say.", "", "Then April 25,  2018 came", "and went. Yes, it went.")


@pytest.mark.parametrize(
    ("answers", "metric", "expected"),
    [
        (["april 25 , 2018"], Metric.F1, {2}),
        (["2018"], Metric.F1, {0, 2}),
        (["18"], Metric.F1, set()),
        (["came and went"], Metric.F1, {2, 3}),
        (["they say then"], Metric.F1, {0, 2}),
        (["yes"], Metric.F1, set()),
        (["went", "he came"], Metric.CONTAINS, {0, 3}),
        (["April", "they say"], Metric.CHOICE, {0}),
        (["they say"], Metric.ROUGE, set()),
        (["nobody"], Metric.F1, set()),
    ],
)
def test_evidence_is_where_the_words_stand(answers: list[str], metric: Metric, expected: set[int]) -> None:
    found = evidence_pages(PAGES, answers, metric)
    # A match over a page's end takes the empty page between along.
    assert found - {1} == expected


def test_an_answer_on_many_pages_tells_nothing() -> None:
    assert evidence_pages(("a cat",) * 3, ["cat"], Metric.F1) == {0, 1, 2}
    assert evidence_pages(("a cat",) * 4, ["cat"], Metric.F1) == frozenset()


def case(metric: Metric, *answers: str, evidence: frozenset[int] = frozenset([0])) -> Case:
    return Case("one", ("red and blue", "green"), "Which?", answers, metric, evidence, 0.0)


def test_what_was_kept_holds_any_answer_or_all_where_all_are_asked_for() -> None:
    assert holds(case(Metric.CONTAINS, "black", "blue"), "Red, and Blue") is True
    assert holds(case(Metric.CONTAINS, "blue"), "bluer than red") is False
    assert holds(case(Metric.ALL, "red", "green"), "red and blue") is False
    assert holds(case(Metric.ALL, "red", "blue"), "red and blue") is True
    assert holds(case(Metric.CONTAINS, "blue", evidence=frozenset()), "blue") is None


def outcome(text: str, pages: tuple[int, ...] | None, kept: bool | None, nll: float | None) -> Outcome:
    return Outcome(text, nll, kept, pages, 100, 2.0, 3.0, read_tokens=1000)


def test_a_summary_takes_means_over_what_is_known() -> None:
    known, unknown = case(Metric.CONTAINS, "blue"), case(Metric.CONTAINS, "blue", evidence=frozenset())
    got = summary(
        [
            Marked(known, 10, outcome("blue", (1, 0), True, 1.0)),
            Marked(known, 10, outcome("red", (), False, 2.0)),
            Marked(unknown, 40, outcome("Blue!", (0,), None, None)),
        ]
    )
    assert got["cases"] == 3
    assert got["tokens"] == 20
    assert got["score"] == pytest.approx(2 / 3)
    assert got["evidence_known"] == 2
    assert got["evidence_kept"] == 0.5
    assert (got["evidence_in_first_1"], got["evidence_in_first_3"]) == (0, 0.5)
    assert got["nll"] == 1.5
    assert got["read_tokens_per_s"] == 500
