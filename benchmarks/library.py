"""The library on disk: warm questions from a new process, size, edits, and writers that are killed."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from wholedoc.answer import Token
from wholedoc.documents.document import Document
from wholedoc.documents.tokenized import TokenizedDocument
from wholedoc.library import Library
from wholedoc.reading.through_store import Plan
from wholedoc.settings import Settings
from wholedoc.storage.chunk_store import ChunkStore
from wholedoc.storage.home import VARIABLE, home

from .report import Report
from .sample import REGISTER, SAMPLES

QUESTION = "How much did the master of the Grey Heron have to pay for pumping oil into the water?"


def run(quick: bool) -> Report:
    """Cold against warm from new processes, bytes on disk, an inserted page, kill -9."""
    report = Report("library-quick" if quick else "library")
    path = SAMPLES / "short_notice.pdf" if quick else REGISTER
    with tempfile.TemporaryDirectory(prefix="wholedoc-bench-") as folder:
        share_models(Path(folder))
        _cold_and_warm(report, Path(folder), path)
        _insertion(report, Path(folder), path)
    with tempfile.TemporaryDirectory(prefix="wholedoc-bench-") as folder:
        share_models(Path(folder))
        _kills(report, Path(folder), trials=5 if quick else 50)
    return report


def share_models(folder: Path) -> None:
    """A library of its own, but the embedded model is not converted again."""
    Library.open().model  # noqa: B018 - makes sure that it is there
    (folder / "models").symlink_to(home() / "models")


def _ask(folder: Path, path: Path) -> dict[str, Any]:
    """Ask from a new process."""
    command = [sys.executable, "-m", "benchmarks.library", str(path)]
    ran = subprocess.run(
        command, env={**os.environ, VARIABLE: str(folder)}, stdout=subprocess.PIPE, text=True, check=True
    )
    result: dict[str, Any] = json.loads(ran.stdout)
    return result


def _ask_here(path: Path) -> dict[str, Any]:
    """Seconds from the loaded model to the first token: parsing, opening or reading the document, then asking."""
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
    cold = _ask(folder, path)
    warm = [_ask(folder, path) for _ in range(3)]
    tokens = cold["tokens"]
    size = sum(file.stat().st_size for file in (folder / "kv").rglob("*.safetensors"))
    report.add(figure="size on disk", tokens=tokens, gb=size / 1e9, bytes_per_token=size / tokens)
    cold_s, warm_s = cold["first_token_s"], sorted(one["first_token_s"] for one in warm)[1]
    report.add(figure="first token after the model is loaded, document new", seconds=cold_s)
    report.add(figure="the same, new process, document in the library (median of 3)", seconds=warm_s)
    report.add(figure="cold over warm", ratio=cold_s / warm_s)


def _insertion(report: Report, folder: Path, path: Path) -> None:
    """A page in front: how many of the chunks are the same as before."""
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
    """Kill a reading at random moments after it wrote a chunk; what was read must be there, and nothing damaged."""
    chance = random.Random(1)
    store = ChunkStore(folder / "kv")
    lost = damaged = 0
    for _ in range(trials):
        before = set(store)
        process = subprocess.Popen(
            [sys.executable, "-m", "wholedoc", "add", str(REGISTER)],
            env={**os.environ, VARIABLE: str(folder)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
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


if __name__ == "__main__":
    print(json.dumps(_ask_here(Path(sys.argv[1]))))
