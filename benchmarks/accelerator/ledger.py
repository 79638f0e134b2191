"""What was measured, on disk at once: a run that is killed leaves what it has."""

from __future__ import annotations

import json
import os
import time
import traceback
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import torch

from parallelcomp import Cancelled, MemoryPlanError

from .timing import Deadline, Pace, release

Row = dict[str, Any]


class State(Enum):
    """What became of a measurement."""

    MEASURED = "measured"
    SKIPPED = "skipped"
    FAILED = "failed"


class Ledger:
    """Rows of a run in a JSON file, written anew and whole with every row.

    `about` is what the rows have in common, `figures` derives further ones from those measured.
    """

    def __init__(self, path: Path, about: Row, figures: Callable[[list[Row]], list[Row]]) -> None:
        self.path, self.about, self.rows = path, about, list[Row]()
        self._figures = figures
        self._started = time.monotonic()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._write(finished=False)

    def add(self, measurement: str, state: State, **values: Any) -> None:
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
        """Close the run; the number of measurements that failed."""
        self._write(finished=True)
        for figure in self._figures(self.rows):
            _print(figure)
        print(f"  -> {self.path}", flush=True)
        return sum(row["state"] == State.FAILED.value for row in self.rows)

    def _write(self, *, finished: bool) -> None:
        content = {**self.about, "finished": finished, "rows": self.rows, "figures": self._figures(self.rows)}
        beside = self.path.with_name(self.path.name + ".new")
        beside.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        os.replace(beside, self.path)


class Attempts:
    """Runs measurements one after another; what does not fit in memory or in time becomes a row that says so."""

    def __init__(self, ledger: Ledger, deadline: Deadline, device: torch.device) -> None:
        self.ledger, self.deadline, self.device = ledger, deadline, device

    def attempt(self, measurement: str, throughput: Pace, work: Callable[[], Iterator[Row]], **about: Any) -> None:
        """Add every row that `work` yields. `about`, of which `tokens` sets the throughput, is part of each."""
        expected, left = throughput.expect(about["tokens"]), self.deadline.left
        if left <= 0 or expected > left:
            reason = f"time: about {expected:.0f} s expected, {max(left, 0):.0f} s left"
            self.ledger.add(measurement, State.SKIPPED, **about, reason=reason)
            return
        release(self.device)
        started = time.monotonic()
        stopped = self._run(measurement, work, about)
        if stopped is None:
            throughput.note(about["tokens"], time.monotonic() - started)
        else:
            self.ledger.add(measurement, stopped[0], **about, reason=stopped[1])
        release(self.device)

    def _run(self, measurement: str, work: Callable[[], Iterator[Row]], about: Row) -> tuple[State, str] | None:
        """None if all went well. The error does not leave this function: its frames hold tensors."""
        try:
            for row in work():
                self.ledger.add(measurement, State.MEASURED, **about, **row)
        except torch.OutOfMemoryError as error:
            return State.SKIPPED, f"memory: {_first_line(error)}"
        except MemoryPlanError as error:
            return State.SKIPPED, f"memory plan: {error}"
        except Cancelled:
            return State.SKIPPED, f"time: stopped at the deadline of {self.deadline.seconds:.0f} s"
        except Exception as error:  # nobody is there to start it again
            traceback.print_exc()
            return State.FAILED, f"{type(error).__name__}: {_first_line(error)}"
        return None


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _print(row: Row) -> None:
    """One line, without what is a list in the file."""
    shown = [f"{name}={_shown(value)}" for name, value in row.items() if not isinstance(value, list)]
    print("  " + "  ".join(shown), flush=True)


def _shown(value: Any) -> str:
    if not isinstance(value, float):
        return str(value)
    return f"{value:.4g}" if abs(value) < 1000 else f"{value:.0f}"
