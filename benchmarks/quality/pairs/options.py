"""The options of `pairs` on the command line; files and their limits are those of the quality benchmark."""

from __future__ import annotations

import argparse
from pathlib import Path

from .passages import Source
from .run import Pairs


def add_pairs(parser: argparse.ArgumentParser) -> None:
    """Add the options to a parser."""
    group = parser.add_argument_group("pairs")
    group.add_argument("--readers", nargs="+", metavar="MODEL", help="who finds (default: the embedded model)")
    group.add_argument(
        "--answer-models",
        nargs="+",
        default=[],
        metavar="MODEL",
        help="who writes: names, ids, folders or OpenAI-compatible addresses",
    )
    group.add_argument(
        "--passages-by",
        nargs="+",
        type=Source,
        default=list(Source),
        metavar="SOURCE",
        help=f"where passages come from: {', '.join(one.value for one in Source)}",
    )
    group.add_argument(
        "--manuals", type=Path, metavar="DIR", help="a folder with manuals that questions are known to"
    )
    group.add_argument("--no-samples", action="store_true", help="leave out the sample documents")
    group.add_argument("--not-alone", action="store_true", help="readers do not answer by themselves, too")


def pairs_of(arguments: argparse.Namespace) -> Pairs:
    """Return what is compared, from parsed arguments."""
    return Pairs(
        tuple(arguments.readers or (None,)),
        tuple(arguments.answer_models),
        tuple(arguments.passages_by),
        alone=not arguments.not_alone,
        samples=not arguments.no_samples,
        manuals=arguments.manuals,
        files=tuple(arguments.files),
        documents=arguments.documents,
        questions=arguments.questions,
        out=arguments.out,
    )
