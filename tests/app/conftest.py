"""Fixtures of the app's tests: the embedded model where the library looks for it, and small documents."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

from parallelcomp import EngineConfig, KVPrecision, Question, Sampling
from wholedoc import Library, Settings
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


@pytest.fixture(scope="session")
def tiny_model(embedded_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of random weights with a real tokenizer: reads thousands of tokens a second, answers nonsense."""
    folder = tmp_path_factory.mktemp("tiny-model")
    tokenizer = AutoTokenizer.from_pretrained(str(embedded_folder))
    torch.manual_seed(5)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=2048,
        eos_token_id=tokenizer.eos_token_id,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def settings(tiny_model: Path) -> Settings:
    """The tiny model in small chunks and with short answers, that finds everything."""
    return Settings(
        model=str(tiny_model),
        dtype=torch.float32,
        engine=EngineConfig(chunk_tokens=256, precision=KVPrecision.BF16),
        sampling=Sampling(max_new_tokens=6),
        found_margin=-1e9,
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
