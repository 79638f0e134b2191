"""What every benchmark prints and writes: machine, versions, command, rows."""

from __future__ import annotations

import json
import os
import platform
import resource
import sys
import time
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


@dataclass
class Report:
    """One benchmark's figures. `about` says what was measured (the model, its settings); `notes` say which figures
    are ratios within this run, and what was extrapolated."""

    name: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    about: dict[str, Any] = field(default_factory=dict)

    def add(self, **row: Any) -> None:
        """Add a row and print it at once."""
        self.rows.append(row)
        print("  " + "  ".join(f"{name}={_shown(value)}" for name, value in row.items()), flush=True)

    def save(self) -> Path:
        """Write what there is so far as JSON to `benchmarks/results`, whole or not at all."""
        RESULTS.mkdir(exist_ok=True)
        path = RESULTS / f"{self.name}.json"
        content = {"benchmark": self.name, **machine(), **self.about, "rows": self.rows, "notes": self.notes}
        unfinished = path.with_suffix(".unfinished")
        unfinished.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        unfinished.replace(path)
        return path

    def write(self) -> Path:
        """Write the figures and say where."""
        path = self.save()
        for note in self.notes:
            print(f"  note: {note}")
        print(f"  -> {path}")
        return path


def machine() -> dict[str, Any]:
    """The machine, versions and command of this run."""
    return {
        "command": "python -m " + " ".join(["benchmarks", *sys.argv[1:]]),
        "date": time.strftime("%Y-%m-%d"),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "python": platform.python_version(),
        **{name: version(name) for name in ("torch", "transformers", "wholedoc")},
    }


def peak_gigabytes() -> float:
    """The most memory that this process has had in RAM, memory-mapped files included."""
    try:
        status = Path("/proc/self/status").read_text(encoding="utf-8")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    # getrusage would not do on Linux: there a new process begins with the peak of the one that started it.
    (peak,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(peak) * 1024 / 1e9


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def _shown(value: Any) -> str:
    return (
        f"{value:.3g}"
        if isinstance(value, float) and abs(value) < 100
        else (f"{value:,.0f}" if isinstance(value, float) else str(value))
    )
