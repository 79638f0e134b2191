"""Which kernel is asked for which shape, and that the flash kernels are given what they need.

The flash kernels themselves need a GPU. Doubles stand in for them here, which compute what their documentation
says: causality aligned at the last query, query heads that share KV heads, rows of different lengths one after
another.
"""

from __future__ import annotations

import sys
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.attention import SDPBackend

from parallelcomp import Kernel, KVPrecision, usable_kernel
from parallelcomp.attention import attention, kernels
from parallelcomp.attention.attention import AttentionPass, attend
from parallelcomp.attention.kernels import MANY_QUERIES, FlashAttention, Rows, Way, way
from parallelcomp.scoring import score_batch

from .conftest import Format
from .test_attention import naive, states
from .tiny import PREFIX, QUESTION, Pair, chunks_of, pair, read, read_prefix

MODULE = SimpleNamespace(layer_idx=0)
CPU, CUDA = torch.device("cpu"), torch.device("cuda")
QUARTER = MANY_QUERIES // 4


@pytest.mark.parametrize(
    ("kernel", "queries", "keys", "padded", "plain", "asked"),
    [
        # Reading: a chunk behind its prefix.
        (Kernel.FLASH, 2048, 2064, False, False, Way.FLASH),
        (Kernel.TORCH_FLASH, 2048, 2064, False, False, Way.CAUSAL),
        (Kernel.SDPA, 2048, 2064, False, False, Way.CAUSAL),
        (Kernel.SDPA, 2048, 2064, False, True, Way.BLOCKS),
        # Scoring: a question behind chunks of one length, and of several.
        (Kernel.FLASH, 31, 2095, False, False, Way.FLASH),
        (Kernel.FLASH, 31, 2095, True, False, Way.FLASH_ROWS),
        (Kernel.TORCH_FLASH, 31, 2095, False, False, Way.FLASH_ROWS),
        (Kernel.TORCH_FLASH, 31, 2095, True, False, Way.FLASH_ROWS),
        (Kernel.SDPA, 31, 2095, False, False, Way.PACKED),
        (Kernel.SDPA, 31, 2095, True, True, Way.PACKED),
        # Decoding, also of a mixture.
        (Kernel.FLASH, 1, 6000, False, False, Way.FLASH),
        (Kernel.TORCH_FLASH, 1, 6000, False, False, Way.PACKED),
        (Kernel.FLASH, 1, 2095, True, False, Way.PACKED),
        (Kernel.SDPA, 1, 6000, False, True, Way.PACKED),
    ],
)
def test_what_is_asked_for_a_shape(
    kernel: Kernel, queries: int, keys: int, padded: bool, plain: bool, asked: Way
) -> None:
    assert way(kernel, queries, keys, padded=padded, plain=plain) is asked


