"""Shared fixtures: nothing here touches the user's home, and models are tiny and made on the spot."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

CACHE = Path(__file__).parent.parent / ".cache"


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test has a home and a library of its own, and a clean random state."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("WHOLEDOC_HOME", str(tmp_path / "library"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def embedded_folder() -> Path:
    """The converted embedded model, made once a machine and kept outside of every test's own home."""
    from wholedoc.embedded_model import embedded_model

    return embedded_model(Path(os.environ.get("WHOLEDOC_TEST_CACHE", CACHE)) / "models")


@pytest.fixture
def with_embedded_model(embedded_folder: Path) -> None:
    """The test's own library already holds the embedded model."""
    from wholedoc.home import home

    models = home() / "models"
    models.mkdir(parents=True)
    (models / embedded_folder.name).symlink_to(embedded_folder)


@pytest.fixture(scope="session")
def tiny_model(embedded_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of random weights with a real tokenizer: reads thousands of tokens a second, answers nonsense."""
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

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
