"""Which models the engine accepts, and that each supported family equals its own plain forward pass."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    Gemma2Config,
    Gemma3Config,
    Gemma3TextConfig,
    GPT2Config,
    GraniteMoeHybridConfig,
    Lfm2Config,
    Llama4Config,
    Llama4VisionConfig,
    LlamaConfig,
    Mistral3Config,
    MistralConfig,
    Phi3Config,
    PixtralVisionConfig,
    Qwen2Config,
    Qwen3_5TextConfig,
    Qwen3Config,
    SiglipVisionConfig,
)

import parallelcomp
from parallelcomp import Engine, EngineConfig, Eviction, UnsupportedModelError, WindowError
from parallelcomp.context.composition import compose
from parallelcomp.models.families import SUPPORTED, check_supported
from parallelcomp.scoring import ChunkScore

from .reference import plain_forward
from .tiny import (
    CONFIGS,
    PREFIX,
    QUESTION,
    WINDOW,
    chunks_of,
    dense,
    pair,
    random_model,
    read,
    read_prefix,
    rope,
    shape,
    tokens,
)


@pytest.mark.parametrize("family", CONFIGS)
def test_one_chunk_and_no_eviction_equals_the_plain_forward(family: str, device: torch.device) -> None:
    one = pair(family, device)
    prefix = read_prefix(one)
    (chunk,) = read(one, prefix, chunks_of(83))
    config = EngineConfig(eviction=Eviction(kept_tokens=500, capacity=500))
    state = compose(one.loaded, prefix, [(chunk, ChunkScore(0, 1.0, (1.0,)))], config, room=30)
    log_probs = state.step(QUESTION.all_ids)
    ids = [*PREFIX, *chunk.chunk.token_ids, *QUESTION.all_ids]
    for _ in range(5):
        expected = plain_forward(one.plain, ids).log_probs[-1]
        torch.testing.assert_close(log_probs.cpu(), expected, atol=1e-4, rtol=0)
        ids.append(int(log_probs.argmax()))
        log_probs = state.step(ids[-1:])


@pytest.mark.parametrize("family", [family for family in CONFIGS if family != "gpt_oss 8/2"])  # it has none
def test_one_chunk_equals_the_plain_forward_through_sdpa(family: str) -> None:
    """The other of transformers' own implementations, so that no quirk of eager attention is the oracle."""
    one = pair(family)
    one.plain.set_attn_implementation("sdpa")
    prefix = read_prefix(one)
    (chunk,) = read(one, prefix, chunks_of(40))
    state = compose(one.loaded, prefix, [(chunk, ChunkScore(0, 1.0, (1.0,)))], EngineConfig(), room=20)
    log_probs = state.step(QUESTION.all_ids)
    with torch.inference_mode():
        logits = one.plain(torch.tensor([[*PREFIX, *chunk.chunk.token_ids, *QUESTION.all_ids]])).logits
    torch.testing.assert_close(log_probs, logits[0, -1].log_softmax(-1), atol=1e-4, rtol=0)


def test_the_oracle_sees_a_shift_of_one_position() -> None:
    """The random weights are wide enough for the comparisons above to mean something, in every family."""
    for family in CONFIGS:
        plain = pair(family).plain
        ids = torch.tensor([[*PREFIX, *QUESTION.all_ids]])
        shifted = torch.arange(ids.shape[1])[None].clone()
        shifted[:, len(PREFIX) :] += 1
        with torch.inference_mode():
            gap = plain(ids).logits.log_softmax(-1) - plain(ids, position_ids=shifted).logits.log_softmax(-1)
        assert gap[0, -1].abs().max() > 1e-2, family


def test_every_supported_family_is_among_the_tested() -> None:
    assert {make().model_type for make in CONFIGS.values()} == SUPPORTED