@pytest.mark.parametrize(
    ("capability", "dtype", "installed", "expected"),
    [
        ((9, 0), torch.bfloat16, True, Kernel.FLASH),
        ((8, 0), torch.float16, False, Kernel.TORCH_FLASH),
        ((8, 0), torch.float32, True, Kernel.SDPA),
        ((7, 5), torch.float16, True, Kernel.SDPA),  # a T4, on which flash-attn does not run
    ],
)
def test_the_kernel_is_one_that_the_card_has(
    monkeypatch: pytest.MonkeyPatch,
    capability: tuple[int, int],
    dtype: torch.dtype,
    installed: bool,
    expected: Kernel,
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    monkeypatch.setattr(kernels, "flash_attention", lambda found: Flash().functions if installed else None)
    monkeypatch.setattr(kernels, "torch_rows", lambda: Flash().rows)
    assert usable_kernel(CUDA, dtype) is expected
    assert usable_kernel(CPU, dtype) is Kernel.SDPA


class Flash:
    """A double of the flash kernels, in fp32. `asked` says which function was called with which shapes."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[int, ...], tuple[int, ...]]] = []
        self.functions = FlashAttention(self.causal, self.rows)

    def causal(self, query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
        """(batch, tokens, heads, head_dim)."""
        self.asked.append(("causal", tuple(query.shape), tuple(key.shape)))
        states = (each.transpose(1, 2) for each in (query, key, value))
        return naive(*states, scale, [0] * len(query))[0]

    def rows(self, query: Tensor, key: Tensor, value: Tensor, rows: Rows, scale: float) -> Tensor:
        """(tokens of all rows, heads, head_dim)."""
        self.asked.append(("rows", tuple(query.shape), tuple(key.shape)))
        ends = list(zip(rows.query_ends.tolist(), rows.key_ends.tolist(), strict=True))
        assert rows.longest == max(after[1] - before[1] for before, after in pairwise(ends))
        out = []
        for (q, k), (q_end, k_end) in pairwise(ends):
            states = (query[q:q_end], key[k:k_end], value[k:k_end])
            out.append(naive(*(each.transpose(0, 1)[None] for each in states), scale, [0])[0][0])
        return torch.cat(out)


@pytest.fixture(params=[Kernel.FLASH, Kernel.TORCH_FLASH])
def flash(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Flash:
    """The CPU computes by doubles of this kernel."""
    double = Flash()
    monkeypatch.setattr(attention, "usable_kernel", lambda device, dtype: request.param)
    monkeypatch.setattr(attention, "flash_kernel", lambda device: double.functions)
    monkeypatch.setattr(attention, "rows_kernel", lambda kernel, device: double.rows)
    return double


@pytest.mark.parametrize("padding", [None, [0, 7], [3, 1]])
@pytest.mark.parametrize(("queries", "keys"), [(3, 12), (1, 12), (11, 20)])
def test_the_flash_kernels_are_given_every_query_and_key_and_no_padding(
    flash: Flash, queries: int, keys: int, padding: list[int] | None
) -> None:
    query, key, value = states(2, 2, 3, queries, keys)
    asked = AttentionPass(padding=None if padding is None else torch.tensor(padding))
    got, _ = attend(MODULE, query, key, value, None, 0.3, attention_pass=asked)
    expected, _ = naive(query, key, value, 0.3, padding or [0, 0])
    torch.testing.assert_close(got, expected, atol=1e-5, rtol=0)
    for _ in range(2):  # a later layer uses the same rows
        again, _ = attend(MODULE, query, key, value, None, 0.3, attention_pass=asked)
        assert torch.equal(again, got)
    if queries > 1 and padding is not None:
        kinds, shapes = {one[0] for one in flash.asked}, {one[2] for one in flash.asked}
        assert kinds == {"rows"}
        assert shapes == {(2 * keys - sum(padding), 2, 8)}  # what is padding is never read


def test_scores_by_the_flash_kernels_are_those_without(flash: Flash, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of different lengths in one batch; every layer went to a flash kernel."""
    one = pair("qwen2 7/1")
    prefix = read_prefix(one)
    stored = [chunk.kv for chunk in read(one, prefix, chunks_of(40, 64, 23))]
    flash.asked.clear()
    found = score_batch(one.loaded, prefix, stored, QUESTION)
    assert [kind for kind, _, _ in flash.asked] == ["rows"] * one.spec.layers
    assert flash.asked[0][2][0] == 3 * (len(PREFIX) + len(QUESTION.scored)) + 40 + 64 + 23
    monkeypatch.undo()
    for (by_flash, _), (expected, _) in zip(found, score_batch(one.loaded, prefix, stored, QUESTION), strict=True):
        assert by_flash == pytest.approx(expected, abs=1e-4)


def strict(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    cu_seqlens_q: Tensor,
    cu_seqlens_k: Tensor,
    max_seqlen_q: int,
    max_seqlen_k: int,
    softmax_scale: float | None = None,
    causal: bool = False,
) -> tuple[Tensor, str]:
    """flash_attn_varlen_func, as both versions have it, with a second result as some of them do."""
    assert causal
    assert cu_seqlens_q.dtype is cu_seqlens_k.dtype is torch.int32
    rows = Rows(cu_seqlens_q, cu_seqlens_k, cu_seqlens_q, cu_seqlens_k, max_seqlen_q, max_seqlen_k)
    assert softmax_scale is not None
    return Flash().rows(query, key, value, rows, softmax_scale), "log-sum-exp"


def strict_causal(query: Tensor, key: Tensor, value: Tensor, softmax_scale: float, causal: bool) -> Tensor:
    """flash_attn_func."""
    assert causal
    return Flash().causal(query, key, value, softmax_scale)


@pytest.mark.parametrize(("capability", "module"), [((9, 0), "flash_attn_interface"), ((8, 6), "flash_attn")])
def test_flash_attns_functions_are_called_as_they_are_declared(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], module: str
) -> None:
    functions = SimpleNamespace(flash_attn_func=strict_causal, flash_attn_varlen_func=strict)
    monkeypatch.setitem(sys.modules, module, functions)
    found = kernels.flash_attention.__wrapped__(capability)
    assert found is not None
    query, key, value = states(2, 2, 3, 3, 12)
    expected, _ = naive(query, key, value, 0.3, [0, 4])
    rows = Rows.of(2, 3, 12, torch.tensor([0, 4]), CPU)
    torch.testing.assert_close(kernels.on_rows(found.rows, query, key, value, 0.3, rows), expected)
    whole, _ = naive(query, key, value, 0.3, [0, 0])
    torch.testing.assert_close(found.causal(*(one.transpose(1, 2) for one in (query, key, value)), 0.3), whole)


