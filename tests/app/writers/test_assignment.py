"""What a writer is told: running text in one line, and a table as its rows under the names of its columns."""

from __future__ import annotations

import pytest

from wholedoc.writers.assignment import REWRITTEN, Excerpt, assignment, rewriting, rewritten


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


@pytest.mark.parametrize(
    ("said", "question", "wanted"),
    [
        (" When did she\nleave? Last question: And", "And when?", "When did she leave?"),
        ("Ines Calder.", "Who was it?", None),
        ("List the ships of 1902", "List its ships", "List the ships of 1902"),
        (" \n", "List its ships", None),
        ("?", "Who was it?", None),
        ("when did  she arrive?", "And his ship?", None),  # it was asked before, and its answer is known
        ("Who was she?", "Who was she?", "Who was she?"),
        ("When did Ines Calder leave Port Ellen?", "And when?", "When did Ines Calder leave Port Ellen?"),
        ("How often does the ferry to Skarholm sail?", "And when?", None),  # which is an example of ours
        ("The ferry of Port Ellen sails to Skarholm.", "List its ships", None),
    ],
)
def test_what_is_made_of_a_question_is_a_question(said: str, question: str, wanted: str | None) -> None:
    turns = [
        ("When did she arrive?", "In May."),
        ("Who was she?", "Ines Calder."),
        ("Who left Port Ellen?", "Mara Pell and Ines Calder, in the ships of 1902."),
    ]
    assert rewritten(said, question, turns) == wanted


def test_the_last_question_comes_last_and_examples_before_the_conversation() -> None:
    (message,) = rewriting(" And when? ", [("Who left?", "Pell.")])
    assert message.content.endswith("\n\nQuestion: Who left?\nAnswer: Pell.\nLast question: And when?\nRewritten:")
    assert all(f"Rewritten: {alone}\n" in message.content for *_, alone in REWRITTEN)
