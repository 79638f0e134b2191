"""Reading: the shared prefix once, then the chunks in batches at re-used positions (section 3.1, step 2)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from .attention.attention import AttentionPass, Cancel
from .chunking import Chunk
from .config import KVPrecision
from .kv.cache import buffer_cache
from .kv.stored import ChunkKV, DenseKV, Prefix, pack, store_kv
from .models.model import LoadedModel


@torch.inference_mode()
def prefill_prefix(loaded: LoadedModel, token_ids: Sequence[int]) -> Prefix:
    """Read the tokens that stand before every chunk, at positions 0..P-1. There may be none."""
    spec = loaded.spec
    ids = tuple(token_ids)
    if not ids:
        shape = (spec.layers, 2, spec.kv_heads, 0, spec.head_dim)
        return Prefix(ids, DenseKV(torch.empty(shape, dtype=spec.dtype, device=spec.device)))
    cache = buffer_cache(1, len(ids), spec)
    tokens = torch.tensor([ids], device=spec.device)
    loaded.model.base_model(
        input_ids=tokens,
        position_ids=torch.arange(len(ids), device=spec.device)[None],
        past_key_values=cache,
        use_cache=True,
    )
    layers = [(keys[0], values[0]) for keys, values in (layer.used for layer in cache.layers)]
    return Prefix(ids, pack(layers, spec.dtype, spec.device))


@torch.inference_mode()
def prefill_batch(
    loaded: LoadedModel,
    prefix: Prefix,
    chunks: Sequence[Chunk],
    *,
    precision: KVPrecision,
    device: torch.device,
    cancelled: Cancel | None = None,
) -> list[ChunkKV]:
    """Read several chunks in one pass, each at positions P..P+n-1 after the same prefix.

    Shorter chunks are padded at their end, where causality hides the padding from every real token. The KV is
    kept on `device` in `precision`. Raises ValueError if the KV cannot be quantised, and Cancelled.
    """
    spec = loaded.spec
    longest = max(len(chunk) for chunk in chunks)
    start = len(prefix)
    tokens = torch.zeros(len(chunks), longest, dtype=torch.long)
    for row, chunk in zip(tokens, chunks, strict=True):
        row[: len(chunk)] = torch.tensor(chunk.token_ids)
    cache = buffer_cache(len(chunks), start + longest, spec, prefix)
    loaded.model.base_model(
        input_ids=tokens.to(spec.device),
        position_ids=torch.arange(start, start + longest, device=spec.device)[None],
        past_key_values=cache,
        use_cache=True,
        attention_pass=AttentionPass(cancelled=cancelled),
    )
    used = [layer.used for layer in cache.layers]
    read: list[ChunkKV] = []
    for row_index, chunk in enumerate(chunks):
        body = slice(start, start + len(chunk))
        layers = [(keys[row_index, :, body], values[row_index, :, body]) for keys, values in used]
        read.append(ChunkKV(chunk, store_kv(layers, precision, device)))
    return read


def batches(chunks: Sequence[Chunk], size: int) -> Iterator[list[Chunk]]:
    """Yield the chunks in document order, `size` at a time."""
    for first in range(0, len(chunks), size):
        yield list(chunks[first : first + size])


# A batch of this many tokens is worth a pass over the weights; from there on a longer chunk begins a new one if it
# would pad the shortest by more than this share.
ENOUGH_TOKENS, PADDED = 256, 0.3


def batches_of_like_length(chunks: Sequence[Chunk], tokens: int) -> Iterator[list[Chunk]]:
    """Yield the chunks, the shortest first, in batches of at most `tokens` tokens with padding, or of one chunk.

    Chunks of very different lengths are not read together, since the shorter would be padded to the longer.
    """
    batch: list[Chunk] = []
    for chunk in sorted(chunks, key=len):
        enough = sum(map(len, batch)) >= ENOUGH_TOKENS
        pads = bool(batch) and enough and len(chunk) > (1 + PADDED) * len(batch[0])
        if batch and (pads or (len(batch) + 1) * len(chunk) > tokens):
            yield batch
            batch = []
        batch.append(chunk)
    if batch:
        yield batch
