"""Finding a quote's letters on a page, and drawing lines around them."""

from __future__ import annotations

import random
import time

import pytest

from wholedoc.documents.rendering.locating.letters import Letters
from wholedoc.documents.rendering.locating.lines import Mark, lines
from wholedoc.documents.rendering.locating.matching import Run, find
from wholedoc.documents.rendering.locating.rectangles import Rectangle

WORDS = ["haven", "lamp", "pilot", "quay", "tide", "rope", "crane", "vault", "ferry", "master", "yacht", "berth"]


def _prose(words: int, seed: int = 1) -> str:
    chance = random.Random(seed)
    return " ".join(f"{chance.choice(WORDS)}{chance.randrange(100)}" for _ in range(words))


def _matched(page: str, quote: str) -> list[str]:
    """Return what is found of `quote` on the page, in the page's order."""
    letters = Letters.of(page)
    runs = sorted(find(letters, Letters.of(quote).text), key=lambda run: run.page)
    return [letters.text[run.page : run.page + run.length] for run in runs]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("oﬃce", "office"),
        ("RÉSUMÉ", "re\u0301sume\u0301"),
        ("Straße", "STRASSE"),
        ("well-\nknown, ½", "wellknown 12"),
        ("x²", "x2"),
        ("한국", "\u1112\u1161\u11ab\u1100\u116e\u11a8"),
        ("ﻻ", "لا"),
    ],
)
def test_letters_do_not_depend_on_how_they_are_written(one: str, other: str) -> None:
    assert Letters.of(one).text == Letters.of(other).text != ""


def test_letters_remember_where_they_come_from() -> None:
    letters = Letters.of("a-ﬁn d")
    assert letters == Letters("afind", (0, 2, 2, 3, 5))
    assert [letters.is_word_edge(position) for position in range(6)] == [True, True, False, False, True, True]
    assert letters.signs_before(1, "a-ﬁn d") == {"-"}


def test_a_short_quote_is_found_as_words_only() -> None:
    assert find(Letters.of("a char at sea"), "arat") == []
    assert find(Letters.of("a char at a rat"), "arat") == [Run(7, 0, 4)]
    # Of a text without spaces one cannot ask for more than length.
    assert find(Letters.of("x" + "harbourofostrevane" + "x"), "harbourofostrevane") == [Run(1, 0, 18)]


def test_a_gap_in_the_quote_is_left_out() -> None:
    before, inside, after = _prose(12, 1), "Page 7 of the Gazette", _prose(12, 2)
    found = _matched(f"{_prose(50, 3)} {before} {inside} {after} {_prose(50, 4)}", f"{before} {after}")
    assert found == [Letters.of(before).text, Letters.of(after).text]


def test_lines_in_another_order_are_found() -> None:
    quote = [_prose(3, seed) for seed in range(10, 14)]
    assert all(8 < len(Letters.of(line).text) < 24 for line in quote)  # too short to be trusted alone
    page = [_prose(4, 1), *reversed(quote), _prose(4, 2)]
    assert _matched("\n".join(page), "\n".join(quote)) == [Letters.of(line).text for line in reversed(quote)]


def test_less_than_half_is_not_enough() -> None:
    there, elsewhere = _prose(10, 1), _prose(14, 2)
    assert _matched(f"{there} and so on", f"{there} {elsewhere}") == []
    assert _matched(f"{there} and so on", f"{there} {_prose(6, 2)}") == [Letters.of(there).text]


def test_common_words_elsewhere_are_not_marked() -> None:
    quote = f"{_prose(10, 1)} of the harbour master {_prose(10, 2)}"
    page = f"of the harbour master {_prose(40, 3)} {quote.replace('harbour master', 'h@rb@ur m@st@r')}"
    found = "".join(_matched(page, quote))
    assert "arbour" not in found
    assert len(found) > 0.8 * len(Letters.of(quote).text)


def test_a_phrase_that_is_repeated_is_marked_beside_the_rest() -> None:
    phrase, rest = _prose(8, 1), _prose(12, 2)
    page = f"{phrase} {_prose(60, 3)} {phrase} (page 7) {rest}"
    letters = Letters.of(page)
    runs = find(letters, Letters.of(f"{phrase} {rest}").text)
    second = letters.text.rindex(Letters.of(phrase).text)
    assert sorted(run.page for run in runs)[0] == second


@pytest.mark.parametrize("page", [_prose(15_000), "ab" * 50_000, "0" * 100_000], ids=["prose", "ab", "zeros"])
def test_long_pages_do_not_take_long(page: str) -> None:
    letters = Letters.of(page)
    quote = letters.text[50_000:53_000] + "q" * 40 + letters.text[53_000:54_000]
    started = time.process_time()
    assert find(letters, quote)
    assert time.process_time() - started < 2


def _row(y: float, *lefts: float, height: float = 10) -> list[Mark]:
    return [Mark(Rectangle(left, y, left + 6, y + height)) for left in lefts]


def test_lines_end_where_the_text_jumps() -> None:
    marks = [*_row(0, 0, 6, 12), *_row(12, 0, 6), *_row(12, 30, 36), *_row(0, 60, 66)]
    assert [(round(line.left), round(line.right)) for line in lines(marks)] == [
        (-1, 19),
        (-1, 13),
        (29, 43),
        (59, 73),
    ]


def test_small_signs_belong_to_their_line() -> None:
    line, *more = lines([*_row(0, 0), *_row(-2, 6, height=5), *_row(7, 12, height=4), *_row(0, 18)])
    assert not more
    assert (line.top, line.bottom) == pytest.approx((-2.52, 11.52))


def test_sideways_lines_run_along_the_other_axis() -> None:
    marks = [Mark(mark.place.turned(), True) for mark in _row(0, 0, 6, 12)]
    (line,) = lines(marks)
    assert line.height > line.width
    assert len(lines([*marks, *_row(0, 0, 6)])) == 2
