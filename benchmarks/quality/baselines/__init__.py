"""The methods that ours is compared with, on the same loaded model and with the same words in the prompt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum

from wholedoc.models.text_model import TextModel

from ..method import Method
from .answer_chunk import AnswerChunk
from .asked import Reply
from .compressed import Compressed, Press
from .full_attention import Stretched, Truncated
from .retrieval import Budget, Retrieval, rank
from .rope import Stretch

__all__ = ["BASELINES", "Baseline", "Budget", "Build", "Compressed", "Reply", "Retrieval", "rank"]


class Baseline(Enum):
    """A method that ours is compared with."""

    TRUNCATED = "truncated"
    NTK = "ntk"
    YARN = "yarn"
    BM25 = "bm25"
    BM25_SMALL = "bm25-small"
    ANSWER_CHUNK = "answer-chunk"
    SNAPKV = "snapkv"
    EXPECTED_ATTENTION = "expected-attention"
    KVZIP = "kvzip"


Build = Callable[[TextModel, Reply], Method]

BASELINES: Mapping[Baseline, Build] = {
    Baseline.TRUNCATED: Truncated,
    Baseline.NTK: lambda model, reply: Stretched(model, reply, Stretch.NTK),
    Baseline.YARN: lambda model, reply: Stretched(model, reply, Stretch.YARN),
    Baseline.BM25: Retrieval,
    Baseline.BM25_SMALL: lambda model, reply: Retrieval(model, reply, Budget(kept_tokens=1024)),
    Baseline.ANSWER_CHUNK: AnswerChunk,
    Baseline.SNAPKV: lambda model, reply: Compressed(model, reply, Press.SNAPKV),
    Baseline.EXPECTED_ATTENTION: lambda model, reply: Compressed(model, reply, Press.EXPECTED_ATTENTION),
    Baseline.KVZIP: lambda model, reply: Compressed(model, reply, Press.KVZIP),
}
