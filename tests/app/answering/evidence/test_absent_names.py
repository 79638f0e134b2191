"""Which names of a question stand nowhere in a document, and which words are no such names."""

from __future__ import annotations

import pytest

from wholedoc.answering.evidence.absent_names import absent_names

from .corpora import corpus_of

CORPUS = corpus_of(
    ["Slovenian has four plural forms. The Tr'en came on 3 May.", "Vessel Emerald Heron brought salt."]
)


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("How many plural forms does Hungarian have?", ("Hungarian",)),
        ("How many plural forms does Slovenian have?", ()),
        ("How many forms do the Slovenians have?", ()),
        ("What did the Emerald Basilisk bring to Ostrevane, and the Basilisk's boat?", ("Basilisk", "Ostrevane")),
        ("Why did the Tr'en come?", ()),
        ("What does Pell-Harkavy say?", ("Pell", "Harkavy")),
        ("Hungarian has how many forms?", ()),  # it begins the sentence
        ("What came in March or on a Monday in 1931?", ()),
        ("What does the EU say, and the CONSTABLE?", ()),
        ('What is said of "Revenue Sharing" and “Volume Discount”?', ()),
        ("Is Hungarian among them?", ()),
        ("What came in? Say it in French.", ()),
        ("List what Hungarian has.", ()),
        ("What stands in LOG.txt or in log.txt?", ()),
        ("", ()),
    ],
)
def test_names(question: str, names: tuple[str, ...]) -> None:
    assert absent_names(question, CORPUS) == names
