"""What a writer is told: the question, the passages with their pages, and how to answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .writer import Message

NOT_STATED = "Not stated."
TASK = (
    "Answer the question using only the passages, in a few words. "
    f"If the passages do not answer it, answer exactly: {NOT_STATED}"
)
REWRITE = (
    "Rewrite the last question so that it can be understood without the conversation: put in the names and things "
    "that it refers to. Do not answer it."
)
# Turns with a last question, and how that is asked alone. Without them a small writer answers or repeats itself: of
# 41 questions 22 were answered right, and 36 when they were asked alone (docs/log.md).
REWRITTEN = (
    (
        (("Who painted the mural in the town hall?", "Ines Calder"),),
        "When did she finish it?",
        "When did Ines Calder finish the mural in the town hall?",
    ),
    (
        (("What does the ferry to Skarholm cost?", "14 euros"), ("How long does it take?", "Two hours")),
        "And how often does it sail?",
        "How often does the ferry to Skarholm sail?",
    ),
    (
        (("Which bridge was closed in June?", "The Fennel Street bridge"),),
        "For how long?",
        "For how long was the Fennel Street bridge closed in June?",
    ),
)
# A name is a word with a capital that begins no sentence. So many letters of it tell it, whatever its ending is.
NAME = re.compile(r"(?<!^)(?<![.?!] )\b[A-Z]\w+")
NAME_LETTERS = 5


@dataclass(frozen=True)
class Excerpt:
    """A passage as a writer sees it: the label of its page, its text, and the document if there are several.

    If there are rows of a table in the text, `table_head` is what stands above them and says what the columns are.
    """

    page_label: str
    text: str
    document: str | None = None
    table_head: str | None = None

    @property
    def heading(self) -> str:
        """What stands in front of the text."""
        return f"[page {self.page_label}" + (f" of {self.document}]" if self.document else "]")

    @property
    def said(self) -> str:
        """What the document says in it: its text, and what stands above a table."""
        return f"{self.table_head or ''}\n{self.text}"

    @property
    def shown(self) -> str:
        """The heading and the text: as running text, or a line for each row of a table."""
        if self.table_head is None:
            return f"{self.heading} {_in_one_line(self.text)}"
        lines = (_in_one_line(line) for line in self.text.splitlines())
        return "\n".join([f"{self.heading} {_in_one_line(self.table_head)}".strip(), *filter(None, lines)])


def assignment(question: str, excerpts: Sequence[Excerpt], instructions: str = "") -> list[Message]:
    """Return the messages that make a writer answer a question from passages.

    `instructions` are the asker's own wishes for the answer.
    """
    passages = "\n\n".join(one.shown for one in excerpts)
    wishes = f"\n\n{instructions.strip()}" if instructions.strip() else ""
    opening = f"{TASK}{wishes}\n\n"
    return [Message("user", f"{opening}{passages}\n\nQuestion: {question.strip()}", opening)]


def rewriting(question: str, turns: Sequence[tuple[str, str]]) -> list[Message]:
    """Return the messages that make a writer rewrite a question into one that stands alone.

    `turns` are the questions before it, with their answers.
    """
    examples = "\n\n".join(f"{_to_rewrite(last, said)} {alone}" for said, last, alone in REWRITTEN)
    opening = f"{REWRITE}\n\n{examples}\n\n"
    return [Message("user", f"{opening}{_to_rewrite(question, turns)}", opening)]


def _to_rewrite(question: str, turns: Sequence[tuple[str, str]]) -> str:
    said = "\n".join(f"Question: {asked}\nAnswer: {answered}" for asked, answered in turns)
    return f"{said}\nLast question: {question.strip()}\nRewritten:"


def rewritten(text: str, question: str, turns: Sequence[tuple[str, str]]) -> str | None:
    """Return the question that a writer has made of `question`: the first one of what it says.

    None if it says none, which then is no question to a document; if it names what neither the question nor the
    `turns` before it name, since a small writer may repeat an example or go on about something else; or if it is
    what one of these turns asked.
    """
    first, mark, _ = " ".join(text.split()).partition("?")
    alone = f"{first.strip()}{mark}"
    asks = bool(first.strip()) and (bool(mark) or "?" not in question)
    said = " ".join([question, *(part for turn in turns for part in turn)]).casefold()
    invented = any(name[:NAME_LETTERS].casefold() not in said for name in NAME.findall(alone))
    before = {_bare(asked) for asked, _ in turns} - {_bare(question)}
    return alone if asks and not invented and _bare(alone) not in before else None


def is_not_stated(text: str) -> bool:
    """Return whether an answer says that the passages do not say it."""
    return _bare(text).startswith(_bare(NOT_STATED))


def may_be_not_stated(text: str) -> bool:
    """Return whether the beginning of an answer may still become `NOT_STATED`."""
    return _bare(NOT_STATED).startswith(_bare(text))


def _in_one_line(text: str) -> str:
    return " ".join(text.split())


def _bare(text: str) -> str:
    return text.strip().strip(".\"'*").strip().casefold()
