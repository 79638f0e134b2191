"""Which things a question names one after another."""

from __future__ import annotations

import pytest

from wholedoc.answering.named_things import named_things


@pytest.mark.parametrize(
    ("question", "things", "first"),
    [
        ("What are the fees for yachts, barges and tugs?", "yachts|barges|tugs", "What are the fees for yachts?"),
        (
            "What were the fines of the Heron, the Gull, and the Tern?",
            "the Heron|the Gull|the Tern",
            "What were the fines of the Heron?",
        ),
        ("How long are the leases of A, B, C and D?", "A|B|C|D", "How long are the leases of A?"),
        (
            "What are the codes of these 3 things: the old key, the jade bell, the crown? Name every code.",
            "the old key|the jade bell|the crown",
            "What are the codes of the old key? Name every code.",
        ),
    ],
)
def test_the_same_is_asked_of_several_things(question: str, things: str, first: str) -> None:
    named = named_things(question)
    assert named is not None
    assert "|".join(named.things) == things
    assert named.about(named.things[0]) == first


@pytest.mark.parametrize(
    "question",
    [
        "What are the fees for yachts and barges?",  # an ordinary question finds both
        "What are the fees for yachts?",
        "What are the differences between A, B and C?",  # asked of all of them together
        "Which of Anna, Ben and Carl signed?",
        "What is the sum of A, B and C?",
        "What are the duties of the master, who lives in Harbour Court, and the mate?",
        "What are the rules for ships in dock, at anchor and at sea?",
        "Who were the masters of the Heron, the Gull and the Tern in 1898?",  # the year may hold for all
        "List the fees for yachts, barges and tugs.",
        "What are the fees for , , and ?",
        "",
    ],
)
def test_other_questions_name_no_several_things(question: str) -> None:
    assert named_things(question) is None