def test_a_flash_attn_that_is_not_there_or_another_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """flash-attn 4 has the same name, and none of these functions."""
    monkeypatch.setitem(sys.modules, "flash_attn_interface", None)
    for module in (None, SimpleNamespace()):
        monkeypatch.setitem(sys.modules, "flash_attn", module)
        assert kernels.flash_attention.__wrapped__((9, 0)) is None


@pytest.mark.skipif(kernels.torch_rows() is None, reason="this torch has no flash attention on rows")
def test_torchs_own_flash_kernel_takes_what_it_is_given() -> None:
    """On tensors without memory: it checks names and shapes, and computes nothing."""
    query, key, value = (one.half().to("meta") for one in states(2, 2, 3, 3, 12))
    rows = Rows.of(2, 3, 12, torch.tensor([0, 4]), torch.device("meta"))
    function = kernels.torch_rows()
    assert function is not None
    assert kernels.on_rows(function, query, key, value, 0.3, rows).shape == (2, 3, 6, 8)


@pytest.mark.parametrize("lengths", [(40, 40), (40, 64, 23)])
def test_scores_are_near_the_exact_ones_in_every_format(format: Format, lengths: tuple[int, ...]) -> None:
    """On a CUDA device in bf16 this is the real flash kernel, for chunks of one length and of several."""
    found = scores(pair("qwen3 15/5", format.device, dtype=format.dtype), lengths)
    assert found == pytest.approx(scores(pair("qwen3 15/5"), lengths), abs=2 * format.tolerance)


def scores(one: Pair, lengths: tuple[int, ...]) -> list[float]:
    """The mean NLL of the question given each of these chunks."""
    prefix = read_prefix(one)
    stored = [chunk.kv for chunk in read(one, prefix, chunks_of(*lengths), KVPrecision.of(one.spec.dtype))]
    return [sum(nll) / len(nll) for nll, _ in score_batch(one.loaded, prefix, stored, QUESTION)]


@pytest.fixture
def asked_of_sdpa(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What torch SDPA was asked for."""
    calls: list[dict[str, Any]] = []
    real = F.scaled_dot_product_attention

    def noted(query: Tensor, key: Tensor, value: Tensor, **settings: Any) -> Tensor:
        calls.append({"query": query, "key": key, **settings})
        return real(query, key, value, **settings)

    monkeypatch.setattr(F, "scaled_dot_product_attention", noted)
    return calls


@pytest.mark.parametrize("shares", [True, False])
def test_heads_share_keys_only_where_a_flash_kernel_lets_them(
    asked_of_sdpa: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, shares: bool
) -> None:
    """Asked to share keys without one, torch computes all logits of queries x keys at once."""
    monkeypatch.setattr(attention, "shares_keys", lambda device, dtype: shares)
    query, key, value = states(2, 2, 3, QUARTER, QUARTER + 5)
    got, _ = attend(MODULE, query, key, value, None, 0.3)
    torch.testing.assert_close(got, naive(query, key, value, 0.3, [0, 0])[0], atol=1e-5, rtol=0)
    (call,) = asked_of_sdpa
    assert call["enable_gqa"] is shares
    assert call["is_causal"] is True
    assert call["key"].shape[1] == (2 if shares else 6)


@pytest.mark.parametrize(
    ("capability", "dtype", "shares"),
    [((8, 6), torch.float16, True), ((7, 5), torch.float16, False), ((9, 0), torch.float32, False)],
)
def test_which_cards_let_heads_share_keys(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], dtype: torch.dtype, shares: bool
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    assert kernels.shares_keys(CUDA, dtype) is shares
    assert kernels.shares_keys(CPU, dtype) is True


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_on_a_cpu_torch_has_a_flash_kernel_for_heads_that_share_keys(dtype: torch.dtype) -> None:
    query = torch.zeros(1, 6, QUARTER, 64, dtype=dtype)
    key = torch.zeros(1, 2, QUARTER, 64, dtype=dtype)
    chosen = torch._fused_sdp_choice(query, key, key, is_causal=True, enable_gqa=True)
    assert SDPBackend(chosen) == SDPBackend.FLASH_ATTENTION
