"""The choice of a model's weights, from every place where it can be made."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from parallelcomp import Weights
from wholedoc import Library, Planned, Settings
from wholedoc.errors import ModelError
from wholedoc.models.text_model import open_model

from ..conftest import SAMPLES, Command

pytestmark = pytest.mark.embedded


def test_the_command_line_loads_the_model_with_them_and_says_so(wholedoc: Command, roomy_model: Path) -> None:
    pytest.importorskip("torchao")
    said: list[dict[str, object]] = []
    for chosen in ([], ["--weights", "int8"]):
        code, out, err = wholedoc("doctor", "--json", "--device", "cpu", "--model", roomy_model, *chosen)
        assert code == 0, err
        assert "torchao" not in err  # its own advice is not for the person who asks
        said.append(json.loads(out))
    assert [facts["weights"] for facts in said] == ["not quantised", "torchao"]
    assert int(str(said[1]["weights_bytes"])) < int(str(said[0]["weights_bytes"]))


@pytest.mark.parametrize(
    ("chosen", "says"),
    [
        (["--weights", "int4"], "no kernels for cpu"),
        (["--weights", "bf16", "--dtype", "fp32"], "not in float32: choose one"),
    ],
)
def test_what_does_not_go_is_one_sentence(
    chosen: list[str], says: str, wholedoc: Command, tiny_model: Path
) -> None:
    pytest.importorskip("torchao")
    code, _, err = wholedoc("doctor", "--device", "cpu", "--model", tiny_model, *chosen)
    assert code != 0
    assert says in " ".join(err.split())
    assert "Traceback" not in err


def test_bf16_is_what_is_computed_in(tiny_model: Path) -> None:
    opened = open_model(str(tiny_model), device=torch.device("cpu"), weights=Weights.BF16)
    assert opened.loaded.spec.dtype is torch.bfloat16


def test_a_missing_library_says_which_command_installs_it(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("parallelcomp.models.weights.find_spec", lambda _: None)
    with pytest.raises(ModelError, match="pip install bitsandbytes"):
        open_model(str(tiny_model), device=torch.device("cpu"), weights=Weights.NF4)


def test_with_other_weights_a_document_is_read_again_and_both_readings_stay(
    settings: Settings, tmp_path: Path
) -> None:
    pytest.importorskip("torchao")
    cached: list[bool] = []
    for weights in (None, Weights.INT8, None, Weights.INT8):
        library = Library.open(tmp_path, replace(settings, weights=weights))
        document = library.parse(SAMPLES / "short_notice.pdf")
        planned = next(event for event in library.read(document) if isinstance(event, Planned))
        cached.append(planned.cached_tokens == planned.tokens)
        library.add(SAMPLES / "short_notice.pdf")
    assert cached == [False, False, True, True]
    assert not settings.loads_like(replace(settings, weights=Weights.INT8))
