"""The question's words as evidence for chunks."""

from __future__ import annotations

import math

import pytest

from wholedoc.answering.evidence import shared_words as bm25
from wholedoc.answering.evidence.shared_words import WEIGHT
from wholedoc.documents.bm25 import LENGTH, SATURATION
from wholedoc.documents.words import WordCounts


def shared_words(question: str, texts: list[str]) -> list[float]:
    return bm25.shared_words(question, [WordCounts.of(text) for text in texts])


def test_by_hand() -> None:
    chunks = ["The Grey Heron paid. The Grey Heron left.", "The mole was mended by the masons then...", "x" * 40]
    heron, mole, other = shared_words("Did the grey heron pay?", chunks)
    mean = sum(map(len, chunks)) / 3

    def weight(holding: int, count: int, length: int) -> float:
        rarity = math.log(1 + (3 - holding + 0.5) / (holding + 0.5))
        return rarity * count * (SATURATION + 1) / (count + SATURATION * (1 - LENGTH + LENGTH * length / mean))

    first = len(chunks[0])
    wanted = weight(2, 2, first) + weight(1, 2, first) + weight(1, 2, first)
    assert heron == pytest.approx(WEIGHT * wanted)
    assert mole == pytest.approx(WEIGHT * weight(2, 2, len(chunks[1])))
    assert other == 0


def test_a_word_that_stands_everywhere_says_almost_nothing() -> None:
    everywhere = ["the harbour", "the pier", "the Heron"]
    pier, heron = shared_words("the Heron", everywhere)[1:]
    assert heron > 5 * pier


@pytest.mark.parametrize(("question", "chunks"), [("", ["a b"]), ("?!", ["a b"]), ("a", []), ("a", ["", ""])])
def test_nothing_to_compare(question: str, chunks: list[str]) -> None:
    assert shared_words(question, chunks) == [0.0] * len(chunks)


def test_case_and_other_scripts() -> None:
    """The same words in another case, or as another spelling of the same letters, count as the same."""
    plain = shared_words("strasse", ["strasse", "weg"])
    assert plain[0] > plain[1] == 0
    assert shared_words("STRASSE", ["Straße", "weg"]) == pytest.approx([plain[0] * 1.0, 0], rel=0.05)
    cyrillic, other = shared_words("гавань", ["Гавань и мол", "мол"])
    assert cyrillic == pytest.approx(shared_words("harbor", ["Harbor i mol", "mol"])[0])
    assert other == 0


def test_a_number_is_a_word_as_a_whole() -> None:
    """Every row has "0" in it, and several have "30": "0.30" stands in one."""
    rows = ["0.30 | 0.32863 | 0.67137", "1.10 | 0.88021 | 0.30112", "0.05 | 30 | 0.94363"]
    first, *others = shared_words("What is erfc(x) for x = 0.30?", rows)
    assert first > max(others) + 1
