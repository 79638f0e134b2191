"""The slow paths: plain transformers forwards with explicit masks and positions, over the whole sequence.

Nothing here uses the engine; token ids go in, log-probabilities and attention come out, always on the CPU in fp32.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class Forward:
    """`log_probs` (tokens, vocabulary); `attentions` (layers, query_heads, tokens, tokens)."""

    log_probs: Tensor
    attentions: Tensor


def plain_forward(plain: Any, ids: Sequence[int]) -> Forward:
    """An ordinary causal forward pass over one sequence."""
    with torch.inference_mode():
        out = plain(
            input_ids=torch.tensor([list(ids)], device=plain.device), output_attentions=True, use_cache=False
        )
    return _forward(out)


def question_nll(plain: Any, before: Sequence[int], ids: Sequence[int]) -> list[float]:
    """Return -log P of each of `ids` after `before`, in nats."""
    log_probs = plain_forward(plain, [*before, *ids]).log_probs
    return [-float(log_probs[len(before) + i - 1, token]) for i, token in enumerate(ids)]


def observed(plain: Any, prefix: Sequence[int], chunk: Sequence[int], question: Sequence[int], last: int) -> Tensor:
    """Attention of the last `last` question tokens on the chunk's: (layers, kv_heads, chunk tokens)."""
    attentions = plain_forward(plain, [*prefix, *chunk, *question]).attentions
    paid = attentions[:, :, -last:, len(prefix) : len(prefix) + len(chunk)].sum(dim=2)
    kv_heads = plain.config.num_key_value_heads
    return torch.stack([by_kv_head(layer, kv_heads) for layer in paid])


def by_kv_head(per_query_head: Tensor, kv_heads: int) -> Tensor:
    """Sum (query_heads, tokens) over the query heads that share a KV head, one head after another."""
    group = per_query_head.shape[0] // kv_heads
    summed = torch.zeros(kv_heads, per_query_head.shape[1])
    for head, row in enumerate(per_query_head):
        summed[head // group] += row
    return summed


def best_tokens(attention: Tensor, capacity: int, kernel: int) -> list[list[int]]:
    """Return the tokens that each KV head keeps of `attention` (kv_heads, tokens), max-pooled; of equal ones the
    earlier."""
    kept = []
    for row in attention.tolist():
        reach = kernel // 2
        pooled = [max(row[max(0, i - reach) : i + reach + 1]) for i in range(len(row))]
        kept.append(sorted(sorted(range(len(row)), key=lambda i, p=pooled: (-p[i], i))[:capacity]))  # type: ignore[misc]
    return kept


def assembled_forward(
    plain: Any,
    prefix: Sequence[int],
    chunks: Sequence[Sequence[int]],
    question: Sequence[int],
    visible: Sequence[Sequence[Sequence[int]]] | None = None,
) -> Forward:
    """The sequence prefix, chunks, question under an explicit mask and explicit positions.

    Each chunk stands at the positions after the prefix and sees the prefix and itself; the question stands after
    the longest chunk and sees everything, or of the chunks' tokens only `visible[layer][kv_head]`, offsets in the
    concatenation of the chunks.
    """
    start = len(prefix)
    document = sum(len(chunk) for chunk in chunks)
    total = start + document + len(question)
    position = list(range(start))
    mask = torch.zeros(total, total, dtype=torch.bool)
    for row in range(start):
        mask[row, : row + 1] = True
    offset = start
    for chunk in chunks:
        for local in range(len(chunk)):
            mask[offset + local, :start] = True
            mask[offset + local, offset : offset + local + 1] = True
            position.append(start + local)
        offset += len(chunk)
    first = start + max(len(chunk) for chunk in chunks)
    for local in range(len(question)):
        mask[offset + local, : offset + local + 1] = True
        position.append(first + local)

    config = plain.config
    heads, group = config.num_attention_heads, config.num_attention_heads // config.num_key_value_heads
    masks = mask.expand(config.num_hidden_layers, heads, -1, -1).clone()
    _slide(masks, position, config)
    if visible is not None:
        for layer, per_head in enumerate(visible):
            for head in range(heads):
                hidden = set(range(document)) - set(per_head[head // group])
                for token in hidden:
                    masks[layer, head, offset:, start + token] = False
    ids = [*prefix, *(token for chunk in chunks for token in chunk), *question]
    return masked_forward(plain, ids, position, masks)


def _slide(masks: Tensor, position: Sequence[int], config: Any) -> None:
    """Hide from the queries of sliding layers what lies before the window, by positions."""
    at = torch.tensor(position)
    for layer, kind in enumerate(getattr(config, "layer_types", None) or ()):
        if kind == "sliding_attention":
            masks[layer] &= at[:, None] - at[None, :] < config.sliding_window


def masked_forward(plain: Any, ids: Sequence[int], position: Sequence[int], masks: Tensor) -> Forward:
    """One sequence at explicit positions under explicit masks, bool (layers, query_heads, tokens, tokens)."""
    additive = torch.zeros(masks.shape).masked_fill(~masks, float("-inf"))
    hooks = [
        layer.self_attn.register_forward_pre_hook(
            _with_mask(additive[index][None].to(plain.device, plain.dtype)), with_kwargs=True
        )
        for index, layer in enumerate(plain.model.layers)
    ]
    try:
        with torch.inference_mode():
            out = plain(
                input_ids=torch.tensor([list(ids)], device=plain.device),
                position_ids=torch.tensor([list(position)], device=plain.device),
                output_attentions=True,
                use_cache=False,
            )
    finally:
        for hook in hooks:
            hook.remove()
    return _forward(out)


def _with_mask(mask: Tensor) -> Any:
    def replace(module: Any, args: Any, kwargs: Any) -> Any:
        assert "attention_mask" in kwargs
        return args, {**kwargs, "attention_mask": mask}

    return replace


def _forward(out: Any) -> Forward:
    attentions = torch.stack([layer[0].float().cpu() for layer in out.attentions])
    return Forward(out.logits[0].float().cpu().log_softmax(dim=-1), attentions)
