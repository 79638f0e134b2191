"""What of an answer can be checked and is not supported."""

from __future__ import annotations

import pytest

from wholedoc import Citation
from wholedoc.answering.unsupported import makes_up_numbers, unsupported


def quoted(*quotes: str) -> list[Citation]:
    return [Citation("id", "log.pdf", 1, "1", quote, 1.0) for quote in quotes]


@pytest.mark.parametrize(
    ("answer", "quotes", "question", "wanted"),
    [
        ("The master paid 4,275 crowns.", ["paid 4,275 crowns"], "", ()),
        ("He paid 4275 crowns.", ["paid 4,275 crowns"], "", ()),
        ("He paid 4,725 crowns.", ["paid 4,275 crowns"], "", ("4,725",)),
        ("On 3 May 1893, by Pascoe Tregillis.", ["on 3 May", "Pascoe Tregillis stood"], "", ("1893",)),
        ("It was the Duchess of Orme.", ["a line"], "Who secured the Duchess of Orme?", ()),
        ("It was Captain Ahab.", ["the captain said"], "Who?", ("Ahab",)),
        ("Ahab did it. Nobody else.", ["no name"], "Who?", ()),  # the first word of a sentence is no name
        ("Paid by Ahab, and by Ahab again.", [""], "Who?", ("Ahab",)),
        ("At 22:35 in Corn-Quay.", ["at 22:35", "Corn Quay"], "", ()),
        ("The Heron's mast.", ["the Heron had a mast"], "", ()),
        ("nothing of that kind", ["x"], "", ()),
        ("", [], "", ()),
        ("1. The crane.\n2. The 3 boats.", ["no number"], "", ("3",)),  # a list's own numbers state nothing
        ("12. It is the yacht's channel.", ["no number"], "", ("12",)),
        ("1893.", ["no number"], "", ("1893",)),
        ("4 weeks, or 20 days.", ["four weeks or twenty days"], "", ()),
        ("4 weeks.", ["some weeks, for one"], "", ("4",)),
        ("Seen by Müller in Łódź.", ["Müller came"], "", ("Łódź",)),
    ],
)
def test_numbers_and_names(answer: str, quotes: list[str], question: str, wanted: tuple[str, ...]) -> None:
    assert unsupported(answer, quoted(*quotes), question) == wanted


@pytest.mark.parametrize(
    ("answer", "source", "wanted"),
    [
        ("4 weeks", "A week costs 9 crowns.", True),
        ("4 weeks", "for four weeks", False),
        ("21 days", "within twenty-one days", False),
        ("1 day", "within twenty-one days", True),
        ("4,275 crowns on day 9", "paid 4275 crowns", False),  # one of them is there
        ("1,000", "a thousand crowns", False),  # may be the same
        ("R 4.2.0 or bash5", "no such version", True),
        ("bash5", "no such shell", False),  # a name, if anything
        ("four weeks", "a week", False),
        ("", "", False),
    ],
)
def test_numbers_that_are_made_up(answer: str, source: str, wanted: bool) -> None:
    assert makes_up_numbers(answer, [source]) is wanted
