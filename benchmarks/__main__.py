"""`python -m benchmarks [--quick] [NAME ...]`: run all measurements, or those named; `plots` draws them."""

from __future__ import annotations

import argparse
import sys
from functools import partial

from . import asking, library, llama_cpp, plots, precision, questions, reading, server, stopping, ui
from .llama_cpp import NotInstalledError
from .report import machine

BENCHMARKS = {
    "reading": reading.run,
    "asking": asking.run,
    "questions": questions.run,
    "precision": precision.run,
    "library": library.run,
    "stopping": stopping.run,
    "server": server.run,
    "ui": ui.run,
    "llama_cpp": llama_cpp.run,
}
PLOTS = "plots"


def main() -> None:
    known = (*BENCHMARKS, PLOTS)
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(known)}")
    parser.add_argument("--quick", action="store_true", help="short documents, about two minutes in all")
    parser.add_argument(
        "--llama-cpp-python",
        metavar="PYTHON",
        default=sys.executable,
        help="interpreter that has llama-cpp-python; this one if not given",
    )
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(known)
    if unknown:
        parser.error(f"no benchmark called {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    runs = BENCHMARKS | {"llama_cpp": partial(llama_cpp.run, python=arguments.llama_cpp_python)}
    for name, value in machine().items():
        print(f"{name}: {value}")
    for name in (one for one in arguments.names or BENCHMARKS if one != PLOTS):
        print(f"\n{name}")
        try:
            runs[name](arguments.quick).write()
        except NotInstalledError as error:
            if name in arguments.names:
                parser.exit(1, f"  not measured: {error}\n")
            print(f"  not measured: {error}")
    if PLOTS in arguments.names:
        for path in plots.draw():
            print(f"  -> {path}")


if __name__ == "__main__":
    main()
