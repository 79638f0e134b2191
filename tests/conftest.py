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
