"""Models with linear layers in 8 bits compute nearly the same and take a quarter of the memory."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn
from transformers import AutoModelForCausalLM, LlamaConfig

from parallelcomp import Engine, EngineConfig, Sampling, int8_is_faster, load, load_int8
from parallelcomp.int8 import Int8Linear

from .tiny import CONFIGS, random_model, shape, tokens

CPU = torch.device("cpu")
needs_kernels = pytest.mark.skipif(
    not int8_is_faster(CPU, torch.float32), reason="this torch has no 8-bit kernels for this CPU"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model on disk, in bf16, as converted models are."""
    torch.manual_seed(1)
    made = tmp_path_factory.mktemp("int8") / "model"
    config = LlamaConfig(**{**shape(8, 2, head_dim=16), "intermediate_size": 256}, tie_word_embeddings=True)
    AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16).save_pretrained(made)
    return made


@needs_kernels
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("rows", [1, 7])
def test_a_row_is_rounded_by_its_own_scale(rows: int, bias: bool) -> None:
    torch.manual_seed(0)
    linear = nn.Linear(64, 96, bias=bias).requires_grad_(False)
    input = torch.randn(2, rows, 64)
    input[0, 0] *= 1000  # such a token leaves nothing of the others if one scale serves all
    wanted = linear(input)
    out = Int8Linear(linear)(input)
    assert out.shape == wanted.shape
    error = (out - wanted).norm(dim=-1) / wanted.norm(dim=-1)
    assert float(error.max()) < 0.03
    assert float(error.max()) > 0


@needs_kernels
def test_a_row_of_zeros_gives_the_bias() -> None:
    linear = nn.Linear(32, 8).requires_grad_(False)
    assert torch.equal(Int8Linear(linear)(torch.zeros(1, 32))[0], linear.bias)


@needs_kernels
def test_the_model_answers_nearly_as_in_fp32(folder: Path) -> None:
    full, small = load(folder, device=CPU, dtype=torch.float32), load_int8(folder)
    ids = torch.tensor([tokens(40)])
    wanted, got = full.model(ids).logits, small.model(ids).logits
    assert got.dtype is torch.float32
    assert float((got - wanted).norm() / wanted.norm()) < 0.05
    assert not torch.equal(got, wanted)


@needs_kernels
def test_the_spec_counts_the_bytes_that_are_held(folder: Path) -> None:
    full, small = load(folder, device=CPU, dtype=torch.float32).spec, load_int8(folder).spec
    assert small.parameters == full.parameters
    assert small.dtype is torch.float32
    assert 0.25 < small.weight_bytes / full.weight_bytes < 0.5


@needs_kernels
def test_a_model_with_experts_stays_in_bf16(tmp_path: Path) -> None:
    """Experts are no linear layers: all else in 8 bits, and these in fp32, would be larger than before."""
    random_model(CONFIGS["qwen3_moe 4/2"]()).to(torch.bfloat16).save_pretrained(tmp_path)
    assert load_int8(tmp_path).spec == load(tmp_path, device=CPU, dtype=torch.bfloat16).spec


@needs_kernels
def test_it_writes_through_the_engine(folder: Path) -> None:
    engine = Engine(load_int8(folder), (), EngineConfig(chunk_tokens=64))
    written = list(engine.generate(engine.plain(tokens(9), 5), Sampling(max_new_tokens=5), frozenset()))
    assert len(written) == 5


@needs_kernels
def test_it_is_faster_on_an_x86_cpu() -> None:
    assert int8_is_faster(CPU, torch.float32)
    assert int8_is_faster(CPU, torch.bfloat16)
    assert not int8_is_faster(CPU, torch.float16)
    assert not int8_is_faster(torch.device("cuda"), torch.float32)


def test_without_the_kernels_it_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("parallelcomp.int8.int8_is_faster", lambda *_: False)
    with pytest.raises(ValueError, match="x86"):
        load_int8(folder)
