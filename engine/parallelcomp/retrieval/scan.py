"""A coarse scan: which chunks a question looks at, without visiting them (QRHead, arXiv 2506.09944).

A few of a model's query heads are retrieval heads: their attention alone finds where a question looks. So the
question runs once, behind the prefix alone, and only the queries of those heads meet the keys of every chunk. That
costs a few products a chunk where the exact score (`scoring`) costs every layer. The same heads then show which
tokens of the best chunks the question looks at (`head_attention`).

Attention that is normalised within a chunk cannot be compared between chunks. What is compared is its logarithm
before that, less the logarithm of the chunk's length: how much mass a head and a question token put on a token of
the chunk.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import torch
from torch import Tensor

from ..attention.attention import AttentionPass, Cancel
from ..attention.limits import Limits
from ..config import QueryHead, RetrievalHeads
from ..errors import Cancelled, HeadsError
from ..kv.cache import buffer_cache
from ..kv.stored import Prefix, StoredKV
from ..models.model import LoadedModel, ModelSpec
from ..scoring import Question

LARGEST = 127  # of the integers that 8 bits hold, without the one that has no opposite


@dataclass(frozen=True)
class KeyHead:
    """One KV head of one layer."""

    layer: int
    kv_head: int


@dataclass(frozen=True)
class ScanKeys:
    """The keys of a chunk that retrieval heads meet, in 8 bits with a scale for each key.

    `codes`: int8 (key heads, tokens, head_dim), in the order of `key_heads`. `scales`: fp32 (key heads, tokens). A
    key's number is its code times its scale, to within half the scale.
    """

    codes: Tensor
    scales: Tensor

    @property
    def tokens(self) -> int:
        return self.codes.shape[1]

    def tensors(self) -> dict[str, Tensor]:
        """The tensors by the names that they have in files on disk."""
        return {"codes": self.codes, "scales": self.scales}

    def to(self, device: torch.device) -> ScanKeys:
        """Return these keys on a device; themselves if they are there."""
        return ScanKeys(self.codes.to(device), self.scales.to(device))

    @classmethod
    def restore(cls, tensors: dict[str, Tensor]) -> ScanKeys:
        """Return the keys with these `tensors()`, without a copy. Raises ValueError if they do not fit."""
        codes, scales = tensors.get("codes"), tensors.get("scales")
        if codes is None or scales is None or codes.dtype is not torch.int8 or codes.shape[:2] != scales.shape:
            raise ValueError(
                "keys for a scan are int8 codes of shape (key heads, tokens, head_dim) and their scales"
            )
        return cls(codes, scales)


def check_heads(heads: RetrievalHeads, spec: ModelSpec) -> None:
    """Raise HeadsError unless these heads were found on the model with this spec."""
    if heads.fingerprint != spec.fingerprint:
        raise HeadsError(
            f"these retrieval heads are of another model ({heads.fingerprint}, this is {spec.fingerprint}; another "
            "number format counts as another model): find them anew on this one"
        )
    if any(not (0 <= one.layer < spec.layers and 0 <= one.head < spec.query_heads) for one in heads.heads):
        raise HeadsError(
            f"there are no such heads in a model of {spec.layers} layers with {spec.query_heads} heads: find the "
            "retrieval heads anew"
        )


def key_heads(heads: Iterable[QueryHead], group: int) -> tuple[KeyHead, ...]:
    """Return the KV heads that these query heads meet, each once, by layer. `group`: query heads per KV head."""
    met = {(one.layer, one.head // group) for one in heads}
    return tuple(KeyHead(layer, kv_head) for layer, kv_head in sorted(met))


def scan_keys(kv: StoredKV, heads: RetrievalHeads, spec: ModelSpec) -> ScanKeys:
    """Return a chunk's keys for a scan by these heads, from its stored KV and on the model's device."""
    wanted = key_heads(heads.heads, spec.group)
    found = torch.empty(len(wanted), kv.tokens, spec.head_dim, device=spec.device)
    keys = torch.empty(spec.kv_heads, kv.tokens, spec.head_dim, device=spec.device)
    values = torch.empty_like(keys)
    layer = -1
    for slot, one in enumerate(wanted):
        if one.layer != layer:
            layer = one.layer
            kv.read(layer, keys, values)
        found[slot] = keys[one.kv_head]
    scales = found.abs().amax(dim=-1).clamp_min_(torch.finfo(torch.float32).tiny) / LARGEST
    codes = (found / scales[..., None]).round_().to(torch.int8)
    return ScanKeys(codes, scales)


# The scaled queries of retrieval heads, fp32 (tokens, head_dim) each, of a question's own tokens.
HeadQueries = Mapping[QueryHead, Tensor]


class _LastLayer(Exception):  # noqa: N818 - no error: what was asked of the pass is there
    """Ends a pass after the last layer whose queries are wanted."""


class _QueryRecorder:
    """Observer that keeps the queries of the wanted heads, and ends the pass when it has them."""

    def __init__(self, heads: Iterable[QueryHead]) -> None:
        self._wanted = set(heads)
        self._last = max(one.layer for one in self._wanted)
        self.queries: dict[QueryHead, Tensor] = {}

    def __call__(
        self, layer: int, query: Tensor, key: Tensor, scaling: float, padding: Tensor | None, limits: Limits
    ) -> None:
        for one in self._wanted:
            if one.layer == layer:
                self.queries[one] = query[0, one.head].float() * scaling
        if layer == self._last:
            raise _LastLayer


@torch.inference_mode()
def head_queries(
    loaded: LoadedModel,
    prefix: Prefix,
    question: Question,
    heads: Iterable[QueryHead],
    behind: int,
    cancelled: Cancel | None = None,
) -> HeadQueries:
    """Return these heads' scaled queries of the question's own tokens.

    The question sees the prefix alone, at the positions that it has behind a chunk of `behind` tokens. Layers above
    the last of the heads are not run. Raises Cancelled.
    """
    spec = loaded.spec
    ids = question.preamble + question.ids
    recorder = _QueryRecorder(heads)
    start = len(prefix) + behind
    positions = torch.arange(start, start + len(ids), device=spec.device)
    of_keys = torch.cat([torch.arange(len(prefix), device=spec.device), positions])[None, None]
    with suppress(_LastLayer):
        loaded.model.base_model(
            input_ids=torch.tensor([ids], device=spec.device),
            position_ids=positions[None],
            past_key_values=buffer_cache(1, len(prefix) + len(ids), spec, prefix),
            use_cache=True,
            attention_pass=AttentionPass(
                observer=recorder, cancelled=cancelled, key_positions=lambda _layer, _keys: of_keys
            ),
        )
    return {one: rows[len(question.preamble) :] for one, rows in recorder.queries.items()}


@torch.inference_mode()
def scan(
    queries: HeadQueries,
    chunks: Sequence[ScanKeys],
    spec: ModelSpec,
    cancelled: Cancel | None = None,
) -> list[float]:
    """Return for each chunk how much more than other chunks a question looks at it: the sum over heads of standard
    deviations from the mean over all chunks.

    `queries` is what `head_queries` returned. The more chunks there are, the more the numbers say; of one chunk
    they say nothing. Raises Cancelled.
    """
    packed = _by_key_head(queries, spec)
    seen: list[Tensor] = []
    for chunk in chunks:
        if cancelled is not None and cancelled():
            raise Cancelled("stopped while the document was scanned")
        mass = torch.cat([log_mass(rows, chunk, slot, spec.dtype) for slot, rows in enumerate(packed)])
        seen.append(mass.mean(dim=1) - math.log(chunk.tokens))
    return standardised(torch.stack(seen).cpu()).sum(dim=1).tolist()


@torch.inference_mode()
def head_attention(queries: HeadQueries, chunks: Sequence[ScanKeys], spec: ModelSpec) -> list[Tensor]:
    """Return for each chunk the attention that the heads' queries pay to its tokens: fp32 (tokens,), on the CPU.

    It is the mean over heads and question tokens, and sums to one over all these chunks together, so that chunks
    are compared, too.
    """
    paid: list[Tensor] = []
    for slot, rows in enumerate(_by_key_head(queries, spec)):
        logits = torch.cat([_logits(rows, chunk, slot, spec.dtype) for chunk in chunks], dim=1)
        paid.append(logits.softmax(dim=1).sum(dim=0))
    mean = torch.stack(paid).sum(dim=0).cpu() / sum(map(len, queries.values()))
    return list(mean.split([chunk.tokens for chunk in chunks]))


def _by_key_head(queries: HeadQueries, spec: ModelSpec) -> list[Tensor]:
    """Return the queries that meet each key head, in the order of `ScanKeys`: fp32 (heads, tokens, head_dim)."""
    slots = {one: slot for slot, one in enumerate(key_heads(queries, spec.group))}
    by_slot: list[list[Tensor]] = [[] for _ in slots]
    for head, rows in queries.items():
        by_slot[slots[KeyHead(head.layer, head.head // spec.group)]].append(rows)
    return [torch.stack(heads) for heads in by_slot]


def log_mass(queries: Tensor, chunk: ScanKeys, slot: int, dtype: torch.dtype) -> Tensor:
    """Return the logarithm of the mass that each query puts on a chunk: fp32 (heads, tokens).

    It is the log-sum-exp of the products of `queries` (heads, tokens, head_dim) with the chunk's keys of one key
    head, not normalised. `dtype` is what the products are computed in.
    """
    return _logits(queries, chunk, slot, dtype).logsumexp(dim=-1).view(queries.shape[:2])


def _logits(queries: Tensor, chunk: ScanKeys, slot: int, dtype: torch.dtype) -> Tensor:
    """Return products of `queries` (heads, tokens, head_dim) with a chunk's keys: fp32 (heads x tokens, keys)."""
    rows = queries.flatten(0, 1).to(dtype)
    return (rows @ chunk.codes[slot].to(rows.device, dtype).t()).float() * chunk.scales[slot].to(rows.device)


def standardised(values: Tensor) -> Tensor:
    """Return `values` (chunks, ...) less their mean over the chunks, in standard deviations.

    Where all chunks are equal it is 0.
    """
    spread = values.std(dim=0, correction=0)
    return (values - values.mean(dim=0)) / torch.where(spread > 1e-9, spread, 1.0)
