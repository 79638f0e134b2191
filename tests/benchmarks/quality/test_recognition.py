"""The measure of recognised text: characters that must be changed, whatever order the words were found in."""

from __future__ import annotations

from benchmarks.quality.recognition import FIRST_PAGE, PAGES, QUESTIONS, SCAN, distance, words_of
from benchmarks.sample import REGISTER, sample_questions
from hypothesis import given
from hypothesis import strategies as st

from wholedoc.documents.extraction import read_document


def slowly(one: str, other: str) -> int:
    """The same distance, by the textbook."""
    row = list(range(len(other) + 1))
    for number, sign in enumerate(one, 1):
        before, row[0] = row[0], number
        for index, wanted in enumerate(other, 1):
            before, row[index] = row[index], min(row[index] + 1, row[index - 1] + 1, before + (sign != wanted))
    return row[-1]


@given(st.text("abé ", max_size=12), st.text("abé ", max_size=12))
def test_the_distance_is_that_of_the_textbook(one: str, other: str) -> None:
    assert distance(one, other) == slowly(one, other)


def test_the_order_of_lines_and_cells_does_not_count() -> None:
    assert words_of("Boat | Fee\nBracken | 4,200") == words_of("Bracken 4,200\nFee Boat")


def test_the_scanned_pages_answer_the_questions() -> None:
    pages = read_document(REGISTER).pages[FIRST_PAGE : FIRST_PAGE + PAGES]
    questions = sample_questions(SCAN, QUESTIONS)
    assert len(questions) == 10
    for question in questions:
        said = " ".join(" ".join(pages[page - 1].text for page in question.pages).split())
        assert any(answer in said for answer in question.answers), question.text
