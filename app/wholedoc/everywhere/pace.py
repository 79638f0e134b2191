"""How long a part takes: measured while parts are asked, and said before the next question starts."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from ..storage.figures import MeasuredFigures


@dataclass(frozen=True)
class Pace:
    """How many seconds a writer takes for one part in a kind of question: `name` says which writer and kind.

    `figures` keeps it; None keeps nothing.
    """

    name: str
    figures: MeasuredFigures | None = None

    @property
    def seconds_each(self) -> float | None:
        """The seconds that a part took the last time on this machine; None if there was none."""
        return None if self.figures is None else self.figures.get(self.name)

    def keep(self, seconds_each: float) -> None:
        """Remember how long a part took. Where that cannot be kept, the next question is only told later."""
        if self.figures is not None:
            with suppress(OSError):
                self.figures.put(self.name, seconds_each)
