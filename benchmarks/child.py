"""Runs a measurement in a new process, so that peak memory is its own and only the file cache is warm."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

Request = TypeVar("Request")
Result = dict[str, Any]
ROOT = Path(__file__).parents[1]


def in_child(
    measure: Callable[[Request], Result],
    request: Request,
    python: str = sys.executable,
    environment: Mapping[str, str] | None = None,
) -> Result:
    """Return what `measure(request)` returns in a new process of the interpreter `python`.

    `measure` must be a function at the top of a module, and its result something that JSON can hold. `environment`
    replaces this process's environment variables. Raises CalledProcessError if the process fails.
    """
    command = [python, "-m", "benchmarks.child", measure.__module__, measure.__name__]
    ran = subprocess.run(
        command, input=pickle.dumps(request), stdout=subprocess.PIPE, cwd=ROOT, check=True, env=environment
    )
    result: Result = json.loads(ran.stdout.splitlines()[-1])
    return result


def _main(module: str, name: str) -> None:
    measure = getattr(import_module(module), name)
    print(json.dumps(measure(pickle.load(sys.stdin.buffer))))


if __name__ == "__main__":
    _main(*sys.argv[1:])