REFUSED: list[tuple[str, Any, str]] = [
    ("gpt2", GPT2Config(), "type 'gpt2'"),
    ("gemma2", Gemma2Config(), "type 'gemma2'"),
    ("gemma3 both ways", Gemma3TextConfig(use_bidirectional_attention=True), "both directions"),
    ("qwen3.5", Qwen3_5TextConfig(), "recurrent layers"),
    ("lfm2", Lfm2Config(), "recurrent layers"),
    ("granite 4 hybrid", GraniteMoeHybridConfig(), "recurrent layers"),
    ("mistral window", MistralConfig(**shape(4, 2), sliding_window=64), "sliding-window"),
    (
        "qwen3 window",
        Qwen3Config(**shape(4, 2), use_sliding_window=True, sliding_window=64, max_window_layers=0),
        "sliding-window",
    ),
    ("phi3 window", Phi3Config(**shape(4, 2), sliding_window=64), "sliding-window"),
    ("dynamic", LlamaConfig(**shape(4, 2), **rope("dynamic", factor=2.0)), "'dynamic'"),
]


@pytest.mark.parametrize(("config", "reason"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
def test_a_model_that_cannot_be_expressed_is_refused_with_the_reason(config: Any, reason: str) -> None:
    with pytest.raises(UnsupportedModelError, match=reason):
        check_supported(config)


def test_adopt_refuses_before_it_changes_the_model() -> None:
    model = AutoModelForCausalLM.from_config(MistralConfig(**shape(4, 2), sliding_window=64)).train()
    before = model.config._attn_implementation
    with pytest.raises(UnsupportedModelError):
        parallelcomp.adopt(model)
    assert model.config._attn_implementation == before
    assert model.training
    assert all(p.requires_grad for p in model.parameters())


def test_load_refuses_before_it_reads_weights(tmp_path: Path) -> None:
    GPT2Config().save_pretrained(tmp_path)  # a config and no weights
    with pytest.raises(UnsupportedModelError, match="gpt2"):
        parallelcomp.load(tmp_path, device=torch.device("cpu"), dtype=torch.float32)


def test_a_window_that_no_layer_uses_changes_nothing() -> None:
    """The model is accepted, and sees tokens that are further away than the window which it does not use."""
    one = pair(Qwen2Config(**shape(4, 2), use_sliding_window=False, sliding_window=16))
    prefix = read_prefix(one)
    (chunk,) = read(one, prefix, chunks_of(83))
    state = compose(one.loaded, prefix, [(chunk, ChunkScore(0, 1.0, (1.0,)))], EngineConfig(), room=20)
    expected = plain_forward(one.plain, [*PREFIX, *chunk.chunk.token_ids, *QUESTION.all_ids]).log_probs[-1]
    torch.testing.assert_close(state.step(QUESTION.all_ids), expected, atol=1e-4, rtol=0)
    shorter = plain_forward(one.plain, [*chunk.chunk.token_ids[-16:], *QUESTION.all_ids]).log_probs[-1]
    assert (shorter - expected).abs().max() > 1e-2


TINY_PICTURES = {
    "hidden_size": 16,
    "intermediate_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "image_size": 28,
    "patch_size": 14,
}


@pytest.mark.parametrize(
    "config",
    [
        Mistral3Config(
            text_config=CONFIGS["mistral 6/2"](),
            vision_config=PixtralVisionConfig(**TINY_PICTURES),
            tie_word_embeddings=False,
        ),
        Mistral3Config(
            text_config=CONFIGS["ministral3 6/2"](),
            vision_config=PixtralVisionConfig(**TINY_PICTURES),
            tie_word_embeddings=False,
        ),
        Gemma3Config(text_config=CONFIGS["gemma3 6/2"](), vision_config=SiglipVisionConfig(**TINY_PICTURES)),
        Llama4Config(
            text_config=CONFIGS["llama4 4/2"](),
            vision_config=Llama4VisionConfig(
                **TINY_PICTURES, vision_output_dim=16, projector_input_dim=16, projector_output_dim=16
            ),
        ),
    ],
    ids=["mistral3 of mistral", "mistral3 of ministral3", "gemma3", "llama4"],
)
def test_of_a_model_that_sees_pictures_the_text_part_is_loaded(config: Any, tmp_path: Path) -> None:
    torch.manual_seed(3)
    whole = AutoModelForImageTextToText.from_config(config)
    ids = torch.tensor([[*PREFIX, *QUESTION.all_ids]])
    with torch.inference_mode():
        expected = whole(ids).logits
    whole.save_pretrained(tmp_path)
    loaded = parallelcomp.load(tmp_path, device=torch.device("cpu"), dtype=torch.float32)
    assert loaded.spec.family == config.text_config.model_type
    assert loaded.spec.parameters < whole.num_parameters()
    with torch.inference_mode():
        torch.testing.assert_close(loaded.model(ids).logits, expected, atol=1e-4, rtol=0)
        assert not hasattr(loaded.model.base_model(ids), "logits")
    assert all(not one.is_meta for one in (*loaded.model.parameters(), *loaded.model.buffers()))


def test_with_longrope_the_window_ends_where_the_rotation_would_change() -> None:
    """Within it every key is rotated by the first set of frequencies, whatever length comes later."""
    one = pair("phi3 longrope 6/2")
    assert one.spec.window == WINDOW
    assert one.plain.config.max_position_embeddings == 4 * WINDOW
    with pytest.raises(WindowError, match=str(WINDOW)):
        Engine(one.loaded, PREFIX, EngineConfig(chunk_tokens=WINDOW))
    ids = torch.tensor([tokens(WINDOW + 1)])
    with torch.inference_mode():
        within = one.plain(ids[:, :WINDOW]).logits[0, :8]
        beyond = one.plain(ids).logits[0, :8]
    assert (within - beyond).abs().max() > 1e-2


def test_llama_4_goes_by_positions_within_what_its_chunked_layers_see() -> None:
    """A context has more slots than positions; queries that were scaled by slots would be others."""
    said = []
    for seen in (100, 10_000):
        config = CONFIGS["llama4 4/2"]()
        config.attention_chunk_size = config.floor_scale = seen
        one = pair(config)
        assert one.spec.window == min(seen - 1, WINDOW)
        prefix = read_prefix(one)
        stored = read(one, prefix, chunks_of(60, 60, 50))
        kept = [(chunk, ChunkScore(chunk.chunk.index, 1.0, (1.0,))) for chunk in stored]
        said.append(compose(one.loaded, prefix, kept, EngineConfig(), room=20).step(QUESTION.all_ids))
    torch.testing.assert_close(said[0], said[1], atol=1e-5, rtol=0)
    config.floor_scale = 100
    scaled = plain_forward(pair(config).plain, tokens(150)).log_probs[-1]
    config.floor_scale = 10_000
    assert (scaled - plain_forward(pair(config).plain, tokens(150)).log_probs[-1]).abs().max() > 1e-3


def test_spec_says_what_the_model_is() -> None:
    spec = pair("qwen3 wide heads 3/1").spec
    assert (spec.family, spec.layers, spec.query_heads, spec.kv_heads) == ("qwen3", 3, 3, 1)
    assert (spec.head_dim, spec.hidden_size, spec.group, spec.window) == (20, 24, 3, 512)
    assert (spec.dtype, spec.device) == (torch.float32, torch.device("cpu"))


def test_fingerprint_survives_saving_and_tells_weights_and_configs_apart(tmp_path: Path) -> None:
    config = CONFIGS["llama 4/4"]()
    model = random_model(config)
    model.save_pretrained(tmp_path)
    mine = parallelcomp.adopt(model).spec
    cpu = torch.device("cpu")
    assert parallelcomp.load(tmp_path, device=cpu, dtype=torch.float32).spec.fingerprint == mine.fingerprint
    assert pair("llama 4/4").spec == mine
    assert pair("llama 4/4", seed=1).spec.fingerprint != mine.fingerprint
    other = LlamaConfig(**{**shape(4, 4), "rope_parameters": {"rope_type": "default", "rope_theta": 5e5}})
    assert pair(other).spec.fingerprint != mine.fingerprint


def test_a_loaded_folder_answers_as_the_model_that_was_saved(tmp_path: Path) -> None:
    one = pair("llama llama3 rope")
    one.plain.save_pretrained(tmp_path)
    loaded = parallelcomp.load(tmp_path, device=torch.device("cpu"), dtype=torch.float32)
    again = dataclasses.replace(one, loaded=loaded)
    (mine,), (theirs,) = (read(p, read_prefix(p), chunks_of(30)) for p in (one, again))
    assert torch.equal(dense(mine), dense(theirs))
