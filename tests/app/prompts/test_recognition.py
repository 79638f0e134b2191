"""Prompts from other programs: documents and questions are told apart, and nothing is left out."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wholedoc import Turn
from wholedoc.errors import QuestionError, TextError
from wholedoc.prompts import parts, recognition
from wholedoc.prompts.recognition import LONG, Message, Recognised, Role, recognise, recognise_prompt

LOG = "\n\n".join(
    f"Entry {n}. The vessel number {n} came in\nwith {n * 13} crates of salt, and left again." for n in range(200)
)
assert len(LOG) > LONG
QUESTION = "Which vessel brought most salt?"
SYSTEM, USER, ASSISTANT = Role


def about(question: str, *, history: tuple[Turn, ...] = (), instructions: str = "") -> Recognised:
    return Recognised((LOG,), question, history, instructions)


@pytest.mark.parametrize(
    "prompt",
    [
        f"{LOG}\n\n{QUESTION}",
        f"{LOG}\n{QUESTION}",
        f"{LOG}\r\n\r\n{QUESTION}\r\n",
        f"{QUESTION}\n\n{LOG}",
        f"{QUESTION}\n{LOG}",
        f"{QUESTION}\n\n{LOG}\n\nAnswer:",
        f"{LOG}\n\nQuestion: {QUESTION}\nHelpful Answer:",
        f"<document>\n{LOG}\n</document>\n{QUESTION}",
        f'<doc id="1">\n{LOG}\n</doc>\n\nUser: {QUESTION}',
        f"{QUESTION}\n```text\n{LOG}\n```",
        f'"""\n{LOG}\n"""\n{QUESTION}',
        f"----------\n{[LOG]}\n----------\nQuery: {QUESTION}\nAnswer: ",
    ],
)
def test_the_question_is_told_from_the_document(prompt: str) -> None:
    assert recognise_prompt(prompt) == about(QUESTION)


@pytest.mark.parametrize(
    ("before", "after", "question"),
    [
        ("Summarise this log.\n\n", "", "Summarise this log."),
        ("What I have to read:\n", "", "What I have to read:"),
        ("", "\n\nBe brief and list the vessels\nwith more than 100 crates.", None),
        ("", "\n\nThe harbour master wants a number.", None),
    ],
)
def test_a_request_counts_where_there_is_no_question(before: str, after: str, question: str | None) -> None:
    assert recognise_prompt(f"{before}{LOG}{after}") == about(question or after.strip())


def test_what_introduces_a_document_is_an_instruction() -> None:
    introduction = "You are a careful clerk.\n\nHere is the log:"
    assert recognise_prompt(f"{introduction}\n\n{LOG}\n\n{QUESTION}") == about(QUESTION, instructions=introduction)
    system = [Message(SYSTEM, f"{introduction}\n\n{LOG}"), Message(USER, QUESTION)]
    assert recognise(system) == about(QUESTION, instructions=introduction)


def test_what_a_template_says_after_the_question_is_an_instruction() -> None:
    prompt = f"Read.\n-----\n{LOG}\n-----\nQuery: {QUESTION}\nAnswer: \n\nUse this JSON schema:\n{{}}"
    assert recognise_prompt(prompt) == about(
        QUESTION, instructions="Read.\n\nAnswer: \n\nUse this JSON schema:\n{}"
    )


def test_an_answer_to_be_refined_is_told_apart() -> None:
    prompts = [
        f"The original query is as follows: {QUESTION}\nWe have provided an existing answer: Vessel 1.\nPerhaps.\n"
        f"You may refine it below.\n------------\n{LOG}\n------------\nIf it is no use, keep it.\nRefined Answer: ",
        f"Refine it.\nNew Context: {LOG}\nQuery: {QUESTION}\nOriginal Answer: Vessel 1.\nPerhaps.\nNew Answer: ",
    ]
    for prompt in prompts:
        found = recognise_prompt(prompt)
        assert (found.documents, found.question) == ((LOG,), QUESTION)
        assert found.existing == "Vessel 1.\nPerhaps."
        assert "Vessel 1." in found.instructions


def test_a_document_may_stand_in_any_message_before_the_question() -> None:
    end = [Message(USER, "And who?"), Message(ASSISTANT, "Vessel 199."), Message(USER, QUESTION)]
    history = (Turn("And who?", "Vessel 199."),)
    expected = about(QUESTION, history=history, instructions="Answer in French.")
    french = Message(SYSTEM, "Answer in French.")
    assert recognise([french, Message(SYSTEM, LOG), *end]) == expected
    assert recognise([french, Message(USER, LOG), *end]) == expected
    assert recognise([french, Message(USER, f"{LOG}\n\nAnd who?"), *end[1:]]) == expected


def test_a_document_may_come_with_any_turn() -> None:
    other = LOG[::-1]
    messages = [
        Message(USER, f"{LOG}\n\nWho?"),
        Message(ASSISTANT, "Vessel 1."),
        Message(ASSISTANT, "Or 2."),
        Message(USER, f"{other}\n\n{QUESTION}"),
    ]
    assert recognise(messages) == Recognised((LOG, other), QUESTION, (Turn("Who?", "Vessel 1.\n\nOr 2."),))


def test_a_short_conversation_is_left_as_it_is() -> None:
    messages = [
        Message(SYSTEM, " Be kind.\n"),
        Message(USER, "Hello\n\n"),
        Message(ASSISTANT, " Hi. "),
        Message(USER, "----------\na\n----------\nAnswer:"),
        Message(USER, " Query: what?\nAnswer: "),
    ]
    question = "----------\na\n----------\nAnswer:\n\n Query: what?\nAnswer: "
    assert recognise(messages) == Recognised((), question, (Turn("Hello\n\n", " Hi. "),), " Be kind.\n")
    assert recognise([Message(SYSTEM, "Write a poem.")]) == Recognised((), "Write a poem.")
    greeted = [Message(ASSISTANT, "How can I help?"), Message(USER, "Hi")]
    assert recognise(greeted) == Recognised((), "Hi", (Turn("", "How can I help?"),))


def test_how_long_a_document_is_can_be_chosen() -> None:
    prompt = f"{LOG}\n\n{QUESTION}"
    assert recognise_prompt(prompt, long=len(prompt) + 1) == Recognised((), prompt)
    assert recognise_prompt("A b c.\n\nWhy?", long=10) == Recognised(("A b c.",), "Why?")


def test_an_agents_instructions_are_no_document() -> None:
    header = "You have tools.\n\n## Tools\n" + "".join(f"\n> Tool {n}: does one thing.\n" for n in range(120))
    header += "\n## Output Format\n\n```\nThought: I need a tool.\n```\n\n```\nAnswer: here\n```\n"
    messages = [Message(SYSTEM, header), Message(USER, QUESTION)]
    assert len(header) > 3000
    assert recognise(messages) == Recognised((), QUESTION, (), header)


@pytest.mark.parametrize("messages", [[], [Message(USER, "Hi"), Message(ASSISTANT, "Hello")]])
def test_nothing_asked_is_said_so(messages: list[Message]) -> None:
    with pytest.raises(QuestionError, match="nothing is asked"):
        recognise(messages)


def test_half_characters_are_refused() -> None:
    with pytest.raises(TextError, match=r"U\+D83D, at position 3"):
        recognise_prompt("Hm \ud83d?")


def test_a_list_that_is_none_or_hides_half_characters_is_left_alone() -> None:
    for inside in (
        f"['{LOG[:50]}",
        "['" + "a" * LONG + "', open]",
        f"['{'a' * LONG}\\ud83d']",
        "['" + "[" * LONG + "']",
    ):
        document = f"{inside}{'x' * LONG}" if len(inside) < LONG else inside
        (found,) = recognise_prompt(f"------\n{document}\n------\nQuery: {QUESTION}\nAnswer: ").documents
        assert found in (document, "[" * LONG)


WORDS = st.integers(0, 10**9).map(lambda n: f"w{n}")
GLUE = [
    "-----",
    "----------",
    "```",
    '"""',
    "<doc>",
    "</doc>",
    "Query:",
    "Question:",
    "Answer:",
    "Context:",
    "['",
    "']",
]
PIECES = st.one_of(
    WORDS,
    WORDS.map(lambda word: f"{word}?"),
    st.lists(WORDS, min_size=10, max_size=80).map(" ".join),
    st.sampled_from(GLUE),
    st.sampled_from(
        ["Existing answer:", "Original answer: ", "refine", "original query is as follows: ", "Here is:"]
    ),
)
JUMBLES = st.lists(st.tuples(PIECES, st.sampled_from([" ", "\n", "\n\n", "\r\n", "\n\n\n"])), max_size=14).map(
    lambda pairs: "".join(piece + gap for piece, gap in pairs)
)
SENTENCES = st.lists(WORDS, min_size=1, max_size=6).map(" ".join)
PARAGRAPHS = st.lists(SENTENCES.flatmap(lambda one: st.sampled_from([one, f"{one}:", f"{one}?"])), max_size=6)


