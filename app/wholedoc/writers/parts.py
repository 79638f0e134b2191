"""A writer that looks at parts of a document one by one: each behind the same beginning, knowing of no other."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from parallelcomp import (
    Cancelled,
    Chunk,
    ChunkKV,
    Engine,
    EngineConfig,
    KVPrecision,
    MemoryPlan,
    Question,
    ReplyRequest,
    Sampling,
)

from ..models.chat_template import around, encode
from ..models.text_model import TextModel
from .beginnings import Beginnings
from .local import LocalWriter
from .writer import Cancel, Message, Writer

# So many parts are read and answered from together. Between two groups others may have the model, and on a CPU more
# of them are no faster.
AT_ONCE, AT_ONCE_ON_GPU = 8, 64
YES = "Yes"
# The engine takes no smaller limit of a chunk's tokens.
LEAST_CHUNK = 16
YES_TOKENS = 3


@dataclass(frozen=True)
class Reply:
    """What a writer answers from one part; `cut_short` if it had more to say than it may."""

    text: str
    cut_short: bool


class PartsReader(Protocol):
    """Some parts of a document that a writer has read, and questions to each of them."""

    def replies(self, behind: str, longest: int, cancelled: Cancel | None = None) -> Iterator[Reply]:
        """Yield what the writer answers to each part followed by `behind`, in at most `longest` tokens.

        Raises WriterError, WindowError, MemoryPlanError and Cancelled.
        """
        ...

    def agreement(self, index: int, behind: Sequence[str], cancelled: Cancel | None = None) -> list[float]:
        """Return how likely the writer is to say Yes to each of these questions behind one part, from 0 to 1.

        Raises the same.
        """
        ...

    def agreements(self, behind: str, cancelled: Cancel | None = None) -> list[float]:
        """Return how likely the writer is to say Yes to one question behind each of the parts. Raises the same."""
        ...


def parts_at_once(writer: Writer) -> int:
    """Return how many parts a writer should read together. Loads the model of a writer in this process."""
    on_cpu = not isinstance(writer, LocalWriter) or writer.model.loaded.spec.device.type == "cpu"
    return AT_ONCE if on_cpu else AT_ONCE_ON_GPU


def read_parts(writer: Writer, before: str, parts: Sequence[str], cancelled: Cancel | None = None) -> PartsReader:
    """Have a writer read some parts, each in a message of its own that begins with `before`.

    Raises WriterError, ModelError, WindowError, MemoryPlanError and Cancelled.
    """
    if isinstance(writer, LocalWriter):
        return LocalParts(writer.model, before, parts, cancelled, beginnings=writer.beginnings)
    return SentParts(writer, before, parts)


class KVParts(ABC):
    """Parts whose KV a model in this process has: `read` by `engine`. It serves every question about them.

    A reply that begins with the token `nothing` is empty, and ends there.
    """

    def __init__(
        self,
        model: TextModel,
        engine: Engine,
        read: Sequence[ChunkKV],
        memory: MemoryPlan,
        nothing: int | None = None,
    ) -> None:
        self._model, self._engine, self._memory, self._nothing = model, engine, memory, nothing
        self._read = [replace(one, chunk=replace(one.chunk, index=index)) for index, one in enumerate(read)]

    def replies(self, behind: str, longest: int, cancelled: Cancel | None = None) -> Iterator[Reply]:
        """Yield the replies, which are computed together."""
        request = ReplyRequest(self._to_reply(behind), longest, self._model.stop_ids, self._nothing)
        for one in self._engine.reply_each(self._read, request, self._memory, cancelled):
            yield Reply(self._model.decode(list(one.token_ids)), one.cut_short)

    def agreement(self, index: int, behind: Sequence[str], cancelled: Cancel | None = None) -> list[float]:
        """Return the probability of a Yes behind each question, all from one pass over the part."""
        yes = encode(self._model.tokenizer, YES)[:1]
        questions = [Question(self._behind(one), yes) for one in behind]
        (scores,) = self._engine.score_many([self._read[index]], questions, self._memory, cancelled)
        return [math.exp(-score.nll) for score in scores]

    def agreements(self, behind: str, cancelled: Cancel | None = None) -> list[float]:
        """Return the probability of a Yes behind every part, from passes that the parts share."""
        yes = encode(self._model.tokenizer, YES)[:1]
        question = Question(self._behind(behind), yes)
        scores = {one.index: one.nll for one in self._engine.score(self._read, question, self._memory, cancelled)}
        return [math.exp(-scores[index]) for index in range(len(self._read))]

    @abstractmethod
    def _behind(self, text: str) -> tuple[int, ...]:
        """Return the tokens between a part and what the model says to `text` behind it."""

    def _to_reply(self, text: str) -> tuple[int, ...]:
        return self._behind(text)


class LocalParts(KVParts):
    """Parts that a model in this process reads now.

    Nothing is read twice: `before` is read once for all of them, or not at all if the model has read it before and
    holds it in `beginnings`.
    """

    def __init__(
        self,
        model: TextModel,
        before: str,
        parts: Sequence[str],
        cancelled: Cancel | None = None,
        *,
        beginnings: Beginnings | None = None,
    ) -> None:
        self._before = before
        prefix, _ = around(model.tokenizer, before, "")
        chunks = [Chunk(index, 0, encode(model.tokenizer, text)) for index, text in enumerate(parts)]
        longest = max(LEAST_CHUNK, *(len(one) for one in chunks))
        config = EngineConfig(chunk_tokens=longest, precision=KVPrecision.of(model.loaded.spec.dtype))
        engine = Engine(model.loaded, prefix if beginnings is None else beginnings.read(prefix), config)
        memory = engine.plan(sum(len(one) for one in chunks))
        memory.check()
        super().__init__(model, engine, engine.prefill_pieces(chunks, memory, cancelled), memory)

    def _behind(self, text: str) -> tuple[int, ...]:
        return around(self._model.tokenizer, self._before, text)[1]


class StoredParts(KVParts):
    """Chunks of documents, as the model that is asked has read them before: nothing is read again.

    Their KV stands behind the prefix that every chunk has, so the `task` comes behind the chunk. It says that a
    chunk without an answer is answered with `nothing`; if that is one token, such a chunk costs one.
    """

    def __init__(
        self, model: TextModel, engine: Engine, chunks: Sequence[ChunkKV], *, task: str, nothing: str
    ) -> None:
        said = encode(model.tokenizer, nothing)
        memory = engine.plan(sum(len(one.chunk) for one in chunks))
        super().__init__(model, engine, chunks, memory, said[0] if len(said) == 1 else None)
        self._task = task

    def _behind(self, text: str) -> tuple[int, ...]:
        return encode(self._model.tokenizer, text) + self._model.prompt.suffix

    def _to_reply(self, text: str) -> tuple[int, ...]:
        return self._behind(self._task + text)


class SentParts:
    """Parts for a writer that takes whole messages: every question is one with its part in it."""

    def __init__(self, writer: Writer, before: str, parts: Sequence[str]) -> None:
        self._writer, self._before, self._parts = writer, before, parts

    def replies(self, behind: str, longest: int, cancelled: Cancel | None = None) -> Iterator[Reply]:
        """Yield the replies one by one."""
        for part in self._parts:
            yield self._written(part, behind, longest, cancelled)

    def agreement(self, index: int, behind: Sequence[str], cancelled: Cancel | None = None) -> list[float]:
        """Return 1 where the writer says Yes, and 0 elsewhere."""
        said = (self._written(self._parts[index], one, YES_TOKENS, cancelled).text for one in behind)
        return [float(text.strip(" *\"'").casefold().startswith(YES.casefold())) for text in said]

    def agreements(self, behind: str, cancelled: Cancel | None = None) -> list[float]:
        """Return 1 for every part behind which the writer says Yes, and 0 for the others."""
        return [self.agreement(index, [behind], cancelled)[0] for index in range(len(self._parts))]

    def _written(self, part: str, behind: str, longest: int, cancelled: Cancel | None) -> Reply:
        if cancelled is not None and cancelled():
            raise Cancelled("stopped while parts were asked")
        message = Message("user", f"{self._before}{part}{behind}")
        sampling = Sampling(temperature=0.0, max_new_tokens=longest)
        pieces: list[str] = []
        work = self._writer.write([message], sampling, cancelled)
        while True:
            try:
                pieces.append(next(work))
            except StopIteration as stop:
                return Reply("".join(pieces), stop.value.cut_short)
