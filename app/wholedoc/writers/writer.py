"""What a writer is: messages in, pieces of text out."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Protocol

from parallelcomp import Sampling

Cancel = Callable[[], bool]


@dataclass(frozen=True)
class Message:
    """One message of a conversation. `role` is "system", "user" or "assistant", as chat templates have it.

    `content` begins with `opening`, which is what other messages of the same kind begin with.
    """

    role: str
    content: str
    opening: str = ""


@dataclass(frozen=True)
class Written:
    """How a text ended: after how many `tokens`, and whether it was `cut_short` at the limit of its length.

    `would_begin` gives the probability that a text begins with the first token of another; it is None for a writer
    that does not tell.
    """

    tokens: int
    cut_short: bool
    would_begin: Callable[[str], float] | None = None


class Writer(Protocol):
    """A language model that answers in its own words."""

    @property
    def name(self) -> str:
        """The name by which a person knows it."""
        ...

    @property
    def here(self) -> bool:
        """True if it computes in this process, and so takes turns with the model that reads."""
        ...

    @property
    def sends_to(self) -> str | None:
        """The host that passages and questions are sent to if that is not this machine, else None."""
        ...

    def write(
        self, messages: Sequence[Message], sampling: Sampling, cancelled: Cancel | None = None
    ) -> Generator[str, None, Written]:
        """Yield the text piece by piece, about a token each. Closing the generator stops the work.

        Raises WriterError, ModelError, WindowError, MemoryPlanError and Cancelled.
        """
        ...
