"""Asks questions about a document in memory, in one process, and times each step and each token."""

from __future__ import annotations

import math
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, cycle, islice
from pathlib import Path
from typing import Any

import torch

from parallelcomp import Chunk, Engine, EngineConfig, RetrievalHeads, Sampling, Selection, split
from wholedoc.answer import Answer, Done
from wholedoc.answering.asking import Asking
from wholedoc.answering.pipeline import answer
from wholedoc.models.retrieval import shipped
from wholedoc.models.text_model import TextModel, open_model
from wholedoc.reading.corpus import Corpus, ReadDocument
from wholedoc.settings import AnswerFrom, Settings

from ..report import peak_gigabytes
from ..sample import front_questions, opened

PASSAGE_TOKENS = 96
STEPS = ("score", "compress", "look", "second_look", "reread", "opening")


@dataclass(frozen=True)
class AskingRequest:
    """Ask `questions` about the first `tokens` tokens of a sample document, then decode `decoded` tokens.

    The whole document is read if `tokens` is None.
    """

    path: Path
    tokens: int | None
    questions: int
    decoded: int = 64


class TimedEngine(Engine):
    """An engine that adds up the seconds of each of its steps in `seconds`, until the caller clears them."""

    def __init__(self, model: TextModel, config: EngineConfig) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        super().__init__(model.loaded, model.prompt.prefix, config)

    @contextmanager
    def _timed(self, step: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.seconds[step] += time.perf_counter() - started

    def score(self, *arguments: Any, **named: Any) -> Any:
        with self._timed("score"):
            return iter(list(super().score(*arguments, **named)))

    def compress(self, *arguments: Any, **named: Any) -> Any:
        with self._timed("compress"):
            return super().compress(*arguments, **named)

    def attribute(self, *arguments: Any, **named: Any) -> Selection:
        with self._timed("look"):
            return super().attribute(*arguments, **named)

    def rescore_spans(self, *arguments: Any, **named: Any) -> Any:
        with self._timed("second_look"):
            return super().rescore_spans(*arguments, **named)

    def reread(self, *arguments: Any, **named: Any) -> Any:
        with self._timed("reread"):
            return super().reread(*arguments, **named)

    def generate(self, *arguments: Any, **named: Any) -> Any:
        """Time the first token alone: it takes the pass over the rest of the question and the answer's opening."""
        tokens = super().generate(*arguments, **named)
        with self._timed("opening"):
            first = list(islice(tokens, 1))
        return chain(first, tokens)


def measure(request: AskingRequest) -> dict[str, Any]:
    """Read the document, ask and decode. A step's figure is the median over the questions that took the step."""
    model = open_model(device=torch.device("cpu"))
    engine = TimedEngine(model, EngineConfig())
    tokenized = opened(request.path, model, request.tokens)
    ids = tokenized.token_ids
    list(engine.prefill(split(ids[:1024], 1024), engine.plan(1024)))  # warm up
    started = time.perf_counter()
    chunks = split(ids, engine.config.chunk_tokens, tokenized.paragraph_starts)
    read = tuple(engine.prefill(chunks, engine.plan(len(ids))))
    read_s = time.perf_counter() - started
    heads = shipped.heads_of(model.loaded.spec.fingerprint)
    keys = None if heads is None else tuple(engine.scan_keys(one.kv, heads) for one in read)
    corpus = Corpus.of([ReadDocument(tokenized, read, len(ids), keys)])
    texts = front_questions(tokenized)
    _ask(engine, model, corpus, texts[0], None)  # warm up
    answers: list[Answer] = []
    scanned: list[Answer] = []
    steps: dict[str, list[float]] = {step: [] for step in STEPS}
    for text in islice(cycle(texts), request.questions):
        engine.seconds.clear()
        answers.append(_ask(engine, model, corpus, text, None))
        for step, seconds in engine.seconds.items():
            steps[step].append(seconds)
        if heads is not None:
            scanned.append(_ask(engine, model, corpus, text, heads))
    return {
        "tokens": len(ids),
        "dtype": str(model.loaded.spec.dtype).removeprefix("torch."),
        "read_s": read_s,
        "read_tokens_per_s": len(ids) / read_s,
        "questions": len(answers),
        "second_looks": len(steps["second_look"]),
        **{f"scan_{name}": seconds for name, seconds in _seconds(scanned).items()},
        **_seconds(answers),
        **{f"{step}_s": statistics.median(seconds) for step, seconds in steps.items() if seconds},
        **_decoding(engine, model, corpus, texts[0], request.decoded),
        "peak_gb": peak_gigabytes(),
    }


def _seconds(answers: Sequence[Answer]) -> dict[str, float]:
    """Return the median seconds to the citations and to the first token that shows; nothing without answers."""
    if not answers:
        return {}
    timings = [one.timings for one in answers]
    return {
        "cited_s": statistics.median(one.cited_s or one.score_s for one in timings),
        "first_token_s": statistics.median(one.first_token_s for one in timings),
    }


def _ask(engine: Engine, model: TextModel, corpus: Corpus, text: str, heads: RetrievalHeads | None) -> Answer:
    """Ask so that every step is taken, even if the answer would be that nothing was found.

    Every chunk is scored if there are no heads to scan by.
    """
    settings = Settings(found_margin=-math.inf, answer_from=AnswerFrom.PASSAGES)
    *_, last = answer(Asking(engine, model, corpus, text, settings, heads=heads))
    assert isinstance(last, Done)
    return last.answer


def _decoding(engine: Engine, model: TextModel, corpus: Corpus, text: str, tokens: int) -> dict[str, Any]:
    """Return tokens a second of a long answer, written from all kept tokens and from one passage read again."""
    question = model.prompt.question(model.tokenizer, text)
    scores = engine.score(corpus.chunks, question, engine.plan(corpus.tokens))
    kept = engine.select(corpus.chunks, scores)
    from_context = engine.compress(corpus.chunks, kept, question, tokens + 1)
    kept_tokens = from_context.context.kept_tokens
    passage = [Chunk(0, 0, corpus.token_ids(0, PASSAGE_TOKENS))]
    return {
        "kept_tokens": kept_tokens,
        "decode_context_tokens_per_s": _rate(engine, from_context, tokens),
        "decode_passage_tokens_per_s": _rate(engine, engine.reread(passage, question, tokens + 1), tokens),
    }


def _rate(engine: Engine, selection: Selection, tokens: int) -> float:
    """Return tokens a second after the first token; no token ends the answer."""
    generated = engine.generate(selection, Sampling(max_new_tokens=tokens + 1), frozenset())
    next(generated)
    started = time.perf_counter()
    count = sum(1 for _ in generated)
    assert count == tokens
    return count / (time.perf_counter() - started)
