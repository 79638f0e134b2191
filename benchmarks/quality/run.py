"""The quality benchmark: every method answers every case, on one model in one run."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import torch

from parallelcomp import EngineConfig, Eviction, Sampling
from wholedoc.library import Library
from wholedoc.models.chat_template import encode
from wholedoc.settings import Settings

from ..home import share_models, temporary_home
from ..report import Report
from ..sample import REGISTER
from . import perplexity
from .cases import infinitebench, leval, longbench, samples, tasks
from .cases.case import BETWEEN, Case
from .cases.haystack import Count
from .cases.tasks import Task
from .method import NotRun
from .options import Form, Options, Other
from .summary import Marked, summary
from .ways import method

FULL: tuple[Task | Other, ...] = (*Task, *Other)
LENGTHS = (8192, 32768, 131072)
DEPTHS = 10
ANSWER_TOKENS = 128
# Tokens of context before a continuation; the first three fit the embedded model's window.
PERPLEXITY_LENGTHS = (2048, 4096, 7168, 16384, 32768, 65536, 131072)
QUICK: tuple[Task | Other, ...] = (Task.PASSKEY, Task.KEY_VALUE, Task.NEEDLES, *Other)
QUICK_LENGTHS = (2048,)
QUICK_DEPTHS = 3
QUICK_ANSWER_TOKENS = 48


@dataclass(frozen=True)
class Batch:
    """Cases with a common summary; `length` is the length they were made at, in tokens, None if they were not."""

    task: str
    length: int | None
    cases: list[Case]


def run(quick: bool, options: Options) -> Report:
    """Run the tasks and methods that are chosen; by default, all tasks at three lengths by our own method.

    If `quick`, the default is a few short tasks. Raises CasesError if the cases cannot be loaded or made.
    """
    chosen = _defaults(quick, options)
    name = "quality-quick" if quick else "quality"
    report = Report(f"{name}-{chosen.out}" if chosen.out else name)
    with _folder(chosen) as folder:
        library = Library.open(folder, _settings(chosen))
        report.about = _about(library, chosen)
        count = _counter(library)
        methods = [method(way, library) for way in chosen.methods]
        for batch in _batches(quick, chosen, count):
            for one in methods:
                marked: list[Marked] = []
                for case in batch.cases:
                    tokens = _length(case.pages, count)
                    about = {"task": case.task, "length": batch.length, "method": one.name}
                    try:
                        marked.append(Marked(case, tokens, one.answer(case)))
                    except NotRun as why:
                        report.add(**about, tokens=tokens, not_run=f"{type(why).__name__}: {why}")
                        continue
                    report.add(**about, **marked[-1].row())
                    report.save()
                _summarise(report, batch, one.name, marked)
        if Other.PERPLEXITY in chosen.tasks:
            lengths = chosen.lengths if options.lengths or quick else PERPLEXITY_LENGTHS
            perplexity.run(report, library, chosen.text or REGISTER, lengths, places=1 if quick else 3)
    report.notes.append(
        "evidence_kept: the answer's words stand in the text of a kept chunk that overlaps an evidence page; "
        "evidence pages of files are those with the answer's words, unknown where these stand on none or on more "
        "than three"
    )
    report.notes.append(
        "nll: mean -log P of the first accepted answer's tokens in the answer's place, nats per token"
    )
    return report


def _summarise(report: Report, batch: Batch, name: str, marked: list[Marked]) -> None:
    for task in dict.fromkeys(one.case.task for one in marked):
        some = [one for one in marked if one.case.task == task]
        report.add(summary=task, length=batch.length, method=name, **summary(some))
    report.save()


def _defaults(quick: bool, options: Options) -> Options:
    """Return the options with defaults in place of what was not named."""
    named = options.tasks or options.files
    chosen = options if named else replace(options, tasks=QUICK if quick else FULL)
    if not options.lengths and chosen.tasks:
        chosen = replace(chosen, lengths=QUICK_LENGTHS if quick else LENGTHS)
    depths, answer_tokens = (QUICK_DEPTHS, QUICK_ANSWER_TOKENS) if quick else (DEPTHS, ANSWER_TOKENS)
    return replace(chosen, depths=options.depths or depths, answer_tokens=options.answer_tokens or answer_tokens)


def _batches(quick: bool, options: Options, count: Count) -> Iterator[Batch]:
    for task in options.tasks:
        if isinstance(task, Task):
            for length in options.lengths:
                made = tasks.cases(task, length, count, depths=options.depths or DEPTHS, seed=options.seed)
                yield Batch(task.value, length, made)
        elif task is Other.SAMPLES:
            file = "short_notice.pdf" if quick else REGISTER.name
            yield Batch(task.value, None, samples.cases(file)[: 3 if quick else None])
    for path in options.files:
        yield from _file(path, options, count)


def _file(path: Path, options: Options, count: Count) -> Iterator[Batch]:
    if options.form is Form.LEVAL:
        limits = {"documents": options.documents, "questions": options.questions}
        for length in options.lengths or (None,):
            yield Batch(path.stem, length, leval.cases(path, count, tokens=length, **limits))
    elif options.form is Form.LONGBENCH:
        yield Batch(path.stem, None, longbench.cases(path, documents=options.documents))
    else:
        yield Batch(path.stem, None, infinitebench.cases(path, documents=options.documents))


def _settings(options: Options) -> Settings:
    engine, eviction = EngineConfig(), Eviction()
    if options.kept_tokens:
        eviction = replace(eviction, kept_tokens=options.kept_tokens)
    if options.chunk_tokens:
        engine = replace(engine, chunk_tokens=options.chunk_tokens)
    sampling = Sampling(max_new_tokens=options.answer_tokens or ANSWER_TOKENS)
    return Settings(model=options.model, engine=replace(engine, eviction=eviction), sampling=sampling)


@contextmanager
def _folder(options: Options) -> Iterator[Path]:
    """Yield the library's folder: the one that was named, which stays, or one for this run."""
    if options.library is not None:
        options.library.mkdir(parents=True, exist_ok=True)
        if options.model is None and not (options.library / "models").exists():
            share_models(options.library)
        yield options.library
    elif options.model is None:
        with temporary_home() as folder:
            yield folder
    else:
        with tempfile.TemporaryDirectory(prefix="wholedoc-bench-") as folder:
            yield Path(folder)


def _counter(library: Library) -> Count:
    tokenizer = library.model.tokenizer
    return lambda text: len(encode(tokenizer, text))


@lru_cache(maxsize=16)
def _length(pages: tuple[str, ...], count: Count) -> int:
    return count(BETWEEN.join(pages))


def _about(library: Library, options: Options) -> dict[str, object]:
    """Return the model, its device and its settings, for the report."""
    spec, engine, writer = library.engine.spec, library.settings.engine, library.writer
    return {
        "model": library.model.name,
        "writer": None if writer is None else writer.name,
        "parameters": library.model.parameters,
        "device": torch.cuda.get_device_name(spec.device) if spec.device.type == "cuda" else spec.device.type,
        "dtype": str(spec.dtype).removeprefix("torch."),
        "threads": torch.get_num_threads(),
        "chunk_tokens": engine.chunk_tokens,
        "kept_tokens": engine.eviction.kept_tokens,
        "kv": engine.precision.value,
        "answer_tokens": options.answer_tokens,
        "seed": options.seed,
    }
