"""Measures reading through the library's store, with every chunk on disk at the end, and a question after that."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from parallelcomp import ChunkKV, Engine, EngineConfig, QueryHead, Question, RetrievalHeads
from parallelcomp.config import HEADS

from .flops import reading_flops
from .ledger import Row
from .ours import Choose, Ours
from .timing import forget_peak, peak_gb, timed

if TYPE_CHECKING:
    from wholedoc.reading.through_store import Plan


class Stored:
    """Measures documents of random tokens with the model of `ours`, through a store in a temporary folder."""

    def __init__(self, ours: Ours) -> None:
        self.ours = ours

    def document(self, tokens: int, config: EngineConfig) -> Iterator[Row]:
        """Read a document of `tokens` tokens, then ask on every chunk, and on those that a scan chooses.

        Yields a row for each. Needs the app's packages.
        """
        from wholedoc.storage.chunks.chunk_store import ChunkStore

        engine = self.ours.engine(config)
        memory = self.ours.plan(engine, tokens)
        list(engine.prefill(self._plan(engine, tokens).chunks[: memory.prefill_batch], memory))  # a warm-up
        with tempfile.TemporaryDirectory(prefix="wholedoc-bench-") as folder:
            store = ChunkStore(Path(folder))
            read, row = self._read(engine, tokens, store)
            yield {**row, "disk_gb": store.total() / 1e9}
            yield self.ours.ask(engine, read, memory)
            choose, seconds = timed(engine.spec.device, lambda: self._scanner(engine, tokens, store, read))
            yield {"part": "laying out for scans", "seconds": seconds}
            yield self.ours.ask(engine, read, memory, choose)

    def _read(self, engine: Engine, tokens: int, store: Any) -> tuple[tuple[ChunkKV, ...], Row]:
        from wholedoc.reading.head_finder import drained
        from wholedoc.reading.through_store import read

        plan, device = self._plan(engine, tokens), engine.spec.device
        forget_peak(device)
        work = read(engine, store, plan, lambda steps: steps, self.ours.cancelled)
        finished, seconds = timed(device, lambda: drained(work))
        lengths = [len(one) for one in plan.chunks]
        flops = reading_flops(self.ours.weights, engine.spec, lengths, len(engine.prefix))
        memory = engine.plan(tokens)
        return finished.chunks, {
            "part": "reading",
            "kv_precision": engine.config.precision.value,
            "kv_way": memory.way.value,
            "prefill_batch": memory.prefill_batch,
            "seconds": seconds,
            "tokens_per_s": tokens / seconds,
            "tflops": flops / seconds / 1e12,
            "share_of_matrix_rate": flops / seconds / self.ours.rate,
            "peak_gb": peak_gb(device),
        }

    def _scanner(self, engine: Engine, tokens: int, store: Any, read: Sequence[ChunkKV]) -> Choose:
        """Return what scans these chunks, as by default, but by any heads: the weights are random anyhow.

        The keys for it are made and kept in the store first.
        """
        from wholedoc.answering.evidence.scanning import MOST
        from wholedoc.reading.head_finder import drained
        from wholedoc.reading.scan_layout import lay_out

        spec = engine.spec
        places = [QueryHead(layer, layer % spec.query_heads) for layer in range(spec.layers // 2 + 1)][-HEADS:]
        heads = RetrievalHeads(spec.fingerprint, tuple(places))
        stored = [one.kv for one in read]
        keys = drained(lay_out(engine, store, self._plan(engine, tokens).keys, stored, heads))

        def choose(question: Question) -> Sequence[ChunkKV]:
            looked = engine.scan(keys, engine.head_queries(keys, question, heads))
            best = sorted(range(len(read)), key=lambda index: -looked[index])[:MOST]
            return [read[index] for index in sorted(best)]

        return choose

    def _plan(self, engine: Engine, tokens: int) -> Plan:
        """Return the reading of a document whose tokens are a character each."""
        import numpy as np

        from wholedoc.documents.document import Document
        from wholedoc.documents.tokenized import TokenizedDocument
        from wholedoc.reading.through_store import Plan

        document = Document.from_pages("random", "random", [("x" * tokens, "1")])
        starts = np.arange(tokens)
        return Plan.of(engine, TokenizedDocument(document, tuple(self.ours.ids[:tokens]), starts, starts + 1))


@contextmanager
def memory_of(gigabytes: float, device: torch.device) -> Iterator[None]:
    """Let this process allocate no more than so much of a CUDA device's memory."""
    total = torch.cuda.get_device_properties(device).total_memory
    torch.cuda.set_per_process_memory_fraction(min(gigabytes * 1e9 / total, 1.0), device)
    try:
        yield
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0, device)
