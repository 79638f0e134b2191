"""When a document counts as saying something about a question."""

from __future__ import annotations

import pytest

from wholedoc.answering.evidence.abstention import RUN_NATS, explains

MARGIN = 0.3
ALONE = [4.0] * 40


def gained(*gains: float) -> list[float]:
    """-log P of the question's tokens given a document that makes each of them more likely by so many nats."""
    padded = [*gains, *[0.0] * (len(ALONE) - len(gains))]
    return [alone - gain for alone, gain in zip(ALONE, padded, strict=True)]


@pytest.mark.parametrize(
    ("gains", "found"),
    [
        pytest.param([0.4] * 40, True, id="a little everywhere"),
        pytest.param([0.2] * 40, False, id="less than the margin everywhere"),
        pytest.param([2.5, 2.5, 2.5] + [-1.0] * 37, True, id="a few words, among many that it makes less likely"),
        pytest.param([1.0, 1.0, 1.0] + [-1.0] * 37, False, id="too little of a few words"),
        pytest.param([2.5, -6.0] * 3 + [-1.0] * 34, False, id="as much, of words that stand apart"),
        pytest.param([3.5, 0.0, 3.5] + [-1.0] * 37, True, id="a word between them that it says nothing about"),
    ],
)
def test_by_the_mean_or_by_words_that_follow_one_another(gains: list[float], found: bool) -> None:
    assert explains(gained(*gains), ALONE, MARGIN) is found


def test_a_higher_margin_asks_for_more_of_both() -> None:
    words = gained(RUN_NATS / 2 + 0.5, RUN_NATS / 2 + 0.5, *[-1.0] * 38)
    assert explains(words, ALONE, MARGIN)
    assert not explains(words, ALONE, 1.0)
    assert not explains(gained(*[0.4] * 40), ALONE, 1.0)


@pytest.mark.parametrize(("margin", "found"), [(float("inf"), False), (float("-inf"), True)])
def test_a_margin_that_nothing_or_anything_passes(margin: float, found: bool) -> None:
    assert explains(gained(*[3.0] * 40), ALONE, margin) is found
    assert explains(gained(*[-3.0] * 40), ALONE, margin) is found
