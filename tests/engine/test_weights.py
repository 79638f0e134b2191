"""Models whose weights are quantised while they are loaded, or were before."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM, LlamaConfig, PretrainedConfig, Qwen3MoeConfig

import parallelcomp
from parallelcomp import (
    Engine,
    EngineConfig,
    LoadedModel,
    MemoryPlanError,
    UnsupportedModelError,
    Weights,
    WeightsError,
    can_quantize_decode,
    loading,
)
from parallelcomp.chunking import Chunk
from parallelcomp.models import experts
from parallelcomp.models.fingerprint import fingerprint, state_tensors
from parallelcomp.models.weights import INT4_GROUP, check_weights, quantization_config, size_of

from .tiny import CONFIGS, PREFIX, QUESTION, pair, random_model, shape, tokens

CPU = torch.device("cpu")
ON_CPU = [Weights.INT8, Weights.FP8, Weights.NF4]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model in bf16 whose layers are wide enough for groups of 64 weights."""
    made = tmp_path_factory.mktemp("weights") / "model"
    wide = {**shape(8, 2, head_dim=16, layers=2), "intermediate_size": 256}
    torch.manual_seed(2)
    AutoModelForCausalLM.from_config(LlamaConfig(**wide), dtype=torch.bfloat16).save_pretrained(made)
    return made


def load(folder: Path, weights: Weights | None, dtype: torch.dtype = torch.bfloat16) -> LoadedModel:
    for package in ("torchao", "bitsandbytes"):
        pytest.importorskip(package)
    return parallelcomp.load(folder, device=CPU, dtype=dtype, weights=weights)


@pytest.mark.parametrize("weights", ON_CPU)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_the_engine_equals_the_plain_forward_of_the_same_quantised_model(
    folder: Path, weights: Weights, dtype: torch.dtype
) -> None:
    """The model is quantised, and the engine reads, scores and answers with it as with any other."""
    loaded, full = load(folder, weights, dtype), load(folder, None, dtype)
    engine = Engine(loaded, PREFIX, EngineConfig(chunk_tokens=64, precision=parallelcomp.KVPrecision.of(dtype)))
    chunk = Chunk(0, 0, tokens(40))
    (read,) = engine.prefill([chunk], engine.plan(40))
    (score,) = engine.score([read], QUESTION, engine.plan(40))
    ids = torch.tensor([[*PREFIX, *chunk.token_ids, *QUESTION.preamble, *QUESTION.ids]])
    loaded.model.set_attn_implementation("sdpa")
    with torch.inference_mode():
        plain = loaded.model(ids).logits[0].float().log_softmax(-1)
        exact = full.model(ids).logits[0].float().log_softmax(-1)
    first = ids.shape[1] - len(QUESTION.ids)
    expected = [-float(plain[first + at - 1, token]) for at, token in enumerate(QUESTION.ids)]
    assert score.token_nll == pytest.approx(expected, abs=0.05 if dtype is torch.bfloat16 else 1e-4)
    error = float((plain - exact).norm() / exact.norm())
    assert 0 < error < 0.1


@pytest.mark.parametrize("weights", ON_CPU)
def test_the_bytes_are_known_before_loading_and_the_parameters_are_the_models(
    folder: Path, weights: Weights
) -> None:
    size = size_of(AutoConfig.from_pretrained(folder))
    full, spec = load(folder, None).spec, load(folder, weights).spec
    assert (size.parameters, size.bytes(None, torch.bfloat16)) == (full.parameters, full.weight_bytes)
    assert spec.parameters == full.parameters
    # Tables of some numbers a layer and zero points are what the estimate leaves out.
    assert size.bytes(weights, torch.bfloat16) <= spec.weight_bytes < 1.1 * size.bytes(weights, torch.bfloat16)
    assert spec.weight_bytes < 0.6 * full.weight_bytes
    assert spec.quantization is not None
    assert full.quantization is None


def test_int4_takes_half_a_byte_a_weight_and_a_scale_and_zero_point_a_group() -> None:
    assert Weights.INT4.linear_bytes(256, 100, 2) == 256 * 100 / 2 + 4 * 100 * 256 / INT4_GROUP


@pytest.mark.parametrize("weights", ON_CPU)
def test_what_was_read_with_quantised_weights_is_never_taken_for_another_models(
    folder: Path, weights: Weights
) -> None:
    mine = load(folder, weights).spec.fingerprint
    assert load(folder, weights).spec.fingerprint == mine
    others = {load(folder, other).spec.fingerprint for other in (None, *ON_CPU) if other is not weights}
    assert mine not in others
    assert len(others) == 3


