"""The things that a question names one after another: "What are the fees for yachts, barges and tugs?" """

from __future__ import annotations

import re
from dataclasses import dataclass

# What is asked of each of them is in the plural. "Between" and "among" would compare them, so they do not count.
PLURAL = re.compile(
    r"(?P<before>\s*(?:what|who|when|where|how\s+\w+)\s+(?:are|were)\b[^?]*?(?::\s|\b(?:of|for|at|in|on|by|from|to)\s))"
    r"(?P<things>[^?:;]+)"
    r"(?P<behind>\?.*)",
    re.IGNORECASE | re.DOTALL,
)
COMMA = re.compile(r",\s+(?:and\s+|or\s+)?")
LAST = re.compile(r"\s+(?:and|or)\s+")
# What begins so belongs to the thing before it, and is none of its own.
NO_THING = re.compile(
    r"(?:who|which|that|where|when|of|for|at|in|on|by|from|to|with|without|not|but|is|are)\b", re.I
)
# Behind the last thing this may hold for all of them ("in 1898"), and cannot be told from a part of its name.
FOR_ALL = re.compile(r"\s(?:in|on|at|for|from|to|by|during|before|after|under|since)\s", re.I)
# What announces the things is left out of the question about one: "the codes of these three things: ...".
ANNOUNCED = re.compile(r"(?:these|those|the following)\b[^:]*:\s$", re.I)
LEAST = 3  # of two things an ordinary question finds both
WORDS = 8  # a thing has no more


@dataclass(frozen=True)
class NamedThings:
    """A question about several `things`, in its order, with what stands `before` and `behind` them."""

    things: tuple[str, ...]
    before: str
    behind: str

    def about(self, thing: str) -> str:
        """Return the question about one of the things."""
        return f"{self.before}{thing}{self.behind}"


def named_things(question: str) -> NamedThings | None:
    """Return the things that a question asks the same of, three or more; None if it does not."""
    match = PLURAL.fullmatch(question)
    if match is None:
        return None
    *first, last = COMMA.split(match["things"].strip())
    things = tuple(one.strip() for one in (*first, *LAST.split(last, maxsplit=1)))
    if not first or len(things) < LEAST or not all(map(_is_thing, things)) or FOR_ALL.search(things[-1]):
        return None
    return NamedThings(things, ANNOUNCED.sub("", match["before"]), match["behind"])


def _is_thing(text: str) -> bool:
    return 0 < len(text.split()) <= WORDS and NO_THING.match(text) is None
