"""Which query heads of a model are its retrieval heads, found once on text with known questions and answers.

Every head scans the parts of a sample for every question, as `scan` does it for the chunks of a document. The heads
that rank the part with the answer highest are kept (QRHead, arXiv 2506.09944). Their list is kept beside the model.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ..attention.attention import Cancel
from ..chunking import Chunk
from ..config import HEADS, KVPrecision, QueryHead, RetrievalHeads
from ..errors import HeadsError
from ..kv.stored import Prefix, StoredKV
from ..models.model import LoadedModel, ModelSpec
from ..prefill import prefill_batch
from ..scoring import Question
from .scan import head_queries

FORMAT = 1


@dataclass(frozen=True)
class AnsweredQuestion:
    """A question, and the index of the part of a sample that answers it."""

    question: Question
    part: int


@dataclass(frozen=True)
class HeadSample:
    """Parts of a text as token ids, and questions that one part each answers.

    Raises ValueError if there is no question, fewer than two parts, or an empty part.
    """

    parts: tuple[tuple[int, ...], ...]
    questions: tuple[AnsweredQuestion, ...]

    def __post_init__(self) -> None:
        if not self.questions or len(self.parts) < 2 or not all(self.parts):
            raise ValueError("retrieval heads are found with questions to at least two parts of a text")


def find_heads(
    loaded: LoadedModel, prefix: Prefix, sample: HeadSample, cancelled: Cancel | None = None
) -> Generator[float, None, RetrievalHeads]:
    """Find the retrieval heads of a model on a sample; yield from time to time which share is done, 0 to 1.

    Each part must fit the model's window with the prefix. Raises Cancelled.
    """
    spec = loaded.spec
    behind = max(len(part) for part in sample.parts)
    every = [QueryHead(layer, head) for layer in range(spec.layers) for head in range(spec.query_heads)]
    rows: list[Tensor] = []
    for asked in sample.questions:
        found = head_queries(loaded, prefix, asked.question, every, behind, cancelled)
        stacked = torch.stack([found[one] for one in every]).to(spec.dtype)
        rows.append(stacked.unflatten(0, (spec.layers, spec.query_heads)))
        yield 0.0
    queries = torch.cat(rows, dim=2)
    lengths = [one.shape[2] for one in rows]
    precision = KVPrecision.of(spec.dtype)
    looked: list[Tensor] = []
    for index, ids in enumerate(sample.parts):
        (read,) = prefill_batch(
            loaded, prefix, [Chunk(0, 0, ids)], precision=precision, device=spec.device, cancelled=cancelled
        )
        looked.append(looks(queries, lengths, read.kv, spec))
        yield (index + 1) / len(sample.parts)
    ranks = answer_ranks(torch.stack(looked), [asked.part for asked in sample.questions])
    return RetrievalHeads(spec.fingerprint, best_heads(ranks, layers=spec.full_layers))


@torch.inference_mode()
def looks(queries: Tensor, lengths: Sequence[int], kv: StoredKV, spec: ModelSpec) -> Tensor:
    """Return how much each head looks at a part for each question: fp32 (questions, layers, query_heads).

    `queries`: (layers, query_heads, tokens, head_dim) of all questions, which have these `lengths` in tokens.
    """
    keys = torch.empty(spec.kv_heads, kv.tokens, spec.head_dim, dtype=spec.dtype, device=spec.device)
    values = torch.empty_like(keys)
    found: list[Tensor] = []
    for layer in range(spec.layers):
        kv.read(layer, keys, values)
        rows = queries[layer].unflatten(0, (spec.kv_heads, spec.group)).flatten(1, 2)
        mass = (rows @ keys.transpose(1, 2)).float().logsumexp(dim=-1)
        by_question = mass.view(spec.query_heads, -1).split(list(lengths), dim=1)
        found.append(torch.stack([one.mean(dim=1) for one in by_question]))
    return torch.stack(found, dim=1).cpu() - math.log(kv.tokens)


def answer_ranks(looked: Tensor, answers: Sequence[int]) -> Tensor:
    """Return the place of the answering part in each head's order, 1 for the first.

    The shape is (questions, layers, query_heads), and that of `looked` (parts, questions, layers, query_heads). Of
    parts that a head looks at alike, the answering comes last.
    """
    ranks = [(looked[:, question] >= looked[part, question]).sum(dim=0) for question, part in enumerate(answers)]
    return torch.stack(ranks)


def best_heads(ranks: Tensor, count: int = HEADS, layers: Sequence[int] | None = None) -> tuple[QueryHead, ...]:
    """Return the `count` heads with the highest mean reciprocal rank of the answering part, the best first.

    Only heads of `layers` are taken: a sliding layer does not see where in a chunk a question looks."""
    reciprocal = (1.0 / ranks.double()).mean(dim=0)
    heads = reciprocal.shape[1]
    if layers is not None:
        others = sorted(set(range(len(reciprocal))) - set(layers))
        reciprocal[others] = -1.0
    order = reciprocal.flatten().argsort(descending=True, stable=True)[:count].tolist()
    return tuple(QueryHead(place // heads, place % heads) for place in order)


def save(heads: RetrievalHeads, path: Path) -> None:
    """Write the list of heads with the model's fingerprint. Raises OSError if it cannot be written."""
    listed = [[one.layer, one.head] for one in heads.heads]
    found = {"format": FORMAT, "fingerprint": heads.fingerprint, "heads": listed}
    whole = path.with_suffix(f".{os.getpid()}")
    whole.write_text(json.dumps(found) + "\n", encoding="utf-8")
    whole.replace(path)


def read(path: Path) -> RetrievalHeads:
    """Return the heads that `save` wrote. Raises HeadsError, which says what is wrong with the file."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["format"] != FORMAT:
            raise HeadsError(f"{path} was written by another version; find the retrieval heads anew")
        heads = tuple(QueryHead(int(layer), int(head)) for layer, head in found["heads"])
        return RetrievalHeads(str(found["fingerprint"]), heads)
    except OSError as error:
        raise HeadsError(f"cannot read the retrieval heads in {path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise HeadsError(f"{path} is not a file of retrieval heads; find them anew") from error
