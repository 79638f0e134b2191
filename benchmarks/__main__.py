"""`python -m benchmarks [--quick] [NAME ...]`: run all measurements, or those named."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from . import library, precision, questions, reading, server, stopping, ui
from .quality.errors import CasesError
from .quality.options import Options, add_options
from .quality.run import run as run_quality
from .report import Report, machine

BENCHMARKS: dict[str, Callable[[bool], Report]] = {
    "reading": reading.run,
    "questions": questions.run,
    "precision": precision.run,
    "library": library.run,
    "stopping": stopping.run,
    "server": server.run,
    "ui": ui.run,
}
# The one that has options of its own.
QUALITY = "quality"


def main() -> None:
    names = (*BENCHMARKS, QUALITY)
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(names)}")
    parser.add_argument("--quick", action="store_true", help="short documents, about two minutes each")
    add_options(parser)
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(names)
    if unknown:
        parser.error(f"no benchmark called {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    for name, value in machine().items():
        print(f"{name}: {value}")
    for name in arguments.names or names:
        print(f"\n{name}")
        if name != QUALITY:
            BENCHMARKS[name](arguments.quick).write()
            continue
        try:
            run_quality(arguments.quick, Options.of(arguments)).write()
        except CasesError as error:
            parser.error(str(error))


if __name__ == "__main__":
    main()
