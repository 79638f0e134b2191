"""Where the parts of a prompt's text are: fences around a context, labels, cues, and the pieces at both ends."""

from __future__ import annotations

import re
from dataclasses import dataclass

# A question, or what stands around a context, is at most this long, in characters.
SHORT = 2000
# Of a text without any line end or full stop, the question is this much at its end.
LAST_WORDS = 500

# A line that fences a context off: dashes or the like, a code fence, three quotes, or a tag.
_FENCE = re.compile(
    r"^[ \t]*(?P<mark>-{5,}|={5,}|\*{5,}|#{5,}|_{5,}|~{3,}|(?P<code>`{3,})\w*|\"{3}|'{3}|"
    r"<(?P<tag>\w[\w.-]*)(?: [^<>\n]*)?>)[ \t\r]*$",
    re.M,
)
# "Query: what is asked".
_LABEL = re.compile(r"^[ \t]*(?:(?:user )?(?:query|question)|user|human|task|q)[ \t]*:[ \t]*(?=\S)", re.M | re.I)
# "Answer:" as the last line, which only says that the answer comes now.
_CUE = re.compile(
    r"\n[ \t]*(?:(?:new|refined|helpful|final|your) )?(?:answer|summary|response|assistant|ai)[ \t]*:"
    r"(?:\"{3})?\s*\Z",
    re.I,
)
# "Context:" before a context that is not fenced off.
_CONTEXT = re.compile(r"^[ \t]*(?:new )?context[ \t]*:[ \t]*\n?", re.M | re.I)
# How people begin what they want done, and how they introduce a document.
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
    """What is between two fences, and what stands before and after."""

    head: str
    inside: str
    tail: str


def fenced(text: str) -> Fenced | None:
    """The context between the first fence and the last one like it, if what is around is short."""
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
    """The text without a last line that is only "Answer:", and whether there was one."""
    found = _CUE.search(text, max(len(text) - SHORT, 0))
    return (text[: found.start()], True) if found else (text, False)


def without_label(text: str, *, last: bool = False) -> tuple[str, str] | None:
    """What stands before the first or the last label of a question, and the question; None if there is none.

    Only the end of a text is looked at.
    """
    matches = list(_LABEL.finditer(text, max(len(text) - 2 * SHORT, 0)))
    if not matches:
        return None
    label = matches[-1 if last else 0]
    return text[: label.start()], text[label.end() :].strip()


def introduction(text: str) -> tuple[str, str]:
    """What introduces a document at the beginning of a text, if anything does, and the document."""
    context = _CONTEXT.search(text, 0, SHORT)
    start = context.end() if context else 0
    for gap in _BLANK_LINE.finditer(text, 0, 0 if context else SHORT):
        head = text[start : gap.start()].strip()
        if head and not (head.endswith(":") or _INTRODUCES.match(head)):
            break
        start = gap.end() if head else start
    return text[:start], text[start:].lstrip("\r\n")


def conclusion(text: str) -> tuple[str, str]:
    """A document, and the instructions that follow it if they say that they are some."""
    *_, closing = (None, *_INSTRUCTIONS.finditer(text, max(len(text) - SHORT, 0)))
    return (text, "") if closing is None else (text[: closing.start()], text[closing.end() :])


def asks(text: str) -> bool:
    """Whether this looks like a question or a request."""
    return text.rstrip().endswith("?") or bool(_LABEL.match(text) or _ASKS.match(text.lstrip()))


def first_piece(text: str) -> int:
    """Where the first paragraph ends, or the first line of a long one; 0 if neither is short."""
    start = len(text) - len(text.lstrip())
    paragraph, line = (
        found.start() if (found := end.search(text, start, start + SHORT)) else 0
        for end in (_BLANK_LINE, _LINE_END)
    )
    introduces = text[start:line].rstrip().endswith((":", "?"))
    return line if introduces else paragraph or line


def last_piece(text: str) -> int:
    """Where the last paragraph starts, or the last line, sentence or words of a long one."""
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