FENCES = st.sampled_from([("-----", "-----"), ("```", "```"), ("<doc>", "</doc>")])


@st.composite
def templates(draw: st.DrawFn) -> str:
    """A context with something before and after it, as programs and people write prompts."""
    inside = draw(PARAGRAPHS)
    asked = draw(SENTENCES)
    kind = draw(st.integers(0, 3))
    opening, closing = draw(FENCES)
    if kind == 0:
        label = draw(st.sampled_from(["Query: ", "Question:", ""]))
        answers = ["", "Answer: ", f"Original Answer: {draw(SENTENCES)}\nNew Answer: "]
        parts = [draw(SENTENCES), opening, *inside, closing, draw(SENTENCES), f"{label}{asked}"]
        parts.append(draw(st.sampled_from(answers)))
    elif kind == 1:
        named = f"{draw(SENTENCES)} original query is as follows: {asked}"
        existing = f"An existing answer: {draw(SENTENCES)}"
        parts = [
            named,
            existing,
            f"To refine: {draw(SENTENCES)}",
            opening,
            *inside,
            closing,
            draw(SENTENCES),
            "Answer:",
        ]
    elif kind == 2:
        parts = [f"{draw(SENTENCES)}:", f"You are {draw(SENTENCES)}", *inside, f"Instruction: {asked}"]
    else:
        parts = [asked, draw(st.sampled_from(["", "New Context: "])), *inside, draw(SENTENCES)]
    return draw(st.sampled_from(["\n", "\n\n", "\r\n\r\n"])).join(part for part in parts if part)


