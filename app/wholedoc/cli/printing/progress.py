"""Progress bars on stderr while documents are read. Nothing is shown if stderr is no terminal."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from ...answer import AskingParts, Planned, Reading, Scoring
from .terminal import harmless

T = TypeVar("T")


class Bars:
    """One bar for every document while it is read, and one while chunks are scored."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}
        self._reported_damage: set[str] = set()

    def show(self, event: Planned | Reading | Scoring | AskingParts) -> None:
        """Announces what is planned, or updates the bar that an event belongs to."""
        if isinstance(event, Planned):
            if event.seconds is not None:
                tell(_plan(event))
        elif isinstance(event, Reading):
            if event.damaged_chunks and event.document not in self._reported_damage:
                self._reported_damage.add(event.document)
                tell(f"{event.damaged_chunks} chunks of {event.document} were damaged on disk and are read again")
            if event.cached_tokens == event.total_tokens:
                return
            left = "" if event.seconds_left is None else f"{duration(event.seconds_left)} left"
            note = (
                f"{event.tokens:,}/{event.total_tokens:,} tokens  {event.tokens_per_second:,.0f} tokens/s  {left}"
            )
            self._update(f"reading {event.document}", event.tokens, event.total_tokens, note)
        elif isinstance(event, AskingParts):
            self._show_parts(event)
        else:
            self._update("asking", event.done, event.total, f"{event.done}/{event.total} chunks")

    def _show_parts(self, event: AskingParts) -> None:
        left = "" if event.seconds_left is None else f"about {duration(event.seconds_left)} left"
        found = f"{len(event.items)} found  " if event.items else ""
        note = f"{event.done}/{event.total} parts  {found}{left}"
        self._update("asking every part", event.done, event.total, note)

    def show_recognised(self, name: str, done: int, total: int) -> None:
        """Updates the bar of a document whose scanned pages are recognised."""
        self._update(f"recognising {name}", done, total, f"{done}/{total} pages")

    def show_share(self, title: str, share: float) -> None:
        """Updates the bar with this title; `share` of its work is done, from 0 to 1."""
        self._update(title, round(share * 100), 100, f"{share:.0%}")

    def _update(self, title: str, done: int, total: int, note: str) -> None:
        title = escape(harmless(title))
        if title not in self._tasks:
            self._tasks[title] = self._progress.add_task(title, total=total, note=note)
        self._progress.update(self._tasks[title], completed=done, total=total, note=note)

    def follow(self, reading: Generator[Planned | Reading | AskingParts, None, T]) -> T:
        """Runs a reading, or what follows it, to its end, shows its progress, and returns its result."""
        while True:
            try:
                self.show(next(reading))
            except StopIteration as stop:
                return stop.value


@contextmanager
def bars() -> Iterator[Bars]:
    """Yields bars on stderr that disappear at the end. They are invisible if stderr is no terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[note]}"))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield Bars(progress)


def tell(message: str) -> None:
    """Prints a line for people on stderr."""
    Console(stderr=True, highlight=False, markup=False).print(harmless(message), soft_wrap=True)


def _plan(planned: Planned) -> str:
    """Returns the sentence that says before reading how long it will take."""
    known = f", {planned.cached_tokens:,} of them read before" if planned.cached_tokens else ""
    left = "about a minute" if (planned.seconds or 0) < 90 else f"about {(planned.seconds or 0) / 60:.0f} minutes"
    return f"{planned.document}: {planned.tokens:,} tokens{known}; reading takes {left}, once"


def duration(seconds: float) -> str:
    """Returns seconds as people write them: "40 s", "2:05 min"."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d} min" if minutes else f"{rest} s"
