"""Models on their way: fetched and converted in a thread, while everything else on the page goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from pathlib import Path

from wholedoc.errors import explain
from wholedoc.models import held_models
from wholedoc.models.catalogue import Role, find_model
from wholedoc.models.preparing import Preparing, PreparingStoppedError

from .wanted import Wanted

# How long a fetch that was stopped may take to end, in seconds.
STOP_S = 15.0


class FetchPhase(Enum):
    RUNNING = auto()
    DONE = auto()
    STOPPED = auto()
    FAILED = auto()


@dataclass(frozen=True)
class Fetch:
    """How far a model is. `message` says to a person what that means; `progress` is None where nothing is known."""

    wanted: Wanted
    phase: FetchPhase
    message: str
    progress: Preparing | None = None


class ModelFetch:
    """Fetches what is wanted into the folder `models`, one model at a time. Threads may share it."""

    def __init__(self, models: Path) -> None:
        self._models = models
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._state: Fetch | None = None

    @property
    def state(self) -> Fetch | None:
        """How far the model is that was wanted last; None if none was."""
        return self._state

    @property
    def running(self) -> Wanted | None:
        """What is being fetched now."""
        state = self._state
        return state.wanted if state is not None and state.phase is FetchPhase.RUNNING else None

    def start(self, wanted: Sequence[Wanted], arrived: Callable[[Wanted, str], None]) -> None:
        """Fetch in a thread. Calls `arrived` there with each that was wanted, and the name of what has come for it.

        That is another name if a smaller model takes the place of one that cannot be had. What `arrived` raises
        counts as a failure. What was being fetched is stopped.
        """
        stop = self._begin(wanted[0])
        self._thread = threading.Thread(target=self._run, args=(wanted, arrived, stop), name="fetch", daemon=True)
        self._thread.start()

    def wait_for(self, wanted: Wanted) -> str:
        """Fetch in this thread, and return the name of what has come. Raises ModelError, also if it is stopped."""
        stop = self._begin(wanted)
        try:
            return self._hold(wanted, [], stop)
        finally:
            self._tell(stop, None)

    def stop(self) -> None:
        """Stop what is being fetched. What has arrived is kept."""
        with self._lock:
            self._stop.set()
            if (wanted := self.running) is not None:
                message = f"{wanted.name} was not fetched to the end. {_later(wanted)}"
                self._state = Fetch(wanted, FetchPhase.STOPPED, message)

    def forget(self) -> None:
        """Say no more of what became of the last fetch."""
        with self._lock:
            if self.running is None:
                self._state = None

    def close(self) -> None:
        """Stop, and wait until nothing is fetched any more."""
        self.stop()
        if self._thread is not None:
            self._thread.join(STOP_S)

    def _begin(self, wanted: Wanted) -> threading.Event:
        """Return the event that stops the new fetch."""
        with self._lock:
            self._stop.set()
            self._stop = threading.Event()
            self._state = _running(wanted)
            return self._stop

    def _tell(self, stop: threading.Event, state: Fetch | None) -> None:
        """Say how far a fetch is, unless it was stopped or another one has begun."""
        with self._lock:
            if stop is self._stop and not stop.is_set():
                self._state = state

    def _run(self, wanted: Sequence[Wanted], arrived: Callable[[Wanted, str], None], stop: threading.Event) -> None:
        for one in wanted:
            told: list[str] = []
            try:
                self._tell(stop, _running(one))
                name = self._hold(one, told, stop)
                arrived(one, name)
            except PreparingStoppedError:
                return
            except Exception as error:
                reason = explain(error) or f"{type(error).__name__}: {error}"
                message = f"{one.name} cannot be used. {_later(one)} The reason: {reason}"
                self._tell(stop, Fetch(one, FetchPhase.FAILED, message))
                return
            self._tell(stop, Fetch(one, FetchPhase.DONE, " ".join([*told, _welcome(one, name)])))

    def _hold(self, wanted: Wanted, told: list[str], stop: threading.Event) -> str:
        """Return the name of the model that is there now. `told` gets what a person should know of it."""

        def progress(event: Preparing) -> None:
            self._tell(stop, replace(_running(wanted), progress=event))

        model = find_model(wanted.name)
        if model is None:
            held_models.hold_named(wanted.name, self._models, progress, stop.is_set)
            return wanted.name
        found, _ = held_models.hold_or_smaller(
            model, wanted.role, self._models, progress, lambda line: told.append(f"{line}."), stop.is_set
        )
        return found.name


def _running(wanted: Wanted) -> Fetch:
    purpose = "write the answers" if wanted.role is Role.WRITER else "read the documents"
    if wanted.meanwhile is None:
        meanwhile = "Documents can be dropped meanwhile; they are read when it is here."
    elif wanted.role is Role.WRITER:
        meanwhile = f"You can ask meanwhile: until it is here, {wanted.meanwhile} answers."
    else:
        meanwhile = f"Until it is here, {wanted.meanwhile} reads them."
    return Fetch(wanted, FetchPhase.RUNNING, f"{wanted.name} is on its way and will {purpose}. {meanwhile}")


def _welcome(wanted: Wanted, name: str) -> str:
    if wanted.role is Role.READER:
        return f"{name} is here and reads from now on. A document is read again when you ask it."
    return f"{name} is here and writes the answers from now on: expect better ones than before."


def _later(wanted: Wanted) -> str:
    """What it means that a model is not here, and how to have it after all."""
    does = "answers" if wanted.role is Role.WRITER else "reads"
    goes_on = f"{wanted.meanwhile} {does} as before. " if wanted.meanwhile else ""
    if find_model(wanted.name) is None:
        return f"{goes_on}Choose it again in the settings to go on."
    return (
        f"{goes_on}To have it later, choose it in the settings or run “wholedoc models fetch {wanted.name}”; what "
        "has arrived is kept."
    )
