"""How far a model's fetching and conversion are."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from ..errors import ModelError

Notify = Callable[[str], None]
Cancel = Callable[[], bool]
NOTE_SECONDS = 10.0


class Step(Enum):
    """The two things that are done to a model before it can be loaded."""

    FETCHING = "fetching"
    CONVERTING = "converting"


@dataclass(frozen=True)
class Preparing:
    """`done` of `total` bytes are fetched or numbers converted. `seconds_left` is None while no speed is known."""

    model: str
    step: Step
    done: int
    total: int
    seconds_left: float | None


class PreparingStoppedError(ModelError):
    """A fetch or a conversion was stopped because somebody asked for it. What was fetched is kept."""


Progress = Callable[[Preparing], None]


@dataclass
class Progressing:
    """Tells `progress` of one step, with the time left by the speed since the step began."""

    model: str
    step: Step
    total: int
    progress: Progress
    started: float = field(default_factory=time.monotonic)
    began_with: int | None = None

    def tell(self, done: int) -> None:
        """Tell that `done` of the total is there."""
        if self.began_with is None:
            self.began_with = done
        gained, seconds = done - self.began_with, time.monotonic() - self.started
        left = (self.total - done) * seconds / gained if gained > 0 else None
        self.progress(Preparing(self.model, self.step, done, self.total, left))


def in_words(notify: Notify) -> Progress:
    """Return a progress that says in lines how far things are: at the start of a step and every ten seconds."""
    last: dict[Step, float] = {}

    def tell(event: Preparing) -> None:
        now = time.monotonic()
        if event.step in last and now - last[event.step] < NOTE_SECONDS:
            return
        first, last[event.step] = event.step not in last, now
        share = f"{event.done / event.total:.0%}" if event.total else "0%"
        left = f", {event.seconds_left:.0f} s left" if event.seconds_left is not None else ""
        if not first:
            notify(f"{event.step.value} {event.model}: {share}{left}")
        elif event.step is Step.FETCHING:
            notify(f"fetching {event.model} ({event.total / 1e6:,.0f} MB, once)")
        else:
            notify(f"converting {event.model} (once)")

    return tell
