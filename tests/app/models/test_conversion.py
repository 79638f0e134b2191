"""Conversion of GGUF files: the same numbers as transformers' own, and a reason where it cannot be done."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

import parallelcomp
from wholedoc.errors import ModelError
from wholedoc.models import conversion, held_models
from wholedoc.models.gguf_files.converter import convert
from wholedoc.models.gguf_files.header import read_header
from wholedoc.models.preparing import Preparing, PreparingStoppedError, Step
from wholedoc.models.text_model import open_model
from wholedoc.storage.home import home

from .gguf_samples import HEAD_DIM, Kind, Sample, write_sample

TEXT = "the cat\nsat <|end|> on 12 the mat"


def weights(model: Any) -> dict[str, torch.Tensor]:
    return dict(model.named_parameters())


def theirs(path: Path) -> dict[str, torch.Tensor]:
    """The weights of a file as transformers converts it."""
    return weights(AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32))


def ours(folder: Path, dtype: torch.dtype = torch.float32) -> dict[str, torch.Tensor]:
    return weights(AutoModelForCausalLM.from_pretrained(folder, dtype=dtype))


def same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("kind", [Kind.F32, Kind.F16, Kind.BF16, Kind.Q8_0, Kind.Q5_0, Kind.Q4_0, Kind.Q4_1])
@pytest.mark.parametrize("family", ["llama", "qwen2"])
def test_every_weight_is_as_transformers_makes_it(tmp_path: Path, family: str, kind: Kind) -> None:
    path = write_sample(tmp_path / "tiny.gguf", Sample(family, kind))
    expected = theirs(path)
    convert(path, tmp_path / "exact", torch.float32)
    assert same(ours(tmp_path / "exact"), expected)
    convert(path, tmp_path / "compact", torch.bfloat16)
    in_16_bits = {name: weight.to(torch.bfloat16) for name, weight in expected.items()}
    assert same(ours(tmp_path / "compact", torch.bfloat16), in_16_bits)


@pytest.mark.parametrize("family", ["llama", "qwen2", "qwen3"])
def test_configuration_and_tokenizer_are_as_transformers_makes_them(tmp_path: Path, family: str) -> None:
    path = write_sample(tmp_path / "tiny.gguf", Sample(family, output=True))
    convert(path, tmp_path / "folder", torch.float32)
    expected = AutoModelForCausalLM.from_pretrained(tmp_path, gguf_file=path.name, dtype=torch.float32)
    converted = AutoModelForCausalLM.from_pretrained(tmp_path / "folder", dtype=torch.float32)
    assert same(weights(converted), weights(expected))
    ignored = {"_name_or_path", "architectures", "quantization_config", "transformers_version"}
    first, second = (
        {key: value for key, value in model.config.to_dict().items() if key not in ignored}
        for model in (converted, expected)
    )
    assert first == second
    ids = torch.tensor([[1, 5, 9, 200]])
    assert torch.equal(converted(ids).logits, expected(ids).logits)
    tokenizers = (
        AutoTokenizer.from_pretrained(tmp_path / "folder"),
        AutoTokenizer.from_pretrained(tmp_path, gguf_file=path.name),
    )
    mine, reference = (
        (one(TEXT)["input_ids"], one.chat_template, one.eos_token_id, type(one)) for one in tokenizers
    )
    assert mine == reference
    assert converted.generation_config.eos_token_id == expected.generation_config.eos_token_id


def test_a_matrix_that_is_there_twice_is_kept_once_and_in_its_finer_form(tmp_path: Path) -> None:
    """Qwen's own files hold the tied matrix twice, with 4 or 5 bits as the input and 8 as the output."""
    path = write_sample(tmp_path / "twice.gguf", Sample("qwen2", Kind.Q4_0, twice=True))
    convert(path, tmp_path / "twice", torch.float32)
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "twice", dtype=torch.float32)
    assert model.config.tie_word_embeddings
    converted, expected = weights(model), theirs(path)
    finer = expected.pop("lm_head.weight")
    assert not torch.equal(converted["model.embed_tokens.weight"], expected["model.embed_tokens.weight"])
    assert same(converted, {**expected, "model.embed_tokens.weight": finer})


def test_two_matrices_stay_two(tmp_path: Path) -> None:
    path = write_sample(tmp_path / "tiny.gguf", Sample("qwen2", output=True))
    convert(path, tmp_path / "folder", torch.float32)
    assert same(ours(tmp_path / "folder"), theirs(path))
    assert "lm_head.weight" in ours(tmp_path / "folder")


def llama3_factors(factor: float) -> np.ndarray:
    """By what llama.cpp divides the frequencies of a Llama 3, computed by transformers."""
    from transformers import LlamaConfig
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    scaling = {"rope_type": "llama3", "factor": factor, "low_freq_factor": 1.0, "high_freq_factor": 4.0}
    scaling |= {"original_max_position_embeddings": 8192, "rope_theta": 10_000.0}
    config = LlamaConfig(hidden_size=64, num_attention_heads=4, head_dim=HEAD_DIM, rope_parameters=scaling)
    scaled, _ = ROPE_INIT_FUNCTIONS["llama3"](config, torch.device("cpu"))
    plain = 10_000.0 ** (-torch.arange(0, HEAD_DIM, 2) / HEAD_DIM)
    return (plain / scaled).numpy()


