"""An answer in the terminal, with the numbers of the citations behind each sentence that they carry."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ...answer import Citation
from ...answering.sources import sentence_sources

# Only what comes after this tells whether a sentence ended before it.
UNDECIDED = re.compile(r"\s+[\"'“‘(\[]*$")


@dataclass
class Numbering:
    """Puts numbers into an answer's text while it arrives. White space around the answer is left out."""

    citations: Sequence[Citation] = ()
    text: str = ""
    printed: int = 0

    def add(self, piece: str) -> str:
        """Return what can be printed now that this piece has come."""
        self.text = (self.text + piece).lstrip()
        return self._up_to(len(UNDECIDED.sub("", self.text)))

    def end(self) -> str:
        """Return the rest of the text, with the numbers of its last sentence."""
        rest = self._up_to(len(self.text.rstrip()))
        last = sentence_sources(self.text.rstrip(), self.citations)[-1:]
        return rest + "".join(in_brackets(one.citations) for one in last)

    def _up_to(self, stop: int) -> str:
        """Return the text not printed yet up to `stop`, with the numbers of the sentences that end before."""
        if stop <= self.printed:
            return ""
        out = ""
        for one in sentence_sources(self.text[:stop], self.citations):
            if self.printed <= one.stop < stop:
                out += self.text[self.printed : one.stop] + in_brackets(one.citations)
                self.printed = one.stop
        out += self.text[self.printed : stop]
        self.printed = stop
        return out


def in_brackets(numbers: Sequence[int]) -> str:
    """Return numbers as they stand behind a sentence, such as " [1][3]"; empty without any."""
    return f" {''.join(f'[{number}]' for number in numbers)}" if numbers else ""
