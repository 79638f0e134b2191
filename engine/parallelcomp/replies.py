"""One question to every chunk by itself: a map over a whole document, with many chunks in a batch.

Each chunk is answered from alone, as if it were the only one, so nothing that it says is lost among the others. No
chunk is read again, and one that has nothing to say costs the question and a token or two.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from .attention.attention import Cancel
from .context.composition import batch_context, forward
from .kv.stored import ChunkKV, Prefix
from .models.model import LoadedModel


@dataclass(frozen=True)
class ReplyRequest:
    """What every chunk is asked, and when its reply ends.

    `question_ids` are all tokens between a chunk and its reply, which ends before a token of `stop_ids` and after
    `longest` tokens. One that begins with the token `nothing` is empty, and costs no more than that token.
    """

    question_ids: tuple[int, ...]
    longest: int
    stop_ids: frozenset[int] = frozenset()
    nothing: int | None = None


@dataclass(frozen=True)
class Reply:
    """What one chunk answers: the chunk's index, the answer's tokens, and whether it reached its longest length."""

    index: int
    token_ids: tuple[int, ...]
    cut_short: bool


def reply_each(
    loaded: LoadedModel,
    prefix: Prefix,
    chunks: Sequence[ChunkKV],
    request: ReplyRequest,
    batch: int,
    cancelled: Cancel | None = None,
) -> Iterator[Reply]:
    """Yield every chunk's reply, `batch` chunks at a time, in the chunks' order.

    The most likely token is taken each time. Raises Cancelled, within a layer of a pass.
    """
    for first in range(0, len(chunks), batch):
        group = chunks[first : first + batch]
        said = _decode(loaded, prefix, group, request, cancelled)
        for one, ids in zip(group, said, strict=True):
            yield Reply(one.chunk.index, tuple(ids), len(ids) == request.longest)


@torch.inference_mode()
def _decode(
    loaded: LoadedModel,
    prefix: Prefix,
    chunks: Sequence[ChunkKV],
    request: ReplyRequest,
    cancelled: Cancel | None,
) -> list[list[int]]:
    """Return every chunk's reply as token ids, from passes that the chunks share."""
    context = batch_context(loaded, prefix, chunks, len(request.question_ids) + request.longest)
    said: list[list[int]] = [[] for _ in chunks]
    going = said
    tokens = torch.tensor([request.question_ids], device=loaded.spec.device).expand(len(chunks), -1)
    while going:
        drawn = forward(loaded, context, tokens, cancelled=cancelled).argmax(dim=-1).tolist()
        rows: list[int] = []
        for row, (ids, token) in enumerate(zip(going, drawn, strict=True)):
            if token not in request.stop_ids and (ids or token != request.nothing):
                ids.append(token)
                if len(ids) < request.longest:
                    rows.append(row)
        if len(rows) < len(going):  # sequences that ended would be computed to the end of the longest
            context.keep_sequences(rows)
        going = [going[row] for row in rows]
        tokens = torch.tensor([ids[-1:] for ids in going], device=loaded.spec.device)
    return said
