"""Fixtures of the app's tests: the command line, and the sample documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch

from parallelcomp import EngineConfig, KVPrecision, Question, Sampling
from wholedoc import AnswerFrom, Library, Settings
from wholedoc.cli import run

if TYPE_CHECKING:
    from .server.serving import Server

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


@pytest.fixture
def settings(tiny_model: Path) -> Settings:
    """The tiny model in small chunks and with short answers, that finds everything and writes freely."""
    return Settings(
        model=str(tiny_model),
        dtype=torch.float32,
        engine=EngineConfig(chunk_tokens=256, precision=KVPrecision.BF16),
        sampling=Sampling(max_new_tokens=6),
        found_margin=-1e9,
        answer_from=AnswerFrom.PASSAGES,
    )


@pytest.fixture
def library(settings: Settings) -> Library:
    """An empty library of the tiny model."""
    return Library.open(settings=settings)


@pytest.fixture
def always_cites(monkeypatch: pytest.MonkeyPatch) -> None:
    """A random model looks no more at what the question asks than at what its lead does: all of it counts."""

    def alike(question: Question) -> list[float]:
        return [1 / len(question.asked)] * len(question.asked)

    monkeypatch.setattr("parallelcomp.engine.question_weights", alike)


@pytest.fixture(scope="session")
def served_settings(tiny_model: Path) -> Settings:
    """Of the server that many tests share: one chunk a pass, so that every chunk is an event."""
    return Settings(
        model=str(tiny_model),
        dtype=torch.float32,
        engine=EngineConfig(chunk_tokens=256, precision=KVPrecision.BF16, prefill_batch=1),
        sampling=Sampling(max_new_tokens=6),
        found_margin=-1e9,
        answer_from=AnswerFrom.PASSAGES,
    )


@pytest.fixture(scope="session")
def shared_server(served_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    from .server.serving import running

    with running(Library.open(tmp_path_factory.mktemp("served"), served_settings)) as started:
        started.wait_ready()
        yield started


@pytest.fixture
def server(shared_server: Server) -> Server:
    """A running server that has nothing to do."""
    shared_server.wait_idle()
    return shared_server
