"""Documents on their way into the library, as all tabs see them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import count

from wholedoc import Planned, Reading

_keys = count(1)


class Stage(Enum):
    WAITING = auto()
    EXTRACTING = auto()
    PLANNED = auto()
    READING = auto()
    DONE = auto()
    BESIDE = auto()
    """It is done, in the middle of a conversation about other documents."""
    STOPPED = auto()
    FAILED = auto()
    LOCKED = auto()

    @property
    def goes_on(self) -> bool:
        """Whether work on it is going on, or will."""
        return self in (Stage.WAITING, Stage.EXTRACTING, Stage.PLANNED, Stage.READING)


@dataclass(frozen=True)
class Arrival:
    """A document on its way into the library. `message` explains the stages FAILED and LOCKED.

    `recognised` counts the scanned pages that are done and all of them, once one is. `key` tells it from other
    arrivals; `document_id` is empty until it is known.
    """

    name: str
    stage: Stage = Stage.WAITING
    message: str = ""
    planned: Planned | None = None
    reading: Reading | None = None
    pages: int = 0
    warnings: tuple[str, ...] = ()
    document_id: str = ""
    recognised: tuple[int, int] | None = None
    key: int = field(default_factory=lambda: next(_keys), compare=False)


Arrivals = tuple[Arrival, ...]


@dataclass
class Batch:
    """Documents that were dropped together, with what becomes of each. `put_away` are the keys of those that a
    person does not want to see any more.
    """

    arrivals: list[Arrival]
    put_away: set[int] = field(default_factory=set)

    @property
    def shown(self) -> list[Arrival]:
        """The arrivals that were not put away."""
        return [one for one in self.arrivals if one.key not in self.put_away]
