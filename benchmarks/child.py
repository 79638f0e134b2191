"""A measurement in a process of its own, so that its peak memory is its own and nothing is warm but the files."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

Request = TypeVar("Request")
Result = dict[str, Any]
ROOT = Path(__file__).parents[1]


def in_child(measure: Callable[[Request], Result], request: Request, python: str = sys.executable) -> Result:
    """What `measure(request)` returns in a new process; `python` is its interpreter.

    `measure` is a function of a module, and its result what JSON can hold. Raises CalledProcessError.
    """
    command = [python, "-m", "benchmarks.child", measure.__module__, measure.__name__]
    ran = subprocess.run(command, input=pickle.dumps(request), stdout=subprocess.PIPE, cwd=ROOT, check=True)
    result: Result = json.loads(ran.stdout.splitlines()[-1])
    return result


def _main(module: str, name: str) -> None:
    measure = getattr(import_module(module), name)
    print(json.dumps(measure(pickle.load(sys.stdin.buffer))))


if __name__ == "__main__":
    _main(*sys.argv[1:])
