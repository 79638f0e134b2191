"""Damaged files of every format that is read: each must be read or refused, and nothing may be left behind.

`python -m benchmarks.robustness.mutated_files N [--seed SEED]` reads N of them, about two a second.
"""

from __future__ import annotations

import argparse
import os
import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import psutil

from wholedoc.documents.extraction import ExtractionLimits, read_document
from wholedoc.errors import DocumentError

from ..report import Report
from .honest_files import PASSWORD, honest_files
from .mutations import mutated

LIMITS = ExtractionLimits(seconds=30, memory_bytes=1 << 30)
_CRASH = re.compile(r"made its reader crash \((.*?)\), so it is", re.DOTALL)


@dataclass
class MutatedFigures:
    """What became of the damaged files.

    `refused` counts typed errors by their name, and `reader_crashes` those among them where the child process
    crashed, by how. `escaped` are other errors, each with the file that caused it: there should be none. Children
    and files are those that were left behind, which should be none either.
    """

    files: int = 0
    read: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    reader_crashes: Counter[str] = field(default_factory=Counter)
    escaped: list[str] = field(default_factory=list)
    slowest_seconds: float = 0.0
    slowest: str = ""
    children_left: int = 0
    files_left: int = 0


def run_mutated_files(count: int, seed: int = 0) -> MutatedFigures:
    """Read `count` damaged files, one by one, each within `LIMITS`. A seed's nth file is always the same."""
    figures = MutatedFigures()
    honest = honest_files()
    with tempfile.TemporaryDirectory() as folder, own_temporary_folder() as scratch:
        children = set(psutil.Process().children(recursive=True))
        for number in range(count):
            chance = Random(f"{seed}/{number}")
            name = chance.choice(sorted(honest))
            data, ways = mutated(honest[name], chance)
            path = Path(folder) / name
            path.write_bytes(data)
            _read(path, f"{seed}/{number} {name}: {ways}", figures)
        figures.children_left = len(set(psutil.Process().children(recursive=True)) - children)
        figures.files_left = len(list(scratch.iterdir()))
    return figures


def _read(path: Path, description: str, figures: MutatedFigures) -> None:
    figures.files += 1
    started = time.monotonic()
    try:
        read_document(path, password=PASSWORD, limits=LIMITS)
        figures.read += 1
    except DocumentError as error:
        figures.refused[type(error).__name__] += 1
        if crash := _CRASH.search(str(error)):
            figures.reader_crashes[crash[1]] += 1
    except Exception as error:  # whatever it is, it is a defect, and the others are still to be read
        figures.escaped.append(f"{description}: {error!r}")
    seconds = time.monotonic() - started
    if seconds > figures.slowest_seconds:
        figures.slowest_seconds, figures.slowest = seconds, description


@contextmanager
def own_temporary_folder() -> Iterator[Path]:
    """Let this process and its children write temporary files to a new folder, where those left can be counted."""
    before, variable = tempfile.tempdir, os.environ.get("TMPDIR")
    with tempfile.TemporaryDirectory() as outer:
        scratch = Path(outer) / "scratch"
        scratch.mkdir()
        tempfile.tempdir = os.environ["TMPDIR"] = str(scratch)
        try:
            yield scratch
        finally:
            tempfile.tempdir = before
            if variable is None:
                del os.environ["TMPDIR"]
            else:
                os.environ["TMPDIR"] = variable


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.robustness.mutated_files", description=__doc__)
    parser.add_argument("count", type=int, metavar="N", help="how many files")
    parser.add_argument("--seed", type=int, default=0, help="another seed makes other files (default: 0)")
    arguments = parser.parse_args()
    report = Report("mutated-files", about={"seed": arguments.seed, "seconds": LIMITS.seconds})
    report.add(**vars(run_mutated_files(arguments.count, arguments.seed)))
    report.write()


if __name__ == "__main__":
    main()
