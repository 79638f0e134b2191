"""`python -m benchmarks [--quick] [NAME ...]`: run all measurements, or those named."""

from __future__ import annotations

import argparse

from . import library, precision, questions, reading, server, stopping, ui
from .report import machine

BENCHMARKS = {
    "reading": reading.run,
    "questions": questions.run,
    "precision": precision.run,
    "library": library.run,
    "stopping": stopping.run,
    "server": server.run,
    "ui": ui.run,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(BENCHMARKS)}")
    parser.add_argument("--quick", action="store_true", help="short documents, about two minutes in all")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(BENCHMARKS)
    if unknown:
        parser.error(f"no benchmark called {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    for name, value in machine().items():
        print(f"{name}: {value}")
    for name in arguments.names or BENCHMARKS:
        print(f"\n{name}")
        BENCHMARKS[name](arguments.quick).write()


if __name__ == "__main__":
    main()