def packed_model(seed: int) -> nn.Module:
    """A module as GPTQ makes them: the weights are packed into buffers, and parameters are all alike."""
    torch.manual_seed(7)
    model = nn.Sequential(nn.Embedding(9, 8), nn.Module())
    generator = torch.Generator().manual_seed(seed)
    packed = torch.randint(-(2**31), 2**31 - 1, (8, 8), dtype=torch.int32, generator=generator)
    model[1].register_buffer("qweight", packed)
    return model


def test_the_fingerprint_covers_packed_buffers() -> None:
    """Two fine-tunes that share everything that is a parameter do not share what was read."""
    config = CONFIGS["llama 4/4"]()
    prints = [fingerprint(config, state_tensors(packed_model(seed)), "gptq") for seed in (0, 0, 1)]
    assert prints[0] == prints[1] != prints[2]
    assert dict(packed_model(0).named_parameters()).keys() == dict(packed_model(1).named_parameters()).keys()


def test_the_fingerprint_of_a_plain_model_stays_what_it_was() -> None:
    """Libraries on disk are keyed by it, so the hash is spelled out here as it was from the beginning."""
    one = pair("qwen2 7/1")
    left_out = {"_name_or_path", "transformers_version", "architectures", "_attn_implementation", "use_cache"}
    config = {k: v for k, v in one.loaded.model.config.to_dict().items() if k not in left_out | {"torch_dtype"}}
    digest = hashlib.sha256(repr(sorted(config.items())).encode())
    for name, parameter in one.loaded.model.named_parameters():
        numbers = parameter.flatten()
        picked = numbers[:: max(1, numbers.numel() // 64)][:64]
        digest.update(name.encode() + repr(tuple(parameter.shape)).encode() + picked.numpy().tobytes())
    assert one.spec.fingerprint == digest.hexdigest()[:32]


def test_weights_in_8_bits_for_decoding_are_for_models_that_have_others(folder: Path) -> None:
    loaded = load(folder, Weights.INT8)
    assert not can_quantize_decode(loaded)
    with pytest.raises(ValueError, match="torchao"):
        parallelcomp.quantize_decode(loaded)


@pytest.mark.parametrize("weights", [Weights.BF16, None])
def test_weights_in_bf16_are_those_of_the_model(folder: Path, weights: Weights | None) -> None:
    assert load(folder, weights).spec == load(folder, None).spec


@pytest.mark.parametrize("device", ["cuda", "cpu", "mps"])
def test_weights_go_straight_to_the_device(device: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """transformers is told where every tensor goes, and nothing is moved afterwards."""
    seen: dict[str, Any] = {}
    made = AutoModelForCausalLM.from_pretrained(folder)
    monkeypatch.setattr(made, "to", lambda *_: pytest.fail("the model was moved"))

    def recording(_name: Any, **options: Any) -> tuple[Any, dict[str, Any]]:
        seen.update(options)
        return made, {"missing_keys": set()}

    monkeypatch.setattr(loading.AutoModelForCausalLM, "from_pretrained", recording)
    monkeypatch.setattr(loading, "free_bytes", lambda _: 10**9)
    parallelcomp.load(folder, device=torch.device(device), dtype=torch.float16)
    assert seen.get("device_map") == (None if device == "cpu" else {"": torch.device(device)})
    assert seen["dtype"] is torch.float16


def test_int4_is_packed_for_a_kernel_that_torch_has() -> None:
    pytest.importorskip("torchao")
    chosen = quantization_config(Weights.INT4, torch.bfloat16).quant_type
    assert (chosen.group_size, str(chosen.int4_packing_format)) == (INT4_GROUP, "tile_packed_to_4d")


REFUSED: list[tuple[str, Weights | None, str, torch.dtype, str]] = [
    (
        "int4 cpu",
        Weights.INT4,
        "cpu",
        torch.bfloat16,
        "no kernels for cpu; there they can be in bf16, int8, fp8, nf4",
    ),
    ("nf4 mps", Weights.NF4, "mps", torch.bfloat16, "no kernels for mps; there they can be in bf16, int8"),
    ("fp8 mps", Weights.FP8, "mps", torch.bfloat16, "no kernels for mps"),
    ("bf16", Weights.BF16, "cpu", torch.float32, "not in float32"),
]


@pytest.mark.parametrize(
    ("weights", "device", "dtype", "says"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED]
)
def test_what_a_device_cannot_is_refused_in_words(
    weights: Weights, device: str, dtype: torch.dtype, says: str
) -> None:
    pytest.importorskip("torchao")
    with pytest.raises(WeightsError, match=says):
        check_weights(CONFIGS["llama 4/4"](), weights, torch.device(device), dtype)


@pytest.mark.parametrize(
    ("weights", "command"), [(Weights.INT8, "pip install torchao"), (Weights.NF4, "pip install bitsandbytes")]
)
def test_a_library_that_is_missing_is_named_with_its_command(
    weights: Weights, command: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("parallelcomp.models.weights.find_spec", lambda _: None)
    with pytest.raises(WeightsError, match=command):
        parallelcomp.load(folder, device=CPU, dtype=torch.bfloat16, weights=weights)


@pytest.mark.parametrize(
    ("method", "command"),
    [
        ("gptq", "pip install gptqmodel optimum"),
        ("awq", "pip install gptqmodel"),
        ("compressed-tensors", "pip install compressed-tensors"),
    ],
)
def test_a_ready_made_checkpoint_needs_its_library_and_no_other_format(
    method: str, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before any weight is read; there are none here."""
    config: PretrainedConfig = CONFIGS["llama 4/4"]()
    config.save_pretrained(tmp_path)
    written = json.loads((tmp_path / "config.json").read_text())
    written["quantization_config"] = {"quant_method": method, "bits": 4}
    (tmp_path / "config.json").write_text(json.dumps(written))
    with pytest.raises(WeightsError, match=f"quantised already .{method}., and cannot be put into int8"):
        parallelcomp.load(tmp_path, device=CPU, dtype=torch.bfloat16, weights=Weights.INT8)
    monkeypatch.setattr("parallelcomp.models.weights.find_spec", lambda _: None)
    with pytest.raises(WeightsError, match=command):
        parallelcomp.load(tmp_path, device=CPU, dtype=torch.bfloat16)


@pytest.mark.parametrize(
    ("family", "weights", "says"),
    [
        ("qwen3_moe 4/2", Weights.NF4, "experts, which cannot be put into nf4 .*: choose int8 or fp8, name"),
        ("gpt_oss 8/2", Weights.INT8, "experts, which cannot be put into int8 .*: name a checkpoint"),
    ],
)
def test_experts_are_not_left_out_silently(family: str, weights: Weights, says: str) -> None:
    with pytest.raises(WeightsError, match=says):
        check_weights(CONFIGS[family](), weights, CPU, torch.bfloat16)


@pytest.mark.parametrize("weights", [Weights.INT8, Weights.FP8])
def test_experts_are_quantised_while_they_are_loaded(weights: Weights, tmp_path: Path) -> None:
    """From a checkpoint with a file of tensors for each expert, as it is published."""
    wide = {**shape(4, 2, head_dim=16), "hidden_size": 64, "intermediate_size": 64}
    sizes = {"num_local_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 48}
    config = Qwen3MoeConfig(**wide, head_dim=16, **sizes)
    random_model(config).to(torch.bfloat16).save_pretrained(tmp_path)
    loaded, full = load(tmp_path, weights, torch.float32), load(tmp_path, None, torch.float32)
    experts = loaded.model.model.layers[1].mlp.experts
    assert {one.dtype for one in state_tensors(experts).values()} & {torch.int8, torch.float8_e4m3fn}
    size = size_of(config)
    assert loaded.spec.parameters == full.spec.parameters == size.parameters
    assert size.bytes(weights, torch.float32) <= loaded.spec.weight_bytes < 0.6 * full.spec.weight_bytes
    ids = torch.arange(40)[None]
    with torch.inference_mode():
        exact = full.model(ids).logits[0].float()
        for name, parameter in loaded.model.named_parameters():
            packed = hasattr(parameter, "__tensor_flatten__")
            full.model.get_parameter(name).copy_(parameter.dequantize() if packed else parameter)
        found, rounded = (one.model(ids).logits[0].float() for one in (loaded, full))
    assert float((found - rounded).norm()) < 0.02 * float((exact - rounded).norm())


def test_an_expert_gets_the_tokens_that_go_to_it() -> None:
    """The same numbers as transformers' own way, with weights that are not quantised."""
    one = pair("qwen3_moe 4/2")
    experts.register()
    ids = torch.tensor([tokens(50)])
    with torch.inference_mode():
        expected = one.plain(ids).logits
        one.plain.config._experts_implementation = experts.NAME
        torch.testing.assert_close(one.plain(ids).logits, expected, atol=1e-5, rtol=1e-5)


def compressed(folder: Path, target: Path, seed: int) -> None:
    """Write a checkpoint that is quantised to 4 bits in the format of compressed-tensors, from random weights."""
    pytest.importorskip("compressed_tensors")
    from compressed_tensors.compressors import ModelCompressor
    from compressed_tensors.quantization import (
        QuantizationArgs,
        QuantizationConfig,
        QuantizationScheme,
        apply_quantization_config,
    )

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16)
    numbers = torch.Generator().manual_seed(seed)
    arguments = QuantizationArgs(num_bits=4, strategy="group", group_size=32, symmetric=True)
    groups = {"all": QuantizationScheme(targets=["Linear"], weights=arguments)}
    apply_quantization_config(
        model, QuantizationConfig(config_groups=groups, ignore=["lm_head"], format="pack-quantized")
    )
    for module in model.modules():
        if hasattr(module, "weight_scale"):
            module.weight.data.copy_(torch.randn(module.weight.shape, generator=numbers) / 10)
            grouped = module.weight.data.view(module.out_features, -1, 32)
            module.weight_scale.data.copy_(grouped.abs().amax(-1) / 7)
    compressor = ModelCompressor.from_pretrained_model(model)
    compressor.compress_model(model)
    model.save_pretrained(target)
    compressor.update_config(target)


def test_a_ready_made_checkpoint_is_loaded_by_its_folder(folder: Path, tmp_path: Path) -> None:
    """Its bytes are counted as they are once it has run: this library then unpacks it."""
    prints: set[str] = set()
    for seed in (1, 2):
        compressed(folder, tmp_path / str(seed), seed)
        loaded = load(tmp_path / str(seed), None)
        spec, full = loaded.spec, load(folder, None).spec
        assert (spec.quantization, spec.parameters) == ("compressed-tensors", full.parameters)
        engine = Engine(loaded, PREFIX, EngineConfig(chunk_tokens=64))
        (read,) = engine.prefill([Chunk(0, 0, tokens(40))], engine.plan(40))
        assert read.kv.tokens == 40
        held = {one.data_ptr(): one.nbytes for one in loaded.model.state_dict().values()}
        assert spec.weight_bytes == sum(held.values())
        prints.add(spec.fingerprint)
    assert len(prints) == 2
    if parallelcomp.int8_is_faster(CPU, torch.float32):
        assert parallelcomp.load_int8(tmp_path / "1").spec == load(tmp_path / "1", None).spec


def test_weights_that_do_not_fit_are_refused_with_the_formats_that_would(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = size_of(AutoConfig.from_pretrained(folder))
    monkeypatch.setattr(loading, "free_bytes", lambda _: int(size.bytes(Weights.INT8, torch.bfloat16) / 0.85))
    monkeypatch.setattr(
        loading.AutoModelForCausalLM, "from_pretrained", lambda *_, **__: pytest.fail("it was read")
    )
    with pytest.raises(MemoryPlanError, match=r"int8 \(.*\) or fp8 \(.*\) or nf4 \(.*\) would fit"):
        parallelcomp.load(folder, device=CPU, dtype=torch.bfloat16)
    monkeypatch.setattr(loading, "free_bytes", lambda _: 1000)
    with pytest.raises(MemoryPlanError, match="choose a smaller model"):
        parallelcomp.load(folder, device=CPU, dtype=torch.bfloat16)


def test_a_checkpoint_without_some_weights_is_refused(folder: Path, tmp_path: Path) -> None:
    """transformers would draw them at random and go on."""
    from safetensors.torch import load_file, save_file

    kept = {name: one for name, one in load_file(folder / "model.safetensors").items() if "layers.1." not in name}
    save_file(kept, tmp_path / "model.safetensors", {"format": "pt"})
    (tmp_path / "config.json").write_bytes((folder / "config.json").read_bytes())
    with pytest.raises(UnsupportedModelError, match=r"lacks 9 of .* model\.layers\.1\."):
        parallelcomp.load(tmp_path, device=CPU, dtype=torch.bfloat16)
