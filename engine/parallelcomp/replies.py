"""One question to every chunk by itself: a map over a whole document, with many chunks in a batch.

Each chunk is answered from alone, as if it were the only one, so nothing that it says is lost among the others. No
chunk is read again, and one that has nothing to say costs the question and a token or two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from .attention import AttentionPass, Cancel
from .context.composition import batch_context
from .kv.context import Context
from .kv.stored import ChunkKV, Prefix
from .model import LoadedModel

# Is given a reply's tokens so far; returns True if nothing of use can follow.
Ended = Callable[[Sequence[int]], bool]


@dataclass(frozen=True)
class Reply:
    """What one chunk answers: the chunk's index, the answer's tokens, and whether it reached its longest length."""

    index: int
    token_ids: tuple[int, ...]
    cut_short: bool


@dataclass
class _Row:
    index: int
    token_ids: list[int] = field(default_factory=list)
    cut_short: bool = False

    def take(self, token: int, longest: int, stop_ids: frozenset[int], ended: Ended | None) -> bool:
        """Take the next token; return whether another should follow."""
        if token in stop_ids:
            return False
        self.token_ids.append(token)
        self.cut_short = len(self.token_ids) == longest
        return not self.cut_short and not (ended is not None and ended(self.token_ids))


def reply_each(
    loaded: LoadedModel,
    prefix: Prefix,
    chunks: Sequence[ChunkKV],
    question_ids: Sequence[int],
    *,
    longest: int,
    stop_ids: frozenset[int],
    batch: int,
    ended: Ended | None = None,
    cancelled: Cancel | None = None,
) -> Iterator[Reply]:
    """Yield every chunk's reply of at most `longest` tokens, `batch` chunks at a time, in the chunks' order.

    The most likely token is taken each time. Raises Cancelled, within a layer of a pass.
    """
    for first in range(0, len(chunks), batch):
        group = chunks[first : first + batch]
        yield from reply_batch(
            loaded,
            prefix,
            group,
            question_ids,
            longest=longest,
            stop_ids=stop_ids,
            ended=ended,
            cancelled=cancelled,
        )


@torch.inference_mode()
def reply_batch(
    loaded: LoadedModel,
    prefix: Prefix,
    chunks: Sequence[ChunkKV],
    question_ids: Sequence[int],
    *,
    longest: int,
    stop_ids: frozenset[int],
    ended: Ended | None = None,
    cancelled: Cancel | None = None,
) -> list[Reply]:
    """Return every chunk's reply, in the chunks' order, from passes that they share. Raises Cancelled."""
    context = batch_context(loaded, prefix, chunks, len(question_ids) + longest)
    rows = [_Row(one.chunk.index) for one in chunks]
    going = list(rows)
    tokens = torch.tensor([list(question_ids)], device=loaded.spec.device).expand(len(rows), -1)
    while going:
        drawn = _forward(loaded, context, tokens, cancelled).tolist()
        wanted = [row.take(token, longest, stop_ids, ended) for row, token in zip(going, drawn, strict=True)]
        if not all(wanted):  # sequences that ended would be computed to the end of the longest
            context.keep_sequences([row for row, more in enumerate(wanted) if more])
        going = [row for row, more in zip(going, wanted, strict=True) if more]
        tokens = torch.tensor([row.token_ids[-1:] for row in going], device=loaded.spec.device)
    return [Reply(row.index, tuple(row.token_ids), row.cut_short) for row in rows]


def _forward(loaded: LoadedModel, context: Context, tokens: Tensor, cancelled: Cancel | None) -> Tensor:
    """Append tokens (sequences, tokens) to a context; return the most likely next token of each, (sequences,)."""
    model = loaded.decoder if loaded.decoder is not None and tokens.shape[1] == 1 else loaded.model
    out = model(
        input_ids=tokens,
        position_ids=context.next_position[:, None] + torch.arange(tokens.shape[1], device=tokens.device),
        past_key_values=context.cache,
        use_cache=True,
        # Named by its index, the last state is copied; a view of it would have the whole output matrix copied.
        logits_to_keep=torch.tensor([tokens.shape[1] - 1], device=tokens.device),
        attention_pass=AttentionPass(context.padding, cancelled=cancelled),
    )
    context.next_position = context.next_position + tokens.shape[1]
    drawn: Tensor = out.logits[:, -1].argmax(dim=-1)
    return drawn
