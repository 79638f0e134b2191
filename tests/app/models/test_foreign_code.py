"""Code that comes with a model is never run, and nobody is asked whether it should be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from wholedoc.errors import ModelError
from wholedoc.models.text_model import open_model


@pytest.mark.parametrize("kind", ["llama", "something-new"])
def test_code_of_a_model_is_not_run(kind: str, tmp_path: Path) -> None:
    marker = tmp_path / "it-was-run"
    model = tmp_path / "model"
    model.mkdir()
    (model / "own.py").write_text(f"open({str(marker)!r}, 'w')\n")
    names = {"AutoConfig": "own.Config", "AutoModelForCausalLM": "own.Model", "AutoTokenizer": ["own.T", "own.F"]}
    (model / "config.json").write_text(json.dumps({"model_type": kind, "auto_map": names}))
    (model / "tokenizer_config.json").write_text(json.dumps({"auto_map": names}))
    with pytest.raises(ModelError, match=r"cannot (load|use)"):
        open_model(str(model))
    assert not marker.exists()