ROLES = st.sampled_from(Role)
CONVERSATIONS = st.one_of(
    st.lists(st.builds(Message, ROLES, JUMBLES), min_size=1, max_size=5),
    st.lists(st.builds(Message, ROLES, templates()), min_size=1, max_size=3),
    st.builds(lambda text: [Message(USER, text)], templates()),
    st.builds(lambda text: [Message(SYSTEM, text), Message(USER, "Why?")], templates()),
).filter(lambda messages: messages[-1].role is not ASSISTANT)
LENGTHS = st.sampled_from([1, 40, 150, 600])


@given(CONVERSATIONS, LENGTHS)
@settings(max_examples=500, deadline=None)
def test_every_word_is_somewhere_once(messages: list[Message], long: int) -> None:
    found = recognise(messages, long)
    said = [text for turn in found.history for text in (turn.question, turn.answer)]
    pieces = [*found.documents, found.question, found.instructions, *said]
    assert _words(pieces) == _words(message.text for message in messages)
    assert all(document.strip() for document in found.documents)


@given(CONVERSATIONS, LENGTHS)
@settings(deadline=None)
def test_a_document_is_an_exact_piece_of_a_message(messages: list[Message], long: int) -> None:
    for document in recognise(messages, long).documents:
        exact = any(document in message.text for message in messages)
        assert exact or any(repr(document) in message.text for message in messages)


def _words(texts: Iterable[str]) -> Counter[str]:
    """Returns the generated words. The glue that may be dropped holds none of them."""
    return Counter(word for text in texts for word in re.findall(r"w\d+", text))


class Watched:
    """A pattern that notes how many characters each search may look at."""

    def __init__(self, pattern: re.Pattern[str], spans: list[int]) -> None:
        self._pattern = pattern
        self._spans = spans

    def __getattr__(self, method: str) -> Callable[..., Any]:
        def call(text: str, start: int = 0, end: int = sys.maxsize) -> Any:
            self._spans.append(max(min(end, len(text)) - start, 0))
            return getattr(self._pattern, method)(text, start, end)

        return call


@pytest.mark.parametrize("text", ["-----\n", "<a>\n", " \n", "\n" + " " * 50, "```\n", "Q: ", "x. "])
def test_patterns_look_at_the_ends_of_a_hostile_prompt_only(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """So it does not matter how long one of them may backtrack.

    Only closing fences are sought in the whole text.
    """
    ends: list[int] = []
    whole: list[int] = []
    for module in (parts, recognition):
        for name, value in list(vars(module).items()):
            if isinstance(value, re.Pattern):
                monkeypatch.setattr(module, name, Watched(value, ends))
    fences = SimpleNamespace(compile=lambda *given: Watched(re.compile(*given), whole), escape=re.escape, M=re.M)
    monkeypatch.setattr(parts, "re", fences)
    for end in (QUESTION, "word " * 1000 + QUESTION):
        prompt = text * (20_000 // len(text)) + end
        recognise([Message(SYSTEM, prompt), Message(USER, prompt)])
    assert ends
    assert max(ends) <= 2 * parts.SHORT
    assert len(ends) < 40
    assert len(whole) <= 4
