"""Documents on disk, and the model that reads them."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from parallelcomp import (
    ChunkScoring,
    ClusteredHeads,
    ClusterError,
    Engine,
    HostKV,
    MemoryPlan,
    MemoryPlanError,
    RetrievalHeads,
)
from parallelcomp.chai import head_clusters
from parallelcomp.ranks import Ranks, ScoringOverRanks

from ..answer import Planned, Reading
from ..documents.document import Document
from ..documents.encoding import longest_token
from ..documents.recognition import Recognition, is_installed
from ..documents.tokenized import TokenizedDocument, TooManyTokensError, count_tokens
from ..documents.words import WordCounts
from ..models.lazy_model import LazyModel
from ..models.text_model import TextModel
from ..models.throughput import ThroughputRecords, measure_throughput
from ..runtime.client import NOBODY, Client
from ..runtime.turns import Errand, Turns
from ..settings import Settings
from ..storage.chunks.readings import StoredReading
from ..storage.folder import DocumentInfo, LibraryFolder
from ..storage.shelf import Shelf
from .corpus import ReadDocument
from .head_finder import HeadFinder, drained
from .held import Held
from .once import wait_for_others
from .over_ranks import read_over_ranks
from .scan_layout import lay_out
from .through_store import Plan, bytes_on_disk, chunks_missing, read

Cancel = Callable[[], bool]
Notify = Callable[[str], None]
T = TypeVar("T")
# A character has at most four bytes in UTF-8, and a token at least one: a text that is so short surely fits.
BYTES_A_CHARACTER = 4


class Reader(Shelf):
    """A shelf with a model that reads what stands on it. The model is loaded when it is first needed.

    With `ranks`, several processes read the same documents together: each has a reader of its own over the same
    folder, and makes the same calls in the same order. `model` is shared with another reader that loads it alike;
    without it the reader has one of its own.
    """

    def __init__(
        self,
        folder: LibraryFolder,
        settings: Settings,
        notify: Notify = lambda _: None,
        turns: Turns | None = None,
        ranks: Ranks | None = None,
        model: LazyModel | None = None,
    ) -> None:
        super().__init__(folder)
        self.ranks = ranks
        self.settings = settings
        self.turns = turns or Turns()
        self._notify = notify
        self._throughputs = ThroughputRecords(folder.figures)
        self._model = model or LazyModel(settings, notify)
        self._making = threading.Lock()
        self._engine: Engine | None = None
        self.held = Held()
        self.heads = HeadFinder(lambda: self.model, lambda: self.engine, folder, self.turns, notify)

    # The model

    @property
    def model(self) -> TextModel:
        """The model; loaded on first use. Raises ModelError."""
        return self._model.get()

    @property
    def engine(self) -> Engine:
        """The engine around the model; made on first use. Raises ModelError and WindowError."""
        with self._making:
            if self._engine is None:
                engine = self._make_engine(self.model)
                # What is sealed is decrypted into memory: there are no pages of a file that could be dropped.
                engine.host_kv = HostKV.MAPPED if self.folder.store.is_mapped else HostKV.MEMORY
                engine.files = lambda: self.folder.room(self.settings.library_bytes)
                self._engine = engine
            return self._engine

    def _make_engine(self, model: TextModel) -> Engine:
        if self.ranks is not None:
            return ScoringOverRanks(model.loaded, model.prompt.prefix, self.settings.engine, self.ranks)
        return Engine(model.loaded, model.prompt.prefix, self.settings.engine)

    @property
    def clusters_file(self) -> Path:
        """The file with the clusters of the model's attention heads, beside the models."""
        return self.folder.path / "models" / f"clusters-{self.model.loaded.spec.fingerprint}.json"

    def clustered_heads(self) -> ClusteredHeads:
        """Return the clusters of heads that were found for the model. Raises ClusterError if none were."""
        if not self.clusters_file.exists():
            raise ClusterError(
                "which heads of this model attend alike is not known yet: find it out with "
                "`wholedoc cluster-heads FILE` on some text, with the same --model"
            )
        return head_clusters.read(self.clusters_file)

    # Reading

    def add(
        self,
        path: Path | str,
        *,
        password: str | None = None,
        progress: Callable[[Reading], None] = lambda _: None,
        recognising: Callable[[int, int], None] = lambda done, total: None,
        cancelled: Cancel | None = None,
    ) -> DocumentInfo:
        """Read a file into the library. Raises DocumentError, LibraryError, ModelError and Cancelled.

        `recognising` is called with the scanned pages that were recognised and all of them, where the extra `ocr`
        is installed.
        """
        wanted = Recognition(recognising, cancelled or (lambda: False)) if is_installed() else None
        document = self.parse(path, password, wanted)
        for event in self.read(document, cancelled):
            if isinstance(event, Reading):
                progress(event)
        return self.folder.info(document)

    def shelf(self) -> tuple[list[Document], list[Document]]:
        """Return the documents on the shelf that are read whole as this reader reads, and those that are not.

        The first can be asked at once. Raises ModelError.
        """
        readings = self.folder.readings.all()
        catalog = self.folder.catalog
        every = [known for id in catalog.ids() if (known := catalog.get(id)) is not None]
        whole = {one.id for one in every if self._is_whole(one, readings)}
        return [one for one in every if one.id in whole], [one for one in every if one.id not in whole]

    def _is_whole(self, document: Document, readings: Sequence[StoredReading]) -> bool:
        if document.id in self.held.read:
            return True
        mine = [one for one in readings if one.document_id == document.id and self.folder.readings.warm(one) == 1]
        return bool(mine) and Plan.of(self.engine, self.tokenized(document)).keys in [one.keys for one in mine]

    def tokenized(self, document: Document) -> TokenizedDocument:
        """Return the document as the model's tokens."""
        return self.held.tokens_of(document, self.model.tokenizer)

    def check_texts(self, texts: Sequence[str], documents: Sequence[Document] = ()) -> None:
        """Raise MemoryPlanError if texts that are not documents yet are too long to be read, together and with
        `documents`. Nothing of them is kept, and no more of them is looked at than shows it.

        A document of a text takes several times the text's memory.
        """
        read = self.held.texts()
        new = [text for text in texts if text not in read]
        characters = sum(map(len, new))

        def check() -> None:
            longest = self.engine.plan(0).longest_document
            if not documents and BYTES_A_CHARACTER * characters <= longest:
                return
            left = longest - self._count(documents)
            try:
                if characters > left * longest_token(self.model.tokenizer):
                    raise TooManyTokensError(characters // longest_token(self.model.tokenizer))
                for text in new:
                    left -= count_tokens(text, self.model.tokenizer, left)
            except TooManyTokensError as error:
                raise self._too_long(longest - left + error.counted) from error

        self._with_room(check)

    def _count(self, documents: Sequence[Document]) -> int:
        """Return the tokens of those documents that are not read. Raises MemoryPlanError if more than fit."""
        try:
            return self.held.count(documents, self.model.tokenizer, self.engine.plan(0).longest_document)
        except TooManyTokensError as error:
            raise self._too_long(error.counted) from error

    def _too_long(self, counted: int) -> MemoryPlanError:
        """Return the error for documents of which `counted` tokens were counted when they were too many."""
        plan = self.engine.plan(counted)
        # Memory may have become free since.
        verdict = replace(plan, longest_document=min(plan.longest_document, counted - 1)).verdict
        return MemoryPlanError(f"at least {verdict}")

    def read(
        self,
        document: Document,
        cancelled: Cancel | None = None,
        client: Client = NOBODY,
        errand: Errand = Errand.READING,
    ) -> Generator[Planned | Reading, None, ReadDocument]:
        """Read a document through the store. Yields what it will take, then its progress.

        Clients take turns at the model; with `Errand.BACKGROUND` it is read when nobody else wants one.

        Raises MemoryPlanError, LibraryError and Cancelled.
        """
        known = self.held.read.get(document.id)
        if known is not None and not known.is_lost:
            self.held.use(document.id, self.settings.held_tokens)
            return known
        if known is not None:
            for key in Plan.of(self.engine, known.tokenized).keys:
                self.folder.store.get(key)  # deletes every other chunk that is damaged, too
        plan = Plan.of(self.engine, self.tokenized(document))
        planned = self._plan(plan, cancelled, client)
        yield planned
        self._make_room(plan, planned.bytes)
        finished, throughput = yield from self._read_once(plan, cancelled, client, errand)
        if planned.seconds is not None and throughput:
            with self.folder.writing():
                self._throughputs.put(self.engine, throughput)
        finished = replace(finished, kept_words=self._words(plan, finished))
        self.held.read[document.id] = replace(finished, cached_tokens=len(finished.tokenized))
        self.held.use(document.id, self.settings.held_tokens)
        heads = self.scan_heads(self.settings)
        return finished if heads is None else self.laid_out(finished, heads, cancelled, client)

    def _read_once(
        self, plan: Plan, cancelled: Cancel | None, client: Client, errand: Errand
    ) -> Generator[Reading, None, tuple[ReadDocument, float]]:
        """Read a document while no other process reads it. Returns it, and the tokens a second."""
        engine, store = self.engine, self.folder.store

        def in_turns(work: Generator[Reading, None, T]) -> Generator[Reading, None, T]:
            return self.turns.steps(work, cancelled, client, errand)

        if self.ranks is not None:
            work = read_over_ranks(engine, self.ranks, store, plan, cancelled)
            return (yield from _with_throughput(in_turns(work)))
        with (yield from wait_for_others(self.folder.leases, store, plan, cancelled)):
            return (yield from _with_throughput(read(engine, store, plan, in_turns, cancelled, self.held.placed)))

    def scan_heads(self, settings: Settings) -> RetrievalHeads | None:
        """Return the heads that questions with these settings scan by; None if every chunk is scored."""
        if settings.scoring is not ChunkScoring.SCAN or settings.apb is not None or self.ranks is not None:
            return None
        return self.heads.known_or_told()

    def laid_out(
        self, read: ReadDocument, heads: RetrievalHeads, cancelled: Cancel | None, client: Client
    ) -> ReadDocument:
        """Return the document with its keys for a scan by these heads. They are made and kept if they are new.

        Clients take turns at the model. Raises LibraryError if they cannot be kept, and Cancelled.
        """
        if read.scan is not None:
            return read
        keys = Plan.of(self.engine, read.tokenized).keys
        work = lay_out(self.engine, self.folder.store, keys, [one.kv for one in read.chunks], heads)
        scan = drained(self.turns.steps(work, cancelled, client, Errand.READING))
        id = read.tokenized.document.id
        held = self.held.read.get(id)
        if held is not None:
            self.held.read[id] = replace(held, scan=scan)
        return replace(read, scan=scan)

    def _words(self, plan: Plan, read: ReadDocument) -> tuple[WordCounts, ...]:
        """Return the words of the document's chunks. They are counted when it is first read, and kept."""
        record = plan.record(self.engine, self.model.name)
        words = self.folder.readings.words(record)
        if words is None or len(words) != len(read.chunks):
            words = read.words
            with self.folder.writing():
                self.folder.readings.put_words(record, words)
        return words

    def unread(self, document: Document) -> ReadDocument:
        """Return a document without any KV, for a question that reads it anew."""
        return ReadDocument(self.tokenized(document), ())

    def _fit(self, documents: Sequence[Document], plan: Plan | None = None) -> MemoryPlan:
        """Plan the memory for those documents that are not in it yet.

        Chunks of `plan` that a question at work still holds take none. Raises MemoryPlanError if the documents do
        not fit together.
        """

        def fit() -> MemoryPlan:
            held = 0 if plan is None else self.held.placed_tokens(plan)
            memory = self.engine.plan(max(self._count(documents) - held, 0))
            memory.check()
            return memory

        return self._with_room(fit)

    def _with_room(self, attempt: Callable[[], T]) -> T:
        """Return what `attempt` returns; where memory is short, memory that can be had again is freed for it."""
        while True:
            try:
                return attempt()
            except MemoryPlanError:
                if not self._free_memory():
                    raise

    def _free_memory(self) -> bool:
        """Free memory that can be had again. Returns whether there was any."""
        drops_itself = self.engine.spec.device.type == "cpu" and self.engine.host_kv is HostKV.MAPPED
        if drops_itself or not self.held.read:
            return False
        # Other documents' KV on the device, or decrypted, which the store gives back when they are asked. What a
        # question at work holds stays there until it is done, and whoever asks about the same meanwhile shares it.
        self.held.read.clear()
        gc.collect()
        return True

    def _plan(self, plan: Plan, cancelled: Cancel | None, client: Client) -> Planned:
        """Return what reading this document takes. Raises MemoryPlanError if it does not fit, and Cancelled."""
        tokens = len(plan.document)
        memory = self._fit([plan.document.document], plan)
        missing = chunks_missing(self.folder.store, plan)
        left = sum(len(chunk) for chunk in missing)
        seconds = None
        if len(missing) > 2 * memory.prefill_batch:
            throughput = self._throughputs.get(self.engine)
            if throughput is None:
                with self.turns.take(cancelled, client):
                    throughput = measure_throughput(self.engine, missing, memory, cancelled)
            seconds = left / throughput
        document = plan.document.document
        size = bytes_on_disk(self.engine, missing)
        return Planned(document.id, document.name, tokens, tokens - left, size, seconds, memory.longest_document)

    def _make_room(self, plan: Plan, missing: int) -> None:
        """Make room on disk for the document's chunks, and write the reading's record."""
        document = plan.document.document
        record = plan.record(self.engine, self.model.name)
        others = {
            one.model for one in self.folder.readings.of(document.id) if one.fingerprint != record.fingerprint
        }
        if missing and others:
            read_by = ", ".join(sorted(others))
            self._notify(f"{document.name} was read by {read_by}; {record.model} has to read it itself")
        for removed in self.folder.make_room(document.name, record, missing, self.settings.library_bytes):
            known = self.folder.known(removed.document_id)
            name = known.name if known else removed.document_id[:12]
            self._notify(f"removed what {removed.model} had read of {name}: the library is full")

    def _forget(self, id: str) -> None:
        self.held.forget(id)


def _with_throughput(
    reading: Generator[Reading, None, ReadDocument],
) -> Generator[Reading, None, tuple[ReadDocument, float]]:
    """Run a reading. Returns the document, and the tokens a second that its last event stated."""
    throughput = 0.0
    while True:
        try:
            event = next(reading)
        except StopIteration as stop:
            return stop.value, throughput
        throughput = event.tokens_per_second
        yield event
