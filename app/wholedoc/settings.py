"""What a person chooses: model, device, engine settings, how to answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

import torch

from parallelcomp import ChunkScoring, DecodeWeights, EngineConfig, Sampling, Weights
from parallelcomp.apb import APB


class AnswerFrom(Enum):
    """What the answer's words are made from, once the question has found its evidence."""

    CONTEXT = "context"
    """Everything that was kept, composed as the engine's settings say: for models that can read that much."""
    PASSAGES = "passages"
    """The best passages alone, read again: a small model loses the thread in more."""
    QUOTE = "quote"
    """The best passage itself, word for word: nothing is written, so that nothing can be invented."""


class Attention(Enum):
    """How the model sees a document that is longer than it should read at once."""

    PARALLEL = "parallel"
    """ParallelComp: chunks that know nothing of each other, read once for all questions."""
    APB = "apb"
    """Blocks that hand on what the question needs, read anew for every question."""
    STAR = "star"
    """Star-Attention: blocks that see the document's start and hand on nothing, read anew for every question."""


class Answerer(Enum):
    """Who writes the answers, where no model is named."""

    DEFAULT = "default"
    """The best writer of the catalogue for this machine, once it has been fetched; until then the reader."""
    READER = "reader"
    """The model that reads, in its own way."""


# Of the documents that were used last, so many tokens are held in memory (about 100 bytes for each, and their KV on
# a device), and always those of the last one. The others are had from the store again when they are asked.
HELD_TOKENS = 4_000_000
# A model of fewer parameters than this finds passages, and says wrongly what they hold (docs/log.md).
SMALL_MODEL = 1e9


@dataclass(frozen=True)
class Settings:
    """What a person chooses.

    `model` reads: a Hugging Face id or a folder; None stands for the embedded model. `answer_model` writes: the
    same, or the address of a program that speaks OpenAI's protocol, with the model's name behind a #. The writer
    gets the `writer_passages` best passages. `device` None is CUDA or Apple's GPU if there is one, and `dtype` None
    is the fastest format of the device. `weights` is the format of the models' weights; None leaves them as they
    are published. `decode_weights` None means 8 bits for a small model on a CPU in bf16, which then decodes nearly
    twice as fast. `found_margin` is the number of nats per token by which a chunk must make the question
    more likely than the prefix alone does (see `abstention.explains`) for an answer to count as found.
    `answer_from` None follows the model's size. `passages` is how many passages are read again. `library_bytes` is
    the most that the chunks of all documents may take on disk. `apb` None is ParallelComp; with APB every question
    reads the documents anew, and the library keeps nothing of that. `scoring` says which chunks a question is
    scored on. All are, whatever it says, by several processes and while a model's retrieval heads are not known.
    APB has no chunks to score. `held_tokens` is how many tokens of documents stay in memory.
    """

    model: str | None = None
    answer_model: str | Answerer = Answerer.DEFAULT
    device: torch.device | None = None
    dtype: torch.dtype | None = None
    weights: Weights | None = None
    decode_weights: DecodeWeights | None = None
    engine: EngineConfig = field(default_factory=EngineConfig)
    sampling: Sampling = field(default_factory=Sampling)
    citations: int = 5
    found_margin: float = 0.3
    answer_from: AnswerFrom | None = None
    passages: int = 1
    writer_passages: int = 4
    library_bytes: int = 32_000_000_000
    apb: APB | None = None
    scoring: ChunkScoring = ChunkScoring.SCAN
    held_tokens: int = HELD_TOKENS

    @property
    def attention(self) -> Attention:
        """How the model sees a document."""
        if self.apb is None:
            return Attention.PARALLEL
        return Attention.STAR if self.apb.passing_tokens == 0 else Attention.APB

    def loads_like(self, other: Settings) -> bool:
        """Return whether both use the same model, loaded in the same way."""
        mine, others = (
            (one.model, one.device, one.dtype, one.weights, one.decode_weights) for one in (self, other)
        )
        return mine == others

    def reads_like(self, other: Settings) -> bool:
        """Return whether both read documents in the same way, so that what one has read serves the other."""
        return self.loads_like(other) and self.engine.reads_like(other.engine)
