"""Measures reading beside one busy process, with threads that wait spinning and with threads that wait asleep."""

from __future__ import annotations

import os
import statistics
from enum import Enum
from typing import Any

from wholedoc.runtime.openmp import CHOSEN_BY_USER, waiting_asleep

from ..child import in_child
from ..report import Report
from .contention_child import ContentionRequest, measure

# How often a thread looks before it sleeps if nothing is set. GNU's OpenMP documents it.
GNU_SPINS = 300_000


class Waiting(Enum):
    """How OpenMP's threads wait for each other."""

    SPINNING = "spinning"
    """As GNU's OpenMP has it by default."""
    ASLEEP = "asleep"
    """As wholedoc sets it."""

    def environment(self) -> dict[str, str]:
        """Return this process's environment with nothing but this set of how threads wait."""
        kept = {name: value for name, value in os.environ.items() if name not in CHOSEN_BY_USER}
        spinning = {"GOMP_SPINCOUNT": str(GNU_SPINS)}
        return {**kept, **(spinning if self is Waiting.SPINNING else waiting_asleep(kept))}


def run(quick: bool) -> Report:
    """Read the front of the register idle and beside one busy process, alternately with both ways of waiting."""
    report = Report("contention-quick" if quick else "contention")
    request, rounds = (ContentionRequest(512), 2) if quick else (ContentionRequest(4096), 5)
    measured: dict[Waiting, list[dict[str, Any]]] = {way: [] for way in Waiting}
    for _ in range(rounds):
        for way, rows in measured.items():
            rows.append(in_child(measure, request, environment=way.environment()))
    medians = {way: _medians(rows) for way, rows in measured.items()}
    for way, row in medians.items():
        report.add(waiting=way.value, tokens=request.tokens, rounds=rounds, **row)
    spinning, asleep = medians[Waiting.SPINNING], medians[Waiting.ASLEEP]
    report.add(figure="idle, asleep over spinning", ratio=asleep["idle_s"] / spinning["idle_s"])
    for way, row in medians.items():
        name = f"beside one busy process over idle, {way.value}"
        report.add(figure=name, ratio=row["busy_s"] / row["idle_s"])
    report.notes += [
        "seconds are medians over processes that take turns; ratios are of those medians, within this run",
        "cores_of_others says how many cores were busy with other programs while none was meant to be; the ratios "
        "hold only where it is near 0",
    ]
    return report


def _medians(rows: list[dict[str, Any]]) -> dict[str, float]:
    return {name: statistics.median(row[name] for row in rows) for name in rows[0]}