def test_the_scaling_of_llama_3_is_recognised_by_its_factors(tmp_path: Path) -> None:
    path = write_sample(tmp_path / "tiny.gguf", Sample(extra={"rope_freqs.weight": llama3_factors(8.0)}))
    convert(path, tmp_path / "folder", torch.float32)
    rope = AutoModelForCausalLM.from_pretrained(tmp_path / "folder").config.rope_parameters
    assert (rope["rope_type"], rope["original_max_position_embeddings"]) == ("llama3", 8192)
    assert rope["factor"] == pytest.approx(8.0)


@pytest.mark.parametrize(
    ("sample", "reason"),
    [
        (Sample("gemma2"), r"family 'gemma2' cannot be converted; llama, qwen2, qwen3 can"),
        (Sample(numbers={"rope.scaling.type": "yarn"}), "scales its positions"),
        (Sample(extra={"rope_freqs.weight": np.linspace(1, 3, HEAD_DIM // 2)}), "rotary frequencies"),
        (Sample(without=("blk.1.ffn_up.weight",)), r"no blk.1.ffn_up.weight"),
        (Sample(parts=3), "one of 3 that make up a model"),
        (Sample(numbers={"vocab_size": 300}), r"token_embd.weight .* shape"),
    ],
)
def test_what_cannot_be_converted_is_refused_with_the_reason(tmp_path: Path, sample: Sample, reason: str) -> None:
    path = write_sample(tmp_path / "tiny.gguf", sample)
    with pytest.raises(ModelError, match=reason):
        convert(path, tmp_path / "folder", torch.bfloat16)


def test_files_that_are_no_whole_gguf_are_refused(tmp_path: Path) -> None:
    whole = write_sample(tmp_path / "tiny.gguf", Sample()).read_bytes()
    for content, reason in (
        (b"PK\x03\x04 something else", "does not begin like one"),
        (whole[:-500], "cut short"),
        (whole[:700], "cut short"),
        (b"GGUF" + (9).to_bytes(4, "little") + whole[8:], "version is 9"),
        (b"", "no usable GGUF file"),
    ):
        (tmp_path / "bad.gguf").write_bytes(content)
        with pytest.raises(ModelError, match=reason):
            read_header(tmp_path / "bad.gguf")


def test_a_file_that_a_person_names_is_converted_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_sample(tmp_path / "My Model.gguf", Sample("qwen2"))
    told: list[str] = []
    model = open_model(str(path), dtype=torch.float32, notify=told.append)
    assert told == ["converting My Model.gguf (once)"]
    assert model.loaded.spec.family == "qwen2"
    (folder,) = (one for one in (home() / "models").iterdir() if one.is_dir())
    assert folder.name.startswith("my-model-")
    monkeypatch.setattr(conversion, "convert", None)
    with monkeypatch.context() as patch:
        patch.setattr(held_models.hashlib, "file_digest", None)  # large files take seconds
        assert held_models.hold_gguf(path, home() / "models", lambda _: None) == folder
    moved = path.rename(tmp_path / "elsewhere.gguf").rename(path)
    os.utime(moved)
    assert held_models.hold_gguf(moved, home() / "models", lambda _: None) == folder


def test_the_child_tells_progress_and_why_it_refuses(tmp_path: Path) -> None:
    events: list[Preparing] = []
    path = write_sample(tmp_path / "tiny.gguf", Sample())
    conversion.convert(path, tmp_path / "folder", "tiny", conversion.COMPACT, events.append)
    assert (events[-1].step, events[-1].done) == (Step.CONVERTING, events[-1].total)
    parallelcomp.load(tmp_path / "folder", device=torch.device("cpu"), dtype=torch.float32)
    refused = write_sample(tmp_path / "refused.gguf", Sample("gemma2"))
    with pytest.raises(ModelError, match=r"^cannot convert refused: .*'gemma2' cannot be converted"):
        conversion.convert(refused, tmp_path / "other", "refused", conversion.COMPACT, events.append)


def test_a_conversion_that_is_stopped_leaves_no_folder(tmp_path: Path) -> None:
    path = write_sample(tmp_path / "tiny.gguf", Sample())
    models = tmp_path / "models"
    with pytest.raises(PreparingStoppedError):
        held_models.hold_gguf(path, models, lambda _: None, cancelled=lambda: True)
    assert not [one for one in models.iterdir() if one.is_dir()]


def test_a_model_that_cannot_be_read_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot read the model"):
        open_model(str(tmp_path / "missing.gguf"))
    assert not (home() / "models").exists() or not os.listdir(home() / "models")
