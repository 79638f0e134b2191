"""The embedded model: made once, and always the same to the bit."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from wholedoc.errors import ModelError
from wholedoc.models import embedded_model, fetching
from wholedoc.models.catalogue import SMOLLM2_135M
from wholedoc.models.text_model import open_model

# The sha256 of all its weights in fp32, by name. Libraries on disk are keyed by weights and configuration: a
# conversion that changes them makes every document be read again.
WEIGHTS = "785e20b3e653276b0579b744214a1186d730ba80af04f397f642d6432e5e0154"


@pytest.mark.embedded
def test_it_answers_like_the_model_it_is(embedded_folder: Path) -> None:
    model = open_model(str(embedded_folder), dtype=torch.float32)
    assert model.loaded.spec.family == "llama"
    assert (model.loaded.spec.layers, model.loaded.spec.query_heads, model.loaded.spec.kv_heads) == (30, 9, 3)
    ids = torch.tensor([model.tokenizer("The capital of France is", add_special_tokens=False)["input_ids"]])
    out = model.loaded.model.generate(ids, max_new_tokens=3, do_sample=False)
    assert "Paris" in model.decode(out[0].tolist())


@pytest.mark.embedded
def test_it_is_the_same_to_the_bit(embedded_folder: Path) -> None:
    digest = hashlib.sha256()
    with safe_open(embedded_folder / "model.safetensors", "np") as weights:
        for name in sorted(weights.keys()):
            digest.update(name.encode() + weights.get_tensor(name).tobytes())
    assert digest.hexdigest() == WEIGHTS
    config = json.loads((embedded_folder / "config.json").read_text())
    assert config["_model_name_or_path"] == "Smollm2 135M 8k Lc100K Mix1 Ep2"


@pytest.mark.embedded
def test_the_second_time_nothing_is_made(embedded_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "fetch", None)
    assert embedded_model.embedded_model(embedded_folder.parent) == embedded_folder


@pytest.mark.embedded
@pytest.mark.usefixtures("with_embedded_model")
def test_its_short_name_is_the_same_model() -> None:
    named, default = open_model(SMOLLM2_135M.name), open_model()
    assert named.loaded.spec.fingerprint == default.loaded.spec.fingerprint
    assert (named.name, default.name) == ("smollm2-135m", "SmolLM2-135M-Instruct")


def test_a_folder_that_cannot_be_written_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file where the folder should be")
    with pytest.raises(ModelError, match="cannot keep"):
        embedded_model.embedded_model(tmp_path / "models")
