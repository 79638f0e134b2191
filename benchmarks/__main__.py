"""`python -m benchmarks [--quick] [NAME ...]` runs those that are named, or all but the hour of `soak`."""

# ruff: noqa: E402
from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from wholedoc.runtime.openmp import wait_asleep

wait_asleep()  # before anything below imports torch

from . import plots
from .cluster.run import run as run_cluster
from .errors import CasesError, NotInstalledError
from .quality import attention, conversations, policies, precision, questions, recognition
from .quality.everywhere.run import run as run_everywhere
from .quality.extraction.run import run as run_extraction
from .quality.options import Options, add_options
from .quality.pairs.options import add_pairs, pairs_of
from .quality.pairs.run import run as run_pairs
from .quality.run import run as run_quality
from .quality.scoring import run as run_scoring
from .quality.shelf import add_shelf, shelved_of
from .quality.shelf import run as run_shelf
from .report import Report, machine
from .robustness import fairness, hostile, soak
from .speed import asking, contention, library, llama_cpp, reading, server, stopping, ui

BENCHMARKS: dict[str, Callable[[bool], Report]] = {
    "reading": reading.run,
    "asking": asking.run,
    "questions": questions.run,
    "precision": precision.run,
    "library": library.run,
    "stopping": stopping.run,
    "contention": contention.run,
    "server": server.run,
    "ui": ui.run,
    "policies": policies.run,
    "hostile": hostile.run,
    "fairness": fairness.run,
    "ocr": recognition.run,
    "cluster": run_cluster,
}
# These take options of their own; `plots` draws what the others measured.
QUALITY, LLAMA_CPP, ATTENTION, PLOTS = "quality", "llama_cpp", "attention", "plots"
PAIRS, EVERYWHERE, SCORING, SHELF = "pairs", "everywhere", "scoring", "shelf"
EXTRACTION, CONVERSATIONS = "extraction", "conversations"
# Takes an hour, so that it is run only where it is named.
SOAK = "soak"


def main() -> None:
    with_options = (QUALITY, LLAMA_CPP, ATTENTION, PAIRS, EVERYWHERE, SCORING, SHELF, EXTRACTION, CONVERSATIONS)
    names = (*BENCHMARKS, *with_options, PLOTS, SOAK)
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(names)}")
    parser.add_argument(
        "--quick", action="store_true", help="short documents: each benchmark takes two minutes or less"
    )
    parser.add_argument(
        "--llama-cpp-python",
        metavar="PYTHON",
        default=sys.executable,
        help="interpreter that has llama-cpp-python (default: this one)",
    )
    parser.add_argument(
        "--pdfs", type=Path, metavar="DIR", help="a folder with the Debian packages of `extraction`, unpacked"
    )
    parser.add_argument(
        "--pdfs-python", metavar="PYTHON", help="interpreter that has pymupdf4llm and pdfplumber, to compare with"
    )
    add_options(parser)
    add_pairs(parser)
    add_shelf(parser)
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(names)
    if unknown:
        parser.error(f"no benchmark called {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    runs: dict[str, Callable[[bool], Report]] = {
        **BENCHMARKS,
        QUALITY: lambda quick: run_quality(quick, Options.of(arguments)),
        ATTENTION: partial(attention.run, tokens=arguments.lengths or ()),
        PAIRS: lambda quick: run_pairs(quick, pairs_of(arguments)),
        CONVERSATIONS: lambda quick: conversations.run(quick, arguments.manuals),
        EVERYWHERE: lambda quick: run_everywhere(quick, arguments.manuals, arguments.questions),
        SCORING: lambda quick: run_scoring(quick, pairs_of(arguments)),
        SHELF: lambda quick: run_shelf(quick, shelved_of(arguments)),
        LLAMA_CPP: partial(llama_cpp.run, python=arguments.llama_cpp_python),
        EXTRACTION: lambda quick: run_extraction(quick, arguments.pdfs, arguments.pdfs_python),
        SOAK: soak.run,
    }
    for name, value in machine().items():
        print(f"{name}: {value}")
    unnamed = [one for one in names if one != SOAK]
    for name in (one for one in arguments.names or unnamed if one != PLOTS):
        print(f"\n{name}")
        try:
            runs[name](arguments.quick).write()
        except NotInstalledError as error:
            if name in arguments.names:
                parser.exit(1, f"  not measured: {error}\n")
            print(f"  not measured: {error}")
        except CasesError as error:
            parser.error(str(error))
    if PLOTS in arguments.names:
        for path in plots.draw():
            print(f"  -> {path}")


if __name__ == "__main__":
    main()
