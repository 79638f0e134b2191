"""What a writer is told: running text in one line, and a table as its rows under the names of its columns."""

from __future__ import annotations

from wholedoc.writers.assignment import Excerpt, assignment


def told(excerpt: Excerpt) -> str:
    (message,) = assignment("How much?", [excerpt])
    return message.content


def test_running_text_is_one_line() -> None:
    assert "\n\n[page 7] It was sold for 3 crowns.\n\nQuestion: How much?" in told(
        Excerpt("7", "It was\n  sold for\n3 crowns.")
    )


def test_rows_stay_rows_under_what_their_columns_are() -> None:
    excerpt = Excerpt("7", "Bracken  2009 186\nPeewit 2014 205\n", "log.txt", "Name Built\nPower")
    assert "\n\n[page 7 of log.txt] Name Built Power\nBracken 2009 186\nPeewit 2014 205\n\nQuestion" in told(
        excerpt
    )


def test_rows_that_come_with_their_head_stay_rows_too() -> None:
    assert "\n\n[page 7]\nName Built Power\nBracken 2009 186\n\nQuestion" in told(
        Excerpt("7", "Name Built Power\nBracken 2009 186", table_head="")
    )
