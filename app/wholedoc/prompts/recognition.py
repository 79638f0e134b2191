"""Recognises documents and the question in a prompt that comes from another program.

Programs that know nothing about documents send everything as messages. Long text in them is a document, which
is read once and recognised when it is sent again. The end of the last message is the question. Nothing is left
out: every word goes to the documents, the question, the history or the instructions. Only the glue of templates
is dropped: lines that fence off a context, a label in front of the question, and a last "Answer:".
"""

from __future__ import annotations

import re
from ast import literal_eval
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from ..conversation import Turn
from ..documents.texts import check_characters
from ..errors import DocumentError, QuestionError
from .parts import (
    Fenced,
    asks,
    conclusion,
    fenced,
    first_piece,
    introduction,
    last_piece,
    without_cue,
    without_label,
)

# The length from which a text is a document, in characters (about 2,000 tokens). Shorter text is part of the
# question.
LONG = 8000

# Some templates name the query in front of the context, or add an existing answer that is to be refined.
_NAMED = re.compile(
    r"(?:\bThe )?\boriginal (?:query|question)(?: is as follows| is)?:\s*"
    r"(\S(?s:.*?)(?=\n.*\bexisting answer:)|\S.*)",
    re.I | re.M,
)
_EXISTING = re.compile(r"\bexisting answer:(.*)\n[^\n]*\brefine\b[^\n]*\s*\Z", re.I | re.S)
_ANSWER = re.compile(r"^[ \t]*(?P<existing>(?:existing|original) )?answer:", re.I | re.M)


class Role(Enum):
    """Who wrote a message."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True)
class Message:
    """One message of a conversation."""

    role: Role
    text: str


@dataclass(frozen=True)
class Recognised:
    """The parts of a prompt.

    `documents` are exact texts. If there are none, the other parts are exactly as they were sent. `existing` is
    an answer that the prompt asks to refine; it stands if the documents have none.
    """

    documents: tuple[str, ...]
    question: str
    history: tuple[Turn, ...] = ()
    instructions: str = ""
    existing: str = ""


@dataclass
class _Parts:
    """The parts of one message."""

    documents: list[str] = field(default_factory=list)
    question: str = ""
    instructions: list[str] = field(default_factory=list)
    existing: str = ""


def recognise_prompt(prompt: str, long: int = LONG) -> Recognised:
    """Recognises the parts of a plain prompt, as if a user had sent it. Raises QuestionError and TextError."""
    return recognise([Message(Role.USER, prompt)], long)


def recognise(messages: Sequence[Message], long: int = LONG) -> Recognised:
    """Recognises the parts of a conversation, whose last message holds the question.

    Text of at least `long` characters is a document. So is a context of any length that is fenced off and
    followed by "Query:" or "Question:". Raises QuestionError if nothing is asked at the end, and TextError for
    unpaired surrogates.
    """
    if not messages or messages[-1].role is Role.ASSISTANT:
        raise QuestionError("nothing is asked: the last message must be the user's, and hold the question")
    for message in messages:
        check_characters(message.text)
    said = _with_a_question(messages)
    parts = [_parts(message, asks, long) for message, asks in zip(said, _asking(said), strict=True)]
    if not any(part.documents for part in parts):
        parts = [_as_it_is(message) for message in said]
    return _together(said, parts)


def _with_a_question(messages: Sequence[Message]) -> list[Message]:
    """Returns the messages; if no user speaks after the last answer, the last message becomes the user's."""
    roles = [message.role for message in messages]
    answered = max((index for index, role in enumerate(roles) if role is Role.ASSISTANT), default=-1)
    if Role.USER in roles[answered + 1 :]:
        return list(messages)
    return [*messages[:-1], replace(messages[-1], role=Role.USER)]


def _asking(messages: Sequence[Message]) -> list[bool]:
    """Returns for each message whether it is the user's last one before an answer, where the question stands."""
    found: list[bool] = []
    answered = True
    for message in reversed(messages):
        found.append(answered and message.role is Role.USER)
        answered = message.role is Role.ASSISTANT or (answered and message.role is Role.SYSTEM)
    return found[::-1]


