"""What of an answer can be checked and is not supported."""

from __future__ import annotations

import pytest

from wholedoc import Citation
from wholedoc.answering.unsupported import unsupported


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
