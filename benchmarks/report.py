"""What every benchmark prints and writes: the machine, versions, the command and rows of figures."""

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
    """One benchmark's figures.

    `about` says what was measured (the model and its settings). `notes` say which figures are ratios within this
    run and which were extrapolated.
    """

    name: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    about: dict[str, Any] = field(default_factory=dict)

    def add(self, **row: Any) -> None:
        """Add a row and print it immediately."""
        self.rows.append(row)
        print("  " + "  ".join(f"{name}={_shown(value)}" for name, value in row.items()), flush=True)

    def save(self) -> Path:
        """Write the figures so far as JSON to `benchmarks/results`, and return the file's path."""
        path = RESULTS / f"{self.name}.json"
        content = {"benchmark": self.name, **machine(), **self.about, "rows": self.rows, "notes": self.notes}
        write_json(path, content)
        return path

    def write(self) -> Path:
        """Write the figures, and print the notes and the file's path."""
        path = self.save()
        for note in self.notes:
            print(f"  note: {note}")
        print(f"  -> {path}")
        return path


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON file, and its folder if needed. A killed process leaves the old file or the new one, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".unfinished")
    unfinished.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    unfinished.replace(path)


def machine() -> dict[str, Any]:
    """Return the machine, the versions and the command of this run."""
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
    """Return the most memory that this process ever had in RAM, in GB (1e9 bytes), with memory-mapped files."""
    try:
        status = Path("/proc/self/status").read_text(encoding="utf-8")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    # On Linux, getrusage is no help: a new process starts with the peak of the one that started it.
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
