"""Sentences are exact spans, and together they are the whole text."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from wholedoc.documents.sentences import opens_only, sentences

TEXT = st.text(st.sampled_from("aB. \n!?12\t,;'\"Mr|"), max_size=300)


def texts(text: str) -> list[str]:
    return [text[one.start : one.stop] for one in sentences(text)]


@given(TEXT)
def test_nothing_but_white_space_is_left_out(text: str) -> None:
    assert "".join("".join(texts(text)).split()) == "".join(text.split())


@given(TEXT)
def test_spans_ascend_and_have_no_white_space_around(text: str) -> None:
    spans = sentences(text)
    assert all(one.stop <= after.start for one, after in pairwise(spans))
    assert all(text[one.start : one.stop] == text[one.start : one.stop].strip() != "" for one in spans)


def test_sentences_run_over_line_ends() -> None:
    text = "The barge was moored at the old quay. The\nmaster, Mr. A. Finch, paid 3.50 crowns. He left."
    assert texts(text) == [
        "The barge was moored at the old quay.",
        "The\nmaster, Mr. A. Finch, paid 3.50 crowns.",
        "He left.",
    ]


def test_no_sentence_ends_within_a_row_of_a_table() -> None:
    head = " | Estimate | Std. Error | z value"
    rows = "\nNo. 4. Old quay | 12.5 | Yes! By night | 3.0.\nThe lamp burns. It is low."
    assert texts(head + rows)[-2:] == ["The lamp burns.", "It is low."]
    assert " ".join(texts(head + rows)[:-2]) == (head + rows).strip().removesuffix("\nThe lamp burns. It is low.")


def test_headings_and_table_rows_stand_alone() -> None:
    text = (
        "CHAPTER TWO\n"
        "The berths were inspected in spring and again in autumn by two\n"
        "inspectors, who found them sound.\n"
        "Corn Quay 12 340\n"
        "Mercy Dock 9 1,200\n"
    )
    assert texts(text) == [
        "CHAPTER TWO",
        "The berths were inspected in spring and again in autumn by two\ninspectors, who found them sound.",
        "Corn Quay 12 340",
        "Mercy Dock 9 1,200",
    ]


def test_what_only_opens_a_paragraph_is_known_by_its_number_and_place() -> None:
    text = (
        "Wait in the road. 2. Call. It is due.\n3. Speed. The limit is four knots.\nRuling 31. It rained.\nHe came."
    )
    opening = [text[one.start : one.stop] for one in sentences(text) if opens_only(text, one)]
    assert opening == ["3.", "Ruling 31."]


def test_the_number_of_a_paragraph_is_no_sentence() -> None:
    assert texts("7. Dogs go ashore on a lead. They stay there.") == [
        "7. Dogs go ashore on a lead.",
        "They stay there.",
    ]
    assert texts("Article 12. The tenant may leave.") == ["Article 12. The tenant may leave."]
    assert texts("2.1. Dues. They fall due on 4 May 1614. She sailed.") == [
        "2.1. Dues.",
        "They fall due on 4 May 1614.",
        "She sailed.",
    ]
