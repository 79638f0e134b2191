"""`wholedoc` in processes of their own, made from one that has imported everything already."""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

# Importing takes a new interpreter several seconds; a fork of one that has done so has nothing left to import.
FORKS = multiprocessing.get_context("forkserver")
# What is not installed is passed over.
FORKS.set_forkserver_preload(
    [
        "wholedoc.cli",
        "wholedoc.library",
        "wholedoc.server.app",
        "wholedoc_ui.interface.app",
        "wholedoc_ui.serving.pages",
        "tests.app.processes",
    ]
)
WHOLEDOC = "from wholedoc.cli import main; main()"


@dataclass(frozen=True)
class Started:
    """A command line at work; what it says goes to a file."""

    process: BaseProcess
    said: Path

    def wait(self, seconds: float = 120) -> Any:
        """The JSON that it printed in the end."""
        self.process.join(seconds)
        assert self.process.exitcode == 0, self.said.read_text(encoding="utf-8")
        return json.loads(self.said.read_text(encoding="utf-8"))


def start(arguments: list[str | Path], said: Path, program: str = WHOLEDOC, **environment: str) -> Started:
    """Run `wholedoc` with these arguments, or another program, in this process's environment and `environment`.

    It computes on one core.
    """
    target = [str(one) for one in arguments], str(said), program, {**os.environ, **environment}
    process = FORKS.Process(target=_run, args=target)
    process.start()
    return Started(process, said)


def _run(arguments: list[str], said: str, program: str, environment: dict[str, str]) -> None:
    import torch

    os.environ.clear()
    os.environ.update(environment)
    torch.set_num_threads(1)
    with open(said, "wb") as file:
        os.dup2(file.fileno(), sys.__stdout__.fileno())  # type: ignore[union-attr]
    sys.stdout = sys.__stdout__
    sys.argv[1:] = arguments
    exec(compile(program, "<program>", "exec"), {"__name__": "__main__"})
