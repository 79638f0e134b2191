"""Finds the parts of a prompt's text: fences around a context, labels, cues, and the pieces at both ends."""

from __future__ import annotations

import re
from dataclasses import dataclass

# The greatest length of a question, or of the text around a context, in characters.
SHORT = 2000
# The question is the last words of a text without any line end or full stop: at most this many characters.
LAST_WORDS = 500

# A line that fences off a context: dashes or the like, a code fence, three quotes, or a tag.
_FENCE = re.compile(
    r"^[ \t]*(?P<mark>-{5,}|={5,}|\*{5,}|#{5,}|_{5,}|~{3,}|(?P<code>`{3,})\w*|\"{3}|'{3}|"
    r"<(?P<tag>\w[\w.-]*)(?: [^<>\n]*)?>)[ \t\r]*$",
    re.M,
)
# A label in front of a question, as in "Query: Who paid?".
_LABEL = re.compile(r"^[ \t]*(?:(?:user )?(?:query|question)|user|human|task|q)[ \t]*:[ \t]*(?=\S)", re.M | re.I)
# A cue at the end, such as "Answer:", which only says that the answer comes now.
_CUE = re.compile(
    r"\n[ \t]*(?:(?:new|refined|helpful|final|your) )?(?:answer|summary|response|assistant|ai)[ \t]*:"
    r"(?:\"{3})?\s*\Z",
    re.I,
)
# The label "Context:" in front of a context without fences.
_CONTEXT = re.compile(r"^[ \t]*(?:new )?context[ \t]*:[ \t]*\n?", re.M | re.I)
# The first words of a request, and those of a sentence that introduces a document.
_ASKS = re.compile(
    r"(?:please|summari[sz]e|list|explain|describe|translate|tell|find|give|name|write|extract|answer|compare|"
    r"analy[sz]e|identify|show|outline|quote|what|who|whom|whose|when|where|which|why|how|can|could|is|are|was|were|"
    r"does|do|did|has|have|will|would|should)\b",
    re.I,
)
_INTRODUCES = re.compile(
    r"\s*(?:you are|you're|use the following|given the following|read the following|below is|below are|here is|"
    r"here are|the following is|context information)\b",
    re.I,
)
_INSTRUCTIONS = re.compile(r"\n[ \t\r]*\n\s*(?=instructions?:)", re.I)
_BLANK_LINE = re.compile(r"\n[ \t\r]*\n\s*")
_LINE_END = re.compile(r"\n")
_SENTENCE_END = re.compile(r"[.!?]\s+")


@dataclass(frozen=True)
class Fenced:
    """The text between two fences, and the text before and after it."""

    head: str
    inside: str
    tail: str


def fenced(text: str) -> Fenced | None:
    """Returns the context between the first fence and the last one like it.

    Returns None if there is none, or if the text around it is long.
    """
    tried: set[str] = set()
    for opening in _FENCE.finditer(text, 0, SHORT + 1):
        mark = f"</{opening['tag']}>" if opening["tag"] else opening["code"] or opening["mark"]
        if mark in tried or text.find(mark, opening.end()) < 0:
            continue
        tried.add(mark)
        like_it = re.compile(rf"^[ \t]*{re.escape(mark)}[ \t\r]*$", re.M)
        *_, closing = (None, *like_it.finditer(text, opening.end()))
        if closing is not None and len(text) - closing.end() <= 2 * SHORT:
            inside = text[opening.end() : closing.start()].strip("\r\n")
            if inside.strip():
                return Fenced(text[: opening.start()], inside, text[closing.end() :])
    return None


def without_cue(text: str) -> tuple[str, bool]:
    """Returns the text without a cue at its end, and whether there was one."""
    found = _CUE.search(text, max(len(text) - SHORT, 0))
    return (text[: found.start()], True) if found else (text, False)


def without_label(text: str, *, last: bool = False) -> tuple[str, str] | None:
    """Returns the text before a label and the question after it, or None if there is no label.

    The first label counts, or the last one if `last` is set. Only the last 4,000 characters are searched.
    """
    matches = list(_LABEL.finditer(text, max(len(text) - 2 * SHORT, 0)))
    if not matches:
        return None
    label = matches[-1 if last else 0]
    return text[: label.start()], text[label.end() :].strip()


def introduction(text: str) -> tuple[str, str]:
    """Splits a text into the introduction at its beginning, which may be empty, and the document."""
    context = _CONTEXT.search(text, 0, SHORT)
    start = context.end() if context else 0
    for gap in _BLANK_LINE.finditer(text, 0, 0 if context else SHORT):
        head = text[start : gap.start()].strip()
        if head and not (head.endswith(":") or _INTRODUCES.match(head)):
            break
        start = gap.end() if head else start
    return text[:start], text[start:].lstrip("\r\n")


def conclusion(text: str) -> tuple[str, str]:
    """Splits a text into the document and the instructions after it, if they are labelled as instructions."""
    *_, closing = (None, *_INSTRUCTIONS.finditer(text, max(len(text) - SHORT, 0)))
    return (text, "") if closing is None else (text[: closing.start()], text[closing.end() :])


def asks(text: str) -> bool:
    """Whether a text looks like a question or a request."""
    return text.rstrip().endswith("?") or bool(_LABEL.match(text) or _ASKS.match(text.lstrip()))


def first_piece(text: str) -> int:
    """Returns where the first paragraph ends, or its first line if it is long. Returns 0 if both are long."""
    start = len(text) - len(text.lstrip())
    paragraph, line = (
        found.start() if (found := end.search(text, start, start + SHORT)) else 0
        for end in (_BLANK_LINE, _LINE_END)
    )
    introduces = text[start:line].rstrip().endswith((":", "?"))
    return line if introduces else paragraph or line


def last_piece(text: str) -> int:
    """Returns where the last paragraph starts, or its last line, sentence or words if it is long."""
    stop = len(text.rstrip())
    recent = max(stop - SHORT, 0)
    starts = [
        max((found.end() for found in end.finditer(text, recent, stop)), default=0)
        for end in (_BLANK_LINE, _LINE_END, _SENTENCE_END)
    ]
    paragraph, line, _ = starts
    if paragraph and line > paragraph and asks(text[line:]) and not asks(text[paragraph:line]):
        return line
    words = max(text.rfind(" ", 0, max(stop - LAST_WORDS, 0)) + 1, stop - LAST_WORDS, 0)
    return next((start for start in starts if start), words)
