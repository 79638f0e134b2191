"""One question to documents that have been read: score, choose, answer, cite."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from tokenizers.decoders import DecodeStream

from parallelcomp import ChunkScore, Engine

from .answer import Answer, Citation, Done, Event, Scored, ScoredChunk, Scoring, Timings, Token, Usage
from .citations import cite
from .corpus import Corpus
from .errors import QuestionError
from .settings import Settings
from .text_model import TextModel

Cancel = Callable[[], bool]
NOT_FOUND = "The document does not seem to answer this."


def answer(
    engine: Engine,
    model: TextModel,
    corpus: Corpus,
    text: str,
    settings: Settings,
    cancelled: Cancel | None = None,
) -> Iterator[Event]:
    """Yield Scoring, Scored, Tokens and Done. Raises QuestionError, WindowError and Cancelled."""
    if not text.strip():
        raise QuestionError("the question is empty: write one")
    question = model.prompt.question(model.tokenizer, text.strip())
    engine.check_question(question, settings.sampling.max_new_tokens)
    started = time.perf_counter()
    memory = engine.plan(corpus.tokens, question_tokens=len(question.all_ids))

    baseline = engine.score_without_document(question)
    scores: list[ChunkScore] = []
    for score in engine.score(corpus.chunks, question, memory, cancelled):
        scores.append(score)
        yield Scoring(len(scores), len(corpus.chunks))
    kept = engine.select(corpus.chunks, iter(scores))
    scored = _scored_chunks(corpus, scores, kept, baseline)
    scored_s = time.perf_counter() - started
    yield Scored(scored, scored_s)

    found = max((chunk.gain for chunk in scored), default=float("-inf")) > settings.found_margin
    ids: list[int] = []
    first_s = scored_s
    body = NOT_FOUND
    citations: tuple[Citation, ...] = ()
    kept_tokens = 0
    if found:
        pieces: list[str] = []
        selection = engine.compress(corpus.chunks, kept, question, settings.sampling.max_new_tokens)
        kept_tokens = selection.context.kept_tokens
        asked, answered = engine.evidence(selection), engine.evidence(selection)
        stream = DecodeStream(skip_special_tokens=True)
        for token in engine.generate(
            selection,
            settings.sampling,
            model.stop_ids,
            question_observer=asked,
            answer_observer=answered,
            cancelled=cancelled,
        ):
            if not ids:
                first_s = time.perf_counter() - started
            ids.append(token)
            piece = stream.step(model.tokenizer.backend_tokenizer, token)
            if piece:
                pieces.append(piece)
                yield Token(piece)
        body = "".join(pieces).strip()
        looked = asked.by_token(corpus.tokens) + answered.by_token(corpus.tokens)
        citations = cite(corpus, kept, looked.numpy().astype(np.float32), settings.citations)
    else:
        yield Token(body)
    usage = Usage(corpus.tokens, corpus.cached_tokens, kept_tokens, len(question.ids), len(ids))
    timings = Timings(scored_s, first_s, time.perf_counter() - started)
    yield Done(Answer(text, body, found, tuple(ids), citations, scored, usage, timings))


def _scored_chunks(
    corpus: Corpus, scores: Sequence[ChunkScore], kept: Sequence[ChunkScore], baseline: float
) -> tuple[ScoredChunk, ...]:
    stay = {score.index for score in kept}
    scored: list[ScoredChunk] = []
    for score in sorted(scores, key=lambda one: one.index):
        chunk = corpus.chunks[score.index].chunk
        document, offset = corpus.locate(chunk.start)
        tokenized = corpus.documents[document].tokenized
        first, last = tokenized.pages[offset], tokenized.pages[offset + len(chunk) - 1]
        scored.append(
            ScoredChunk(
                tokenized.document.id,
                (int(first) + 1, int(last) + 1),
                len(chunk),
                score.nll,
                baseline - score.nll,
                score.index in stay,
            )
        )
    return tuple(scored)
