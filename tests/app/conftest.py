"""Fixtures of the app's tests: the command line, and the sample documents."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from wholedoc.cli import run

SAMPLES = Path(__file__).parents[2] / "sample_docs"
Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def wholedoc(capfd: pytest.CaptureFixture[str]) -> Command:
    """Run one command line; returns exit code, stdout and stderr."""

    def command(*arguments: str | Path) -> tuple[int, str, str]:
        capfd.readouterr()
        code = run([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return code, out, err

    return command
