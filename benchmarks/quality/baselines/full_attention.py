"""Full attention: over what fits the model's window, the document's middle cut out, or stretched over all of it."""

from __future__ import annotations

import torch

from wholedoc.models.text_model import TextModel

from ..cases.case import Case
from ..method import NotApplicable, Outcome, TooLong
from .asked import Reply
from .plain_model import PromptMethod
from .rope import Stretch

# The time of full attention grows with the square of the length; texts of more tokens take too many minutes.
LONGEST_CPU, LONGEST_CUDA = 32_768, 131_072


def longest_read(device: torch.device) -> int:
    """Return the longest text, in tokens, that full attention reads within minutes."""
    return LONGEST_CPU if device.type == "cpu" else LONGEST_CUDA


class Truncated(PromptMethod):
    """Answers from as much of the document's head and tail as fits the window with the question and its answer."""

    name = "truncated"

    def answer(self, case: Case) -> Outcome:
        """Answer from head and tail. Raises NotApplicable if the question alone fills the window."""
        asked = self._asker(case)
        room = self._plain.window - asked.around
        if room < 2:
            raise NotApplicable("the question leaves no room for a document in the window")
        kept = ends(len(asked.document), room)
        ids = asked.document.token_ids
        said = self._plain.ask(asked, [token for one in kept for token in ids[one.start : one.stop]])
        return asked.outcome(self._model, said, kept)


def ends(tokens: int, room: int) -> list[range]:
    """Return the ranges of a document's `tokens` that are read: all of them, or head and tail of `room` in sum."""
    if tokens <= room:
        return [range(tokens)]
    return [range(room - room // 2), range(tokens - room // 2, tokens)]


class Stretched(PromptMethod):
    """Answers from the whole document, with RoPE scaled to its length."""

    def __init__(self, model: TextModel, reply: Reply, how: Stretch) -> None:
        super().__init__(model, reply)
        self.name = f"full attention, {how.name}"
        self._how = how

    def answer(self, case: Case) -> Outcome:
        """Answer from the whole document. Raises TooLong; NotApplicable if the model scales its RoPE itself."""
        asked = self._asker(case)
        tokens, longest = len(asked.document), longest_read(self._model.loaded.spec.device)
        if tokens > longest:
            raise TooLong(f"{tokens:,} tokens; full attention over more than {longest:,} takes too long here")
        self._plain.stretch(self._how, tokens + asked.around)
        return asked.outcome(self._model, self._plain.ask(asked, asked.document.token_ids), [range(tokens)])
