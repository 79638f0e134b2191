"""Decode multiplies by weights in 8 bits; everything else by the model's own."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from transformers import LlamaConfig

from parallelcomp import Engine, EngineConfig, Sampling, can_quantize_decode, quantize_decode, split
from parallelcomp.decoding.weights import FEW, DecodeLinear

from ..tiny import pair, shape, tokens


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("rows", [1, FEW])
def test_few_rows_are_close_to_the_full_product(rows: int, bias: bool) -> None:
    torch.manual_seed(0)
    full = nn.Linear(64, 96, bias=bias, dtype=torch.bfloat16).requires_grad_(False)
    rows_of_numbers = torch.randn(2, rows // 2 or 1, 64, dtype=torch.bfloat16)[: rows if rows == 1 else 2]
    wanted = full.float()(rows_of_numbers.float())
    full.to(torch.bfloat16)
    made = DecodeLinear.of(full)
    out = made(rows_of_numbers)
    assert out.shape == wanted.shape
    assert out.dtype is torch.bfloat16
    # A half step of a code is 1/254 of a row's largest weight; bf16 rounds scale and product besides.
    assert (out.float() - wanted).norm() < 0.02 * wanted.norm()
    assert not torch.equal(out, full(rows_of_numbers)), "the 8-bit kernel was not used"


def test_more_rows_use_the_weights_themselves() -> None:
    full = nn.Linear(64, 96, dtype=torch.bfloat16).requires_grad_(False)
    rows = torch.randn(FEW + 1, 64, dtype=torch.bfloat16)
    made = DecodeLinear.of(full)
    assert torch.equal(made(rows), full(rows))
    assert made.weight is full.weight
    assert set(made.state_dict()) == set(full.state_dict())


def test_what_is_read_and_scored_does_not_change() -> None:
    loaded = pair(LlamaConfig(**shape(8, 2)), dtype=torch.bfloat16).loaded
    chunks = split(tokens(40), 16)

    def read() -> list[torch.Tensor]:
        engine = Engine(loaded, (1, 2), EngineConfig(chunk_tokens=16))
        return [next(iter(one.kv.tensors().values())) for one in engine.prefill(chunks, engine.plan(40))]

    before = read()
    fingerprint = loaded.spec.fingerprint
    decoding = quantize_decode(loaded)
    assert not any(isinstance(module, DecodeLinear) for module in loaded.model.modules())
    loaded = decoding
    assert all(torch.equal(one, other) for one, other in zip(before, read(), strict=True))
    assert loaded.spec.fingerprint == fingerprint


def test_the_decoder_shares_the_weights_and_answers_with_its_own() -> None:
    """It costs the memory of the 8-bit weights alone, and single tokens of an answer go through it."""
    loaded = quantize_decode(pair(LlamaConfig(**shape(8, 2)), dtype=torch.bfloat16).loaded)
    shared = {name: one.data_ptr() for name, one in loaded.model.named_parameters()}
    assert {name: one.data_ptr() for name, one in loaded.decoder.named_parameters()} == shared
    seen: list[int] = []
    loaded.decoder.register_forward_pre_hook(
        lambda _, __, named: seen.append(named["input_ids"].shape[1]), with_kwargs=True
    )
    engine = Engine(loaded, (1, 2), EngineConfig(chunk_tokens=16))
    selection = engine.plain(tokens(6), 4)
    list(engine.generate(selection, Sampling(max_new_tokens=4), frozenset()))
    assert seen == [1, 1, 1, 1]


def test_only_bf16_on_a_cpu_can() -> None:
    loaded = pair().loaded
    assert not can_quantize_decode(loaded)
    with pytest.raises(ValueError, match="bf16 on a CPU"):
        quantize_decode(loaded)


def test_a_layer_that_the_kernel_cannot_take_keeps_its_weights() -> None:
    loaded = pair(LlamaConfig(**shape(8, 2)), dtype=torch.bfloat16).loaded  # intermediate size 40
    layer = quantize_decode(loaded).decoder.model.layers[0]
    assert type(layer.mlp.down_proj) is nn.Linear
    assert type(layer.mlp.up_proj) is DecodeLinear
