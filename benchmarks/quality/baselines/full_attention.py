"""Full attention: in the model's own window with the document's middle cut out, or stretched over all of it."""

from __future__ import annotations

import torch

from wholedoc.models.text_model import TextModel

from ..case import Case
from ..method import NotApplicable, Outcome, TooLong
from .asked import Asker, Reply
from .plain_model import PlainModel
from .rope import Stretch

# The time of full attention grows with the square of the length: minutes beyond these, in tokens.
LONGEST_CPU, LONGEST_CUDA = 32_768, 131_072


def longest_read(device: torch.device) -> int:
    """The longest text in tokens that full attention reads within minutes."""
    return LONGEST_CPU if device.type == "cpu" else LONGEST_CUDA


class Truncated:
    """As much of the document's head and tail as fits the window with the question and its answer."""

    name = "truncated"

    def __init__(self, model: TextModel, reply: Reply) -> None:
        self._model = model
        self._asker = Asker(model, reply)
        self._plain = PlainModel(model)

    def longest(self) -> None:
        return None

    def answer(self, case: Case) -> Outcome:
        """Raises NotApplicable if the question alone fills the window."""
        asked = self._asker(case)
        room = self._plain.window - asked.around
        if room < 2:
            raise NotApplicable("the question leaves no room for a document in the window")
        kept = ends(len(asked.document), room)
        ids = asked.document.token_ids
        said = self._plain.ask(asked, [token for one in kept for token in ids[one.start : one.stop]])
        return asked.outcome(self._model, said, kept)


def ends(tokens: int, room: int) -> list[range]:
    """All of a document's `tokens` if there is room, else its head and its tail: exactly `room` tokens."""
    if tokens <= room:
        return [range(tokens)]
    return [range(room - room // 2), range(tokens - room // 2, tokens)]


class Stretched:
    """The whole document, with RoPE scaled to its length."""

    def __init__(self, model: TextModel, reply: Reply, how: Stretch) -> None:
        self.name = f"full attention, {how.name}"
        self._model = model
        self._how = how
        self._asker = Asker(model, reply)
        self._plain = PlainModel(model)

    def longest(self) -> int:
        return longest_read(self._model.loaded.spec.device)

    def answer(self, case: Case) -> Outcome:
        """Raises TooLong, and NotApplicable if the model scales its RoPE itself."""
        asked = self._asker(case)
        tokens = len(asked.document)
        if tokens > self.longest():
            raise TooLong(
                f"{tokens:,} tokens; full attention over more than {self.longest():,} takes too long here"
            )
        self._plain.stretch(self._how, tokens + asked.around)
        return asked.outcome(self._model, self._plain.ask(asked, asked.document.token_ids), [range(tokens)])
