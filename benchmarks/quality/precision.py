"""Measures what each number format of the stored KV costs, and what it changes against fp32, on equal readings."""

from __future__ import annotations

import statistics
from dataclasses import replace

import torch

from parallelcomp import ChunkKV, Engine, KVPrecision, split
from parallelcomp.kv.stored import store_kv
from wholedoc.answer import Answer, Done
from wholedoc.answering.asking import Asking
from wholedoc.answering.pipeline import answer
from wholedoc.documents.document import Document
from wholedoc.library import Library
from wholedoc.reading.corpus import Corpus, ReadDocument
from wholedoc.settings import Settings

from ..report import Report
from ..sample import REGISTER, SampleQuestion, sample_questions
from .questions import citation_rank, correct


def run(quick: bool) -> Report:
    """Measure bytes per token, question NLL, chunk ranking, citations and answers by precision."""
    report = Report("precision-quick" if quick else "precision")
    settings = Settings(dtype=torch.float32)  # so that nothing but the stored KV is rounded
    precise = replace(settings, engine=replace(settings.engine, precision=KVPrecision.FP32))
    library = Library.open(settings=precise)
    document = _front(library.parse(REGISTER), pages=12 if quick else 64)
    tokenized = library.tokenized(document)
    engine = library.engine
    chunks = split(tokenized.token_ids, engine.config.chunk_tokens, tokenized.paragraph_starts)
    exact = list(engine.prefill(chunks, engine.plan(len(tokenized))))
    questions = [one for one in sample_questions() if one.pages and max(one.pages) <= len(document.pages)]
    report.notes.append(
        f"{len(questions)} sample questions about the first {len(tokenized):,} tokens of the register"
    )

    reference: list[Answer] = []
    for precision in KVPrecision:
        stored = [_convert(one, precision, engine) for one in exact]
        corpus = Corpus.of([ReadDocument(tokenized, tuple(stored), len(tokenized))])
        answers = [_ask(library, engine, corpus, question.text, settings) for question in questions]
        reference = reference or answers
        size = sum(one.kv.nbytes for one in stored)
        report.add(
            precision=precision.value,
            bytes_per_token=size / len(tokenized),
            **_change(answers, reference),
            **_quality(questions, answers),
        )
    return report


def _front(document: Document, pages: int) -> Document:
    """Return a document of the first `pages` pages."""
    front = [(page.text, page.label) for page in document.pages[:pages]]
    return Document.from_pages(f"{document.id}-{pages}", document.name, front)


def _convert(one: ChunkKV, precision: KVPrecision, engine: Engine) -> ChunkKV:
    """Return the same KV in another format, as a reading in that format would have stored it."""
    spec = engine.spec
    layers = []
    for layer in range(spec.layers):
        keys = torch.empty(spec.kv_heads, one.kv.tokens, spec.head_dim)
        values = torch.empty_like(keys)
        one.kv.read(layer, keys, values)
        layers.append((keys, values))
    return ChunkKV(one.chunk, store_kv(layers, precision, torch.device("cpu")))


def _ask(library: Library, engine: Engine, corpus: Corpus, text: str, settings: Settings) -> Answer:
    events = list(answer(Asking(engine, library.model, corpus, text, settings)))
    assert isinstance(events[-1], Done)
    return events[-1].answer


def _change(answers: list[Answer], reference: list[Answer]) -> dict[str, float]:
    differences, overlaps = [], []
    for got, exact in zip(answers, reference, strict=True):
        differences += [abs(a - b) for a, b in zip(_nll(got), _nll(exact), strict=True)]
        overlaps.append(len(_top(got) & _top(exact)) / 3)
    return {"nll_change_nats": statistics.mean(differences), "top3_overlap": statistics.mean(overlaps)}


def _top(one: Answer, count: int = 3) -> set[int]:
    nll = _nll(one)
    return set(sorted(range(len(nll)), key=lambda index: nll[index])[:count])


def _nll(one: Answer) -> list[float]:
    """Return every chunk's score: all are scored here."""
    return [chunk.nll for chunk in one.chunks if chunk.nll is not None]


def _quality(questions: list[SampleQuestion], answers: list[Answer]) -> dict[str, float]:
    pairs = list(zip(questions, answers, strict=True))
    ranks = [citation_rank(question, one) for question, one in pairs]
    return {
        "page_at_3": sum(rank is not None and rank <= 3 for rank in ranks) / len(pairs),
        "answers_right": sum(correct(question, one) for question, one in pairs) / len(pairs),
        "score_s": statistics.median(one.timings.score_s for one in answers),
    }
