"""Measures the library on disk: warm questions from a new process, size, edits, and readings that are killed."""

from __future__ import annotations

import random
import subprocess
import time
from pathlib import Path

from wholedoc.answer import Token
from wholedoc.documents.document import Document
from wholedoc.documents.tokenized import TokenizedDocument
from wholedoc.library import Library
from wholedoc.reading.through_store import Plan
from wholedoc.settings import Settings
from wholedoc.storage.chunks.chunk_store import ChunkStore

from ..child import Result, in_child
from ..home import environment, start, temporary_home
from ..report import Report
from ..sample import REGISTER, SAMPLES

QUESTION = "How much did the master of the Grey Heron have to pay for pumping oil into the water?"


def run(quick: bool) -> Report:
    """Measure cold and warm questions from new processes, bytes on disk, an inserted page, and kill -9."""
    report = Report("library-quick" if quick else "library")
    path = SAMPLES / "short_notice.pdf" if quick else REGISTER
    with temporary_home() as folder:
        _cold_and_warm(report, folder, path)
        _insertion(report, folder, path)
    with temporary_home() as folder:
        _kills(report, folder, trials=5 if quick else 50)
    return report


def first_token(path: Path) -> Result:
    """Return the document's tokens, and the seconds from the loaded model to the first token of an answer.

    The seconds are for parsing the file, reading it or opening its reading, and asking.
    """
    library = Library.open()
    _ = library.engine
    started = time.perf_counter()
    document = library.parse(path)
    for event in library.stream([document], QUESTION):
        if isinstance(event, Token):
            seconds = time.perf_counter() - started
            return {"tokens": len(library.tokenized(document)), "first_token_s": seconds}
    raise AssertionError("a stream has tokens")


def _cold_and_warm(report: Report, folder: Path, path: Path) -> None:
    cold, *warm = [in_child(first_token, path, environment=environment(folder)) for _ in range(4)]
    tokens = cold["tokens"]
    size = sum(file.stat().st_size for file in (folder / "kv").rglob("*.safetensors"))
    report.add(figure="size on disk", tokens=tokens, gb=size / 1e9, bytes_per_token=size / tokens)
    cold_s, warm_s = cold["first_token_s"], sorted(one["first_token_s"] for one in warm)[1]
    report.add(figure="first token after the model is loaded, document new", seconds=cold_s)
    report.add(figure="the same, new process, document in the library (median of 3)", seconds=warm_s)
    report.add(figure="cold over warm", ratio=cold_s / warm_s)


def _insertion(report: Report, folder: Path, path: Path) -> None:
    """Count how many chunks are the same as before after a page is inserted in front."""
    library = Library.open(folder, Settings())
    document = library.parse(path)
    page = (
        "A page that nobody had seen before was put in front of the register on the day after it was printed. " * 8
    )
    longer = Document.from_pages(
        "edited", document.name, [(page, "0"), *((one.text, one.label) for one in document.pages)]
    )
    before, after = (_plan(library, one) for one in (document, longer))
    same = len(set(before.keys) & set(after.keys))
    report.add(
        figure="chunks re-used after a page is inserted in front",
        chunks=len(after.keys),
        same=same,
        share=same / len(after.keys),
    )


def _plan(library: Library, document: Document) -> Plan:
    tokenized: TokenizedDocument = library.tokenized(document)
    return Plan.of(library.engine, tokenized)


def _kills(report: Report, folder: Path, trials: int) -> None:
    """Kill a reading at random moments after it wrote a chunk; count chunks that are lost or damaged then."""
    chance = random.Random(1)
    store = ChunkStore(folder / "kv")
    lost = damaged = 0
    for _ in range(trials):
        before = set(store)
        process = start(folder, "add", str(REGISTER), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while set(store) == before and process.poll() is None:
            time.sleep(0.02)
        time.sleep(chance.uniform(0.0, 3.0))
        seen = set(store)
        process.kill()
        process.wait()
        lost += len(seen - set(store))
        damaged += len(Library.open(folder).folder.verify().damaged)
    report.add(
        figure="killed with SIGKILL while reading",
        trials=trials,
        chunks_read=len(set(store)),
        lost=lost,
        damaged=damaged,
    )
