"""The catalogue's entries, what is recommended of them, and the command that shows them."""

from __future__ import annotations

import json
import platform
import re
import shutil
from pathlib import Path

import pytest
import torch

from parallelcomp import Weights
from parallelcomp.apb import APB
from wholedoc.errors import ModelError
from wholedoc.models import catalogue, held_models, recommendation
from wholedoc.models.catalogue import (
    CATALOGUE,
    QWEN_CODER_05B,
    QWEN_CODER_15B,
    SMOLLM2_135M,
    CatalogueModel,
    Role,
    find_model,
    named_model,
)
from wholedoc.models.recommendation import default_writer, recommend_pair
from wholedoc.models.sources import hub, package_index
from wholedoc.models.throughput import ThroughputRecords
from wholedoc.settings import Answerer, Settings
from wholedoc.storage.figures import MeasuredFigures
from wholedoc.storage.home import home

from ..conftest import Command
from .gguf_samples import Sample, write_sample
from .package_shop import Shop, open_shop


@pytest.mark.parametrize("model", CATALOGUE, ids=lambda model: model.name)
def test_an_entry_is_whole(model: CatalogueModel) -> None:
    assert re.fullmatch(r"[0-9a-f]{64}", model.sha256)
    assert sum(part.bytes for part in model.parts) == model.bytes
    assert all(part.bytes > 0 and re.fullmatch(r"[\w.-]+==[\d.]+", part.requirement) for part in model.parts)
    assert len({part.requirement for part in model.parts}) == len(model.parts)
    assert model.licence == "Apache-2.0"
    assert model.roles
    number_bytes = 4 if model.exact else 2
    assert 0 < model.disk_bytes - number_bytes * model.parameters < 20_000_000  # the tokenizer
    assert hub.address(model.hub).endswith(".gguf")
    assert find_model(model.name.upper()) is model


def test_names_and_folders_are_each_their_own() -> None:
    assert len({model.name for model in CATALOGUE}) == len(CATALOGUE)
    assert len({model.folder for model in CATALOGUE}) == len(CATALOGUE)
    with pytest.raises(ModelError, match=r"no model 'gpt' in the catalogue: it has smollm2-135m, qwen"):
        named_model("gpt")


def test_the_default_model_keeps_the_folder_that_it_always_had() -> None:
    assert SMOLLM2_135M.folder == "smollm2-135m-instruct-bcc81830"
    assert SMOLLM2_135M.exact


@pytest.mark.parametrize(
    ("free_gigabytes", "dtype", "writer"),
    [
        (16, torch.float32, QWEN_CODER_15B),
        (6.5, torch.bfloat16, QWEN_CODER_15B),
        (6.2, torch.bfloat16, SMOLLM2_135M),
        (3.5, torch.bfloat16, SMOLLM2_135M),
        (0.5, torch.float32, SMOLLM2_135M),
    ],
)
def test_the_best_pair_that_fits_is_recommended(
    free_gigabytes: float, dtype: torch.dtype, writer: CatalogueModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("parallelcomp.int8_is_faster", lambda _, dtype: dtype is torch.float32)
    pair = recommend_pair(int(free_gigabytes * 1e9), torch.device("cpu"), dtype)
    assert (pair.reader, pair.writer) == (SMOLLM2_135M, writer)


def test_a_writer_in_8_bits_needs_less_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    cpu = torch.device("cpu")
    monkeypatch.setattr("parallelcomp.int8_is_faster", lambda *_: True)
    small = recommend_pair(10**12, cpu, torch.float32).memory_bytes
    monkeypatch.setattr("parallelcomp.int8_is_faster", lambda *_: False)
    full = recommend_pair(10**12, cpu, torch.float32).memory_bytes
    assert full - small == pytest.approx((4 - 1.4) * QWEN_CODER_15B.parameters, rel=1e-6)
    assert recommend_pair(10**12, cpu, torch.float32, Weights.INT8).memory_bytes == small
    assert recommend_pair(10**12, cpu, torch.float32, Weights.BF16).memory_bytes == full


@pytest.mark.parametrize(
    ("settings", "writer"),
    [
        (Settings(), QWEN_CODER_15B),
        (Settings(model="smollm2-135m"), QWEN_CODER_15B),
        (Settings(model=QWEN_CODER_05B.name), QWEN_CODER_15B),
        (Settings(model=QWEN_CODER_15B.name), None),
        (Settings(model="somebody/model"), None),
        (Settings(answer_model=Answerer.READER), None),
        (Settings(answer_model="somebody/model"), None),
        (Settings(apb=APB.star(2)), None),
    ],
)
def test_who_writes_by_default(
    settings: Settings, writer: CatalogueModel | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recommendation, "free_bytes", lambda _: 64 * 10**9)
    assert default_writer(settings) is writer
    monkeypatch.setattr(recommendation, "free_bytes", lambda _: 10**9)
    assert default_writer(settings) is None


def test_the_next_smaller_takes_the_place_of_a_model_that_cannot_be_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / QWEN_CODER_05B.folder).mkdir()
    monkeypatch.setattr(package_index, "pip_command", lambda *_: ["sh", "-c", "echo no route to host; exit 1"])
    told: list[str] = []
    found = held_models.hold_or_smaller(QWEN_CODER_15B, Role.WRITER, tmp_path, lambda _: None, told.append)
    assert found == (QWEN_CODER_05B, tmp_path / QWEN_CODER_05B.folder)
    (line,) = told
    assert line.startswith(
        "qwen2.5-coder-1.5b cannot be had, and qwen2.5-coder-0.5b takes its place: could not fetch"
    )
    assert "no route to host" in line
    with pytest.raises(ModelError, match="could not fetch smollm2-135m"):
        held_models.hold_or_smaller(SMOLLM2_135M, Role.READER, tmp_path, lambda _: None, told.append)
    (tmp_path / QWEN_CODER_05B.folder).rmdir()
    (tmp_path / SMOLLM2_135M.folder).mkdir()  # it is no writer
    with pytest.raises(ModelError, match=r"could not fetch qwen2\.5-coder-1\.5b"):
        held_models.hold_or_smaller(QWEN_CODER_15B, Role.WRITER, tmp_path, lambda _: None, told.append)
    assert told == [line]


