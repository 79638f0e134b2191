"""Fixtures of the app's tests: the embedded model where the library looks for it, and small documents."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from wholedoc.cli import run
from wholedoc.home import home

SAMPLES = Path(__file__).parents[2] / "sample_docs"


@pytest.fixture
def with_embedded_model(embedded_folder: Path) -> None:
    """The test's own library already holds the embedded model."""
    models = home() / "models"
    models.mkdir(parents=True)
    (models / embedded_folder.name).symlink_to(embedded_folder)


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
