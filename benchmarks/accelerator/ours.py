"""Measures reading a document with the engine, and asking about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from statistics import median

import torch

from parallelcomp import (
    Chunk,
    ChunkKV,
    Composition,
    Engine,
    EngineConfig,
    Eviction,
    LoadedModel,
    MemoryPlan,
    Question,
    Sampling,
    split,
)

from .flops import linear_weights, reading_flops
from .ledger import Row
from .settings import Settings
from .timing import Deadline, forget_peak, peak_gb, timed

# Short work is repeated, and the median taken, until it has taken this many seconds in all.
REPEATED_SECONDS = 3.0
REPEATS = 3
# Returns the chunks that a question is scored on.
Choose = Callable[[Question], Sequence[ChunkKV]]


class Ours:
    """Measures documents of random tokens with one model.

    `rate` is the FLOP/s of a large matrix product, `bandwidth` the bytes a second that its memory gives and takes.
    """

    def __init__(
        self,
        loaded: LoadedModel,
        settings: Settings,
        ids: Sequence[int],
        rate: float,
        bandwidth: float,
        deadline: Deadline,
    ) -> None:
        self.loaded, self.settings, self.ids, self.rate = loaded, settings, ids, rate
        self.bandwidth, self.deadline = bandwidth, deadline
        self.cancelled = deadline.over
        self.weights = linear_weights(loaded.model)

    def reading(self, tokens: int, config: EngineConfig) -> Iterator[Row]:
        """Read a document of `tokens` tokens; yield one row."""
        engine, chunks = self.engine(config), split(self.ids[:tokens], config.chunk_tokens)
        _, row = self._read(engine, chunks, self.plan(engine, tokens))
        yield row

    def document(
        self,
        tokens: int,
        config: EngineConfig,
        *,
        evictions: Sequence[Eviction] = (),
        kv_device: torch.device | None = None,
    ) -> Iterator[Row]:
        """Read a document of `tokens` tokens, then ask with each of `evictions`; yield a row for each.

        The default is the config's eviction. The KV is kept on `kv_device`, or where the memory plan says.
        """
        engine, chunks = self.engine(config), split(self.ids[:tokens], config.chunk_tokens)
        askers = [engine.with_config(replace(config, eviction=one)) for one in evictions or (config.eviction,)]
        plans = [self.plan(asker, tokens) for asker in askers]
        if kv_device is not None:
            plans = [replace(one, kv_device=kv_device) for one in plans]
        # The reading leaves room for the question that needs the most.
        read, row = self._read(engine, chunks, max(plans, key=lambda one: one.context))
        yield row
        for asker, memory in zip(askers, plans, strict=True):
            yield self.ask(asker, read, memory)

    def engine(self, config: EngineConfig) -> Engine:
        """Return the engine with these settings around the model."""
        prefix = [token % self.loaded.spec.vocabulary for token in range(self.settings.prefix_tokens)]
        return Engine(self.loaded, prefix, config)

    def plan(self, engine: Engine, tokens: int) -> MemoryPlan:
        """Plan the memory. Raises MemoryPlanError if the document does not fit."""
        asked, answer = self.settings.asked_tokens, self.settings.decoded_tokens + 1
        memory = engine.plan(tokens, question_tokens=asked, answer_tokens=answer)
        memory.check()
        return memory

    def _read(self, engine: Engine, chunks: Sequence[Chunk], memory: MemoryPlan) -> tuple[list[ChunkKV], Row]:
        """Return the document's KV and the row of its reading. One batch is read before, as a warm-up."""
        device = self.loaded.spec.device
        list(engine.prefill(chunks[: memory.prefill_batch], memory, self.cancelled))
        read: list[ChunkKV] = []

        def once() -> float:
            read.clear()
            kept, seconds = timed(device, lambda: list(engine.prefill(chunks, memory, self.cancelled)))
            read.extend(kept)
            return seconds

        each = repeated(once)
        tokens, seconds = sum(map(len, chunks)), median(each)
        flops = reading_flops(self.weights, self.loaded.spec, [len(one) for one in chunks], len(engine.prefix))
        return read, {
            "part": "reading",
            "chunk_tokens": engine.config.chunk_tokens,
            "chunks": len(chunks),
            "prefill_batch": memory.prefill_batch,
            "kv_precision": engine.config.precision.value,
            "kv_device": memory.kv_device.type,
            "kv_gb": sum(one.kv.nbytes for one in read) / 1e9,
            "seconds": seconds,
            "seconds_each": each,
            "tokens_per_s": tokens / seconds,
            "tflops": flops / seconds / 1e12,
            "share_of_matrix_rate": flops / seconds / self.rate,
            "peak_gb": peak_gb(device),
            "planned_kv_gb": memory.kv / 1e9,
            "planned_activations_gb": memory.activations / 1e9,
            "longest_document": memory.longest_document,
        }

    def ask(self, engine: Engine, read: Sequence[ChunkKV], memory: MemoryPlan, choose: Choose | None = None) -> Row:
        """Return the row of a question's first token and of decoding. A question is asked before, as a warm-up.

        With `choose` the question is scored only on the chunks that it returns.
        """
        forget_peak(self.loaded.spec.device)
        chosen = choose or (lambda question: read)
        self._answer(engine, chosen, memory, 0)
        answers: list[Row] = []

        def once() -> float:
            answers.append(self._answer(engine, chosen, memory, len(answers) + 1))
            return float(answers[-1]["first_token_s"])

        each = repeated(once)
        typical = sorted(answers, key=lambda one: one["first_token_s"])[len(answers) // 2]
        return {
            "part": "question",
            "scanned": choose is not None,
            "chunk_tokens": engine.config.chunk_tokens,
            "kv_precision": engine.config.precision.value,
            "kv_device": memory.kv_device.type,
            "kept_tokens": engine.config.eviction.kept_tokens,
            "capacity": engine.config.eviction.capacity,
            "score_batch": memory.score_batch,
            "asked_tokens": self.settings.asked_tokens,
            **typical,
            "first_token_s_each": each,
            "peak_gb": peak_gb(self.loaded.spec.device),
        }

    def _answer(self, engine: Engine, choose: Choose, memory: MemoryPlan, seed: int) -> Row:
        """Answer; return the seconds of each step and of the first token, and the milliseconds of a later token."""
        device, question = self.loaded.spec.device, self._question(seed)
        count = self.settings.decoded_tokens
        read, choose_s = timed(device, lambda: choose(question))
        scores, score_s = timed(device, lambda: list(engine.score(read, question, memory, self.cancelled)))
        kept, select_s = timed(device, lambda: engine.select(read, iter(scores)))
        selection, compress_s = timed(
            device, lambda: engine.compress(read, kept, question, count + 1, self.cancelled)
        )
        sampling = Sampling(max_new_tokens=count + 1)
        tokens = engine.generate(selection, sampling, frozenset(), cancelled=self.cancelled)
        _, generate_s = timed(device, lambda: next(tokens))
        decoded, decode_s = timed(device, lambda: list(tokens))
        return {
            "kept_chunks": len(kept),
            "context_tokens": selection.context.kept_tokens,
            "scored_chunks": len(read),
            "first_token_s": choose_s + score_s + select_s + compress_s + generate_s,
            "choose_s": choose_s,
            "score_s": score_s,
            "select_s": select_s,
            "compress_s": compress_s,
            "generate_s": generate_s,
            "decoded_tokens": len(decoded),
            "decode_ms_per_token": decode_s / len(decoded) * 1e3,
            "decode_bound_ms_per_token": self._read_each_token(selection.context.kept_tokens)
            / self.bandwidth
            * 1e3,
        }

    def _read_each_token(self, context_tokens: int) -> float:
        """Return the bytes that decoding a token must read: the weights but for the embedding, and the context."""
        spec, embedding = self.loaded.spec, self.loaded.model.get_input_embeddings().weight
        return spec.weight_bytes - embedding.nbytes + context_tokens * spec.kv_bytes_per_token(spec.dtype.itemsize)

    def _question(self, seed: int) -> Question:
        lead, own, tail = self.settings.lead_tokens, self.settings.question_tokens, self.settings.tail_tokens
        generator = torch.Generator().manual_seed(1000 + seed)
        drawn = torch.randint(self.loaded.spec.vocabulary, (lead + own + tail,), generator=generator).tolist()
        return Question(tuple(drawn[:lead]), tuple(drawn[lead : lead + own]), tuple(drawn[lead + own :]))


def evictions(tokens: int, chunk_tokens: int, eviction: Eviction) -> list[Eviction]:
    """Return all combinations of chunk and KV eviction on and off; off is a budget that everything fits."""
    ways = product((eviction.kept_tokens, tokens), (eviction.capacity, max(eviction.capacity, chunk_tokens)))
    made = [replace(eviction, kept_tokens=kept, capacity=capacity) for kept, capacity in ways]
    return list(dict.fromkeys(made))


def repeated(once: Callable[[], float]) -> list[float]:
    """Run `once`, which returns its seconds, up to REPEATS times while it is short; return all seconds."""
    each = [once()]
    while len(each) < REPEATS and sum(each) < REPEATED_SECONDS:
        each.append(once())
    return each


def default_config(settings: Settings) -> EngineConfig:
    """Return the engine's defaults with the settings' chunk size and eviction."""
    return EngineConfig(
        chunk_tokens=settings.chunk_tokens, eviction=settings.eviction, composition=Composition.ASSEMBLED
    )
