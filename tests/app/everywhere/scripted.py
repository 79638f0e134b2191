"""A writer that answers by rules: what it says depends on the part that it sees."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

from parallelcomp import Sampling
from wholedoc.writers.writer import Cancel, Message, Written

# Takes the whole message, returns the text.
Rule = Callable[[str], str]


class Ruled:
    """Says what its rule makes of a message, and remembers the messages."""

    name, here, sends_to = "ruled", False, None

    def __init__(self, rule: Rule, cut_short: bool = False) -> None:
        self.told: list[str] = []
        self._rule, self._cut_short = rule, cut_short

    def write(
        self, messages: Sequence[Message], sampling: Sampling, cancelled: Cancel | None = None
    ) -> Generator[str, None, Written]:
        self.told.append(messages[-1].content)
        text = self._rule(messages[-1].content)
        yield text
        return Written(1, cut_short=self._cut_short)


def extracting(find: Rule, *, agree: Callable[[str], bool] = lambda _: True) -> Rule:
    """A rule that answers a check with yes or no, and any other message with what `find` makes of it."""

    def rule(message: str) -> str:
        if "Answer Yes or No" in message:
            return "Yes" if agree(message) else "No"
        return find(message)

    return rule
