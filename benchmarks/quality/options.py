"""The options of the quality benchmark on the command line."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from .baselines import Baseline
from .cases.tasks import Task
from .ways import Chosen, Way


class Other(Enum):
    """Measurements besides the tasks that are made at any length."""

    SAMPLES = "samples"
    """The questions about a sample document."""
    PERPLEXITY = "perplexity"
    """How well a text's continuation is predicted."""


class Form(Enum):
    """The format of a file of cases."""

    LEVAL = "leval"
    LONGBENCH = "longbench"
    INFINITEBENCH = "infinitebench"


@dataclass(frozen=True)
class Options:
    """The parsed options.

    `lengths` are in tokens. `documents` and `questions` limit a file to its first documents, and to the first
    questions about each. `library` is a folder to keep, so that another run need not read again. A field that is
    None gets a default from the others when the benchmark runs.
    """

    tasks: tuple[Task | Other, ...] = ()
    lengths: tuple[int, ...] = ()
    files: tuple[Path, ...] = ()
    form: Form = Form.LEVAL
    methods: tuple[Chosen, ...] = (Way.OURS,)
    model: str | None = None
    documents: int | None = None
    questions: int | None = None
    depths: int | None = None
    seed: int = 0
    chunk_tokens: int | None = None
    kept_tokens: int | None = None
    answer_tokens: int | None = None
    text: Path | None = None
    library: Path | None = None
    out: str | None = None

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> Options:
        """Return the options among parsed arguments."""
        said = {name: getattr(arguments, name) for name in cls.__dataclass_fields__}
        fields: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in said.items()
        }
        return cls(**fields)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the quality benchmark to a parser."""
    group = parser.add_argument_group("quality")
    default = Options()

    def add(flag: str, name: str, **how: Any) -> None:
        group.add_argument(flag, dest=name, default=getattr(default, name), **how)

    add("--task", "tasks", nargs="+", type=_member(Task, Other), metavar="TASK", help=_names(Task, Other))
    add("--length", "lengths", nargs="+", type=_positive, metavar="TOKENS", help="lengths of documents in tokens")
    add("--file", "files", nargs="+", type=Path, metavar="FILE", help="files of cases")
    add("--format", "form", type=_member(Form), metavar="FORM", help=f"format of the files: {_names(Form)}")
    add(
        "--methods", "methods", nargs="+", type=_member(Way, Baseline), metavar="METHOD", help=_names(Way, Baseline)
    )
    add("--model", "model", metavar="MODEL", help="a model's folder or id (default: the embedded one)")
    add("--documents", "documents", type=_positive, metavar="N", help="the first N documents of a file")
    add("--questions", "questions", type=_positive, metavar="N", help="the first N questions of each")
    add("--depths", "depths", type=_depths, metavar="N", help="places in a document: 10, quick 3")
    add("--seed", "seed", type=int, metavar="N", help="another seed gives other texts and needles")
    add("--chunk-tokens", "chunk_tokens", type=_positive, metavar="N", help="longest chunk")
    add("--kept-tokens", "kept_tokens", type=_positive, metavar="N", help="tokens of a document that are kept")
    add("--answer-tokens", "answer_tokens", type=_positive, metavar="N", help="longest answer: 128, quick 48")
    add("--text", "text", type=Path, metavar="FILE", help="a document for perplexity (default: the register)")
    add("--library", "library", type=Path, metavar="DIR", help="a library folder that keeps what was read")
    add("--out", "out", metavar="NAME", help="the results' file is called quality-NAME.json")


def _member(*kinds: type[Enum]) -> Callable[[str], Enum]:
    """Return a function that turns a value of one of these enums into its member."""

    def parse(text: str) -> Enum:
        for kind in kinds:
            for member in kind:
                if member.value == text:
                    return member
        raise argparse.ArgumentTypeError(f"{text!r} is none of {_names(*kinds)}")

    return parse


def _names(*kinds: type[Enum]) -> str:
    return ", ".join(str(member.value) for kind in kinds for member in kind)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {number}")
    return number


def _depths(text: str) -> int:
    number = _positive(text)
    if number < 2:
        raise argparse.ArgumentTypeError("goes from the first sentence to the last: at least 2")
    return number
