"""Writes every measurement to disk at once, so that a run that is killed leaves what it has measured."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import torch

from parallelcomp import Cancelled, MemoryPlanError

from ..report import write_json
from .timing import Deadline, TimeEstimate, release

Row = dict[str, Any]


class State(Enum):
    """The state of a measurement."""

    MEASURED = "measured"
    SKIPPED = "skipped"
    FAILED = "failed"


class Ledger:
    """The rows of a run in a JSON file, which is rewritten with every row.

    `about` is what the rows have in common; `figures` computes ratios from the rows.
    """

    def __init__(self, path: Path, about: Row, figures: Callable[[list[Row]], list[Row]]) -> None:
        self.path, self.about, self.rows = path, about, list[Row]()
        self._figures = figures
        self._started = time.monotonic()
        self._write(finished=False)

    def add(self, measurement: str, state: State, **values: Any) -> None:
        """Add a row, write the file and print the row."""
        row = {
            "measurement": measurement,
            "state": state.value,
            **values,
            "at_s": round(time.monotonic() - self._started, 1),
        }
        self.rows.append(row)
        self._write(finished=False)
        _print(row)

    def finish(self) -> int:
        """Write the finished file and print its ratios; return how many measurements failed."""
        self._write(finished=True)
        for figure in self._figures(self.rows):
            _print(figure)
        print(f"  -> {self.path}", flush=True)
        return sum(row["state"] == State.FAILED.value for row in self.rows)

    def _write(self, *, finished: bool) -> None:
        content = {**self.about, "finished": finished, "rows": self.rows, "figures": self._figures(self.rows)}
        write_json(self.path, content)


class Attempts:
    """Runs measurements one after another. One that does not fit in memory or time becomes a row saying so."""

    def __init__(self, ledger: Ledger, deadline: Deadline, device: torch.device) -> None:
        self.ledger, self.deadline, self.device = ledger, deadline, device

    def attempt(
        self,
        measurement: str,
        estimate: TimeEstimate,
        work: Callable[[], Iterator[Row]],
        *,
        tokens: int,
        **about: Any,
    ) -> None:
        """Add every row that `work` yields, with `tokens` and `about` in each.

        It is skipped if its time, which `estimate` gives by `tokens`, is more than is left; else its time is noted
        in the estimate.
        """
        about = {"tokens": tokens, **about}
        expected, left = estimate.expect(tokens), self.deadline.left
        if left <= 0 or expected > left:
            reason = f"time: about {expected:.0f} s expected, {max(left, 0):.0f} s left"
            self.ledger.add(measurement, State.SKIPPED, **about, reason=reason)
            return
        release(self.device)
        started = time.monotonic()
        stopped = self._run(measurement, work, about)
        if stopped is None:
            estimate.note(tokens, time.monotonic() - started)
        else:
            self.ledger.add(measurement, stopped[0], **about, reason=stopped[1])
        release(self.device)

    def _run(self, measurement: str, work: Callable[[], Iterator[Row]], about: Row) -> tuple[State, str] | None:
        """Return None if all went well, else the state and the reason.

        An exception does not leave this function, because its frames hold tensors.
        """
        try:
            for row in work():
                self.ledger.add(measurement, State.MEASURED, **about, **row)
        except torch.OutOfMemoryError as error:
            return State.SKIPPED, f"memory: {_first_line(error)}"
        except MemoryPlanError as error:
            return State.SKIPPED, f"memory plan: {error}"
        except ImportError as error:
            return State.SKIPPED, f"packages: {error}"
        except Cancelled:
            return State.SKIPPED, f"time: stopped at the deadline of {self.deadline.seconds:.0f} s"
        except Exception as error:  # the run is unattended: the other measurements go on
            traceback.print_exc()
            return State.FAILED, f"{type(error).__name__}: {_first_line(error)}"
        return None


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _print(row: Row) -> None:
    """Print a row in one line, without its lists."""
    shown = [f"{name}={_shown(value)}" for name, value in row.items() if not isinstance(value, list)]
    print("  " + "  ".join(shown), flush=True)


def _shown(value: Any) -> str:
    if not isinstance(value, float):
        return str(value)
    return f"{value:.4g}" if abs(value) < 1000 else f"{value:.0f}"