@pytest.fixture
def sold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """The catalogue has one model, which a test's own package index sells."""
    content = write_sample(tmp_path / "tiny.gguf", Sample("qwen2")).read_bytes()
    shop, model = open_shop(tmp_path / "shop", content)
    monkeypatch.setattr(package_index, "pip_command", shop.command)
    monkeypatch.setattr(catalogue, "CATALOGUE", (model,))
    return shop


def test_models_are_listed_fetched_and_removed(sold: Shop, wholedoc: Command) -> None:
    code, out, _ = wholedoc("models", "--json")
    assert code == 0
    (listed,) = json.loads(out)["models"]
    assert (listed["name"], listed["fetched"], listed["tokens_per_second"]) == ("tiny", False, None)
    assert listed["download_bytes"] == len(sold.content)
    assert listed["roles"] == [Role.READER.value]
    code, out, err = wholedoc("models", "fetch", "tiny")
    assert code == 0
    assert "tiny is ready" in out
    assert err.splitlines() == ["fetching tiny (0 MB, once)", "converting tiny (once)"]
    assert "fetched" in wholedoc("models")[1]
    _, out, err = wholedoc("models", "fetch", "tiny", "--json")
    assert json.loads(out)["fetched"] is True
    assert err == ""
    code, out, _ = wholedoc("models", "remove", "tiny", "--json")
    assert code == 0
    assert json.loads(out)["freed_bytes"] > 100_000
    assert not (home() / "models" / "tiny-12345678").exists()
    assert "was not here" in wholedoc("models", "remove", "tiny")[1]


def test_a_fetch_that_fails_says_why_and_the_list_shows_what_has_arrived(sold: Shop, wholedoc: Command) -> None:
    (sold.folder / "part2.whl").unlink()
    code, out, err = wholedoc("models", "fetch", "tiny")
    assert (code, out) == (2, "")
    assert "part2==1.0" in err
    assert "Traceback" not in err
    listed = json.loads(wholedoc("models", "--json")[1])["models"][0]
    assert (listed["fetched"], listed["fetched_bytes"]) == (False, 3000)
    assert re.search(r"tiny +\d+% fetched", wholedoc("models")[1])


def test_a_name_that_is_not_in_the_catalogue_exits_2(wholedoc: Command) -> None:
    code, _, err = wholedoc("models", "fetch", "llama-70b")
    assert code == 2
    assert "qwen2.5-coder-0.5b" in err


def test_the_speed_that_was_measured_here_is_listed(wholedoc: Command) -> None:
    models = home() / "models"
    (models / SMOLLM2_135M.folder).mkdir(parents=True)
    held_models.note_fingerprint(models / SMOLLM2_135M.folder, models, "abc")
    held_models.note_fingerprint(models / SMOLLM2_135M.folder, models, "def")
    assert held_models.fingerprints(SMOLLM2_135M, models) == ("abc", "def")
    paces = {
        f"def cpu x2 {platform.node()}": 512.0,
        f"xyz cpu x2 {platform.node()}": 9999.0,
        "abc cpu elsewhere": 7.0,
    }
    (home() / "paces.json").write_text(json.dumps(paces))
    assert ThroughputRecords(MeasuredFigures.of(home())).fastest(()) is None
    listed = json.loads(wholedoc("models", "--json")[1])["models"][0]
    assert (listed["tokens_per_second"], listed["seconds_for_128k_tokens"]) == (512.0, 256)
    assert "512 tokens/s here, 128K tokens in 4:16 min" in wholedoc("models")[1]
    shutil.rmtree(models)


@pytest.mark.embedded
def test_doctor_recommends_a_pair(wholedoc: Command, roomy_model: Path) -> None:
    code, out, _ = wholedoc("doctor", "--model", roomy_model, "--json")
    assert code == 0
    facts = json.loads(out)
    pair = recommend_pair(
        facts["free_bytes"] + facts["weights_bytes"], torch.device(facts["device"]), getattr(torch, facts["dtype"])
    )
    assert facts["recommended_reader"] == pair.reader.name
    assert facts["recommended_writer"] == pair.writer.name
    assert "reads" in pair.in_words()