def _together(messages: Sequence[Message], parts: Sequence[_Parts]) -> Recognised:
    documents = tuple(_undo_list(document) for part in parts for document in part.documents)
    instructions = "\n\n".join(text for part in parts for text in part.instructions)
    turns: list[Turn] = []
    asked: list[str] = []
    for message, part in zip(messages, parts, strict=True):
        if message.role is not Role.ASSISTANT:
            asked += [part.question] if part.question else []
        elif asked or not turns:
            turns.append(Turn("\n\n".join(asked), message.text))
            asked = []
        else:
            turns[-1] = replace(turns[-1], answer=f"{turns[-1].answer}\n\n{message.text}")
    return Recognised(documents, "\n\n".join(asked), tuple(turns), instructions, parts[-1].existing)


def _as_it_is(message: Message) -> _Parts:
    if message.role is Role.SYSTEM:
        return _Parts(instructions=[message.text])
    return _Parts(question=message.text if message.role is Role.USER else "")


def _parts(message: Message, asking: bool, long: int) -> _Parts:
    if asking:
        return _question_about(message.text, long) or _as_it_is(message)
    if message.role is Role.ASSISTANT or len(message.text) < long:
        return _as_it_is(message)
    around = fenced(message.text)
    if around and len(around.inside) >= long:
        return _Parts([around.inside], "", _filled(around.head, around.tail))
    head, rest = introduction(message.text)
    document, tail = conclusion(rest)
    return _Parts([document], "", _filled(head, tail)) if document.strip() else _as_it_is(message)


def _question_about(text: str, long: int) -> _Parts | None:
    """Splits a message into a context and the question about it. Returns None if there is no context in it."""
    body, cue = without_cue(text)
    around = fenced(body)
    if around and (len(around.inside) >= long or without_label(around.tail)):
        parts = _of_fenced(around)
        if parts.question:
            return parts
    if len(text) < long:
        return None
    parts = _of_long(body, cue)
    return parts if parts.documents[0].strip() else None


def _of_fenced(around: Fenced) -> _Parts:
    """Finds the question after the context, or named in front of it, or as all the text in front of it."""
    head, tail = around.head, around.tail
    if labelled := without_label(tail):
        before, asked = labelled
        question, after, existing = _asked(asked)
        return _Parts([around.inside], question, _filled(head, before, after), existing)
    if named := _NAMED.search(head):
        existing = answer[1].strip() if (answer := _EXISTING.search(head)) else ""
        rest = (head[: named.start()], head[named.end() :], tail)
        return _Parts([around.inside], named[1].strip(), _filled(*rest), existing)
    if tail.strip():
        return _Parts([around.inside], tail.strip(), _filled(head))
    return _Parts([around.inside], head.strip())


def _of_long(text: str, cue: bool) -> _Parts:
    """Splits a long text without fences.

    The question is its last piece, or the first if only that looks like one.
    """
    labelled = without_label(text, last=True)
    if labelled and (cue or "\n" not in labelled[1]):
        question, after, existing = _asked(labelled[1])
        head, document = introduction(labelled[0].rstrip())
        return _Parts([document], question, _filled(head, after), existing)
    first, last = first_piece(text), last_piece(text)
    opening = text[:first].strip()
    if not asks(text[last:]) and (asks(opening) or opening.endswith(":")):
        return _Parts([text[first:].strip("\r\n")], opening)
    head, document = introduction(text[:last].rstrip())
    return _Parts([document], text[last:].strip(), _filled(head))


def _asked(asked: str) -> tuple[str, str, str]:
    """Splits labelled text into the question, the template's text after it, and the answer to be refined, if
    any.
    """
    found = _ANSWER.search(asked)
    if not found:
        return asked, "", ""
    existing = asked[found.end() :].strip() if found["existing"] else ""
    return asked[: found.start()].strip(), asked[found.start() :], existing


def _filled(*texts: str) -> list[str]:
    return [text.strip() for text in texts if text.strip()]


def _undo_list(text: str) -> str:
    """Returns the text inside `['...']`, or the text itself if it is no such list.

    LlamaIndex's simple_summarize sends the context as a Python list of strings.

    See https://github.com/run-llama/llama_index/pull/22392.
    """
    bare = text.strip()
    if not (bare.startswith(("['", '["')) and bare.endswith(("']", '"]'))):
        return text
    try:
        items = literal_eval(bare)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text
    whole = "\n\n".join(items) if all(isinstance(item, str) for item in items) else text
    try:
        check_characters(whole)
    except DocumentError:
        return text
    return whole
