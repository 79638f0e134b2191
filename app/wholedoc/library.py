"""The library: documents that were read once, and questions to them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from parallelcomp import ClusteredHeads, ClusterError, Engine, MemoryPlan
from parallelcomp.chai import head_clusters
from parallelcomp.ranks import Ranks, ScoringOverRanks

from .answer import Answer, Done, Event, Planned, Reading
from .answering.apb import answer_by_apb
from .answering.chat import Chatting, chat
from .answering.pipeline import Asking, answer, score_together
from .conversation import Turn
from .documents.document import Document
from .documents.tokenized import TokenizedDocument, tokenize
from .models.text_model import TextModel, open_model
from .models.throughput import ThroughputRecords, measure_throughput
from .reading.corpus import Corpus, ReadDocument
from .reading.over_ranks import read_over_ranks
from .reading.through_store import Plan, bytes_on_disk, chunks_missing, read
from .runtime.turns import Turns
from .settings import Settings
from .storage.folder import DocumentInfo, LibraryFolder
from .storage.home import home
from .storage.shelf import Shelf

Cancel = Callable[[], bool]
Notify = Callable[[str], None]


class Library(Shelf):
    """Documents on disk and the model that reads them, for many callers at once.

    The model is loaded when it is first needed. Callers on several threads share it fairly, a step at a time;
    several processes may use one folder. With `ranks`, some of them work on the same questions together: each has a
    library of its own over the same folder, and makes the same calls in the same order.
    """

    def __init__(
        self,
        folder: LibraryFolder,
        settings: Settings,
        notify: Notify = lambda _: None,
        turns: Turns | None = None,
        ranks: Ranks | None = None,
    ) -> None:
        super().__init__(folder)
        self.ranks = ranks
        self.settings = settings
        self.turns = turns or Turns()
        self._notify = notify
        self._throughputs = ThroughputRecords(folder.path / "paces.json")
        self._loading = threading.Lock()
        self._tokenized: dict[str, TokenizedDocument] = {}
        self._read: dict[str, ReadDocument] = {}

    @classmethod
    def open(
        cls,
        folder: Path | None = None,
        settings: Settings | None = None,
        notify: Notify = lambda _: None,
        ranks: Ranks | None = None,
    ) -> Library:
        """Open the library in `folder`, or the one of this machine (`$WHOLEDOC_HOME`). No model is loaded yet.

        Raises LibraryError if the folder cannot be used.
        """
        found = LibraryFolder(folder or home())
        found.check_format()
        return cls(found, settings or Settings(), notify, ranks=ranks)

    def with_settings(self, settings: Settings) -> Library:
        """The same library with other settings, and with the model that is loaded where that may stay."""
        other = Library(self.folder, settings, self._notify, self.turns, self.ranks)
        with self._loading:
            loaded = self.__dict__.get("_loaded_model")
            if loaded is not None and settings.loads_like(self.settings):
                other.__dict__["_loaded_model"] = loaded
                other._tokenized = self._tokenized
        return other

    # The model

    @property
    def model(self) -> TextModel:
        """The model; loaded on first use. Raises ModelError."""
        with self._loading:
            return self._loaded_model

    @property
    def engine(self) -> Engine:
        """The engine around the model; made on first use. Raises ModelError and WindowError."""
        with self._loading:
            return self._made_engine

    @cached_property
    def _loaded_model(self) -> TextModel:
        chosen = self.settings
        return open_model(
            chosen.model,
            device=chosen.device,
            dtype=chosen.dtype,
            decode_weights=chosen.decode_weights,
            notify=self._notify,
        )

    @cached_property
    def _made_engine(self) -> Engine:
        model = self._loaded_model
        if self.ranks is not None:
            return ScoringOverRanks(model.loaded, model.prompt.prefix, self.settings.engine, self.ranks)
        return Engine(model.loaded, model.prompt.prefix, self.settings.engine)

    @property
    def clusters_file(self) -> Path:
        """Where the clusters of the model's attention heads are kept, beside the models."""
        return self.folder.path / "models" / f"clusters-{self.model.loaded.spec.fingerprint}.json"

    def clustered_heads(self) -> ClusteredHeads:
        """The clusters of heads that were found for the model. Raises ClusterError if none were."""
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
        cancelled: Cancel | None = None,
    ) -> DocumentInfo:
        """Read a file into the library. Raises DocumentError, LibraryError, ModelError and Cancelled."""
        document = self.parse(path, password)
        for event in self.read(document, cancelled):
            if isinstance(event, Reading):
                progress(event)
        return self.folder.info(document)

    def tokenized(self, document: Document) -> TokenizedDocument:
        """The document as the model sees it."""
        known = self._tokenized.get(document.id)
        if known is None:
            known = self._tokenized[document.id] = tokenize(document, self.model.tokenizer)
        return known

    def read(
        self, document: Document, cancelled: Cancel | None = None, client: str = ""
    ) -> Generator[Planned | Reading, None, ReadDocument]:
        """Read a document through the store: says what it takes, then yields progress. Turns go round between
        clients.

        Raises MemoryPlanError, LibraryError and Cancelled.
        """
        known = self._read.get(document.id)
        if known is not None:
            return known
        plan = Plan.of(self.engine, self.tokenized(document))
        planned = self._plan(plan, cancelled, client)
        yield planned
        self._make_room(plan, planned.bytes)
        engine = self.engine
        if isinstance(engine, ScoringOverRanks):
            work = read_over_ranks(engine, self.folder.store, plan, cancelled)
        else:
            work = read(engine, self.folder.store, plan, cancelled)
        finished, throughput = yield from _with_throughput(self.turns.steps(work, cancelled, client))
        if planned.seconds is not None and throughput:
            with self.folder.writing():
                self._throughputs.put(self.engine, throughput)
        self._read[document.id] = ReadDocument(finished.tokenized, finished.chunks, len(finished.tokenized))
        return finished

    def unread(self, document: Document) -> ReadDocument:
        """A document without any KV, for a question that reads it anew."""
        return ReadDocument(self.tokenized(document), ())

    def _fit(self, documents: Sequence[Document]) -> MemoryPlan:
        """Memory for what of the documents is not in it yet. Raises MemoryPlanError if they do not fit together."""
        memory = self.engine.plan(sum(len(self.tokenized(one)) for one in documents if one.id not in self._read))
        if not memory.fits and self.engine.spec.device.type != "cpu":
            self._read.clear()  # other documents' KV on the device, which the store gives back when they are asked
            memory = self.engine.plan(sum(len(self.tokenized(one)) for one in documents))
        memory.check()
        return memory

    def _plan(self, plan: Plan, cancelled: Cancel | None, client: str) -> Planned:
        """What reading this takes. Raises MemoryPlanError if it does not fit, and Cancelled."""
        tokens = len(plan.document)
        memory = self._fit([plan.document.document])
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
        """Room on disk for the document's chunks, and the reading's record."""
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
        self._read.pop(id, None)
        self._tokenized.pop(id, None)

    # Asking

    def stream(
        self,
        documents: Sequence[Document | str],
        question: str,
        *,
        history: Sequence[Turn] = (),
        instructions: str = "",
        stop: Sequence[str] = (),
        settings: Settings | None = None,
        cancelled: Cancel | None = None,
        client: str = "",
    ) -> Iterator[Event]:
        """Ask documents, or their ids, together: Planned and Reading where one is new, then the answer's events.

        `history` are the turns before, which the question may refer to. `instructions` say how to answer; chunks
        are scored without them. The answer ends before the first of the strings `stop`. `settings` stand in
        for the library's own; they may differ in all that reading does not depend on, else ValueError is raised.
        Turns at the model go round between clients, whatever they call themselves. Closing the iterator stops the
        work.

        Raises QuestionError, WindowError, LayoutError and MemoryPlanError before anything is read, and what `read`
        raises.
        """
        asking = self._asking(question, settings, tuple(history), instructions, tuple(stop), cancelled)
        apb = asking.settings.apb
        if apb is not None:
            corpus = Corpus.of([self.unread(document) for document in self._documents(documents)])
            work = answer_by_apb(replace(asking, corpus=corpus), apb, self.ranks)
        else:
            corpus = yield from self._corpus(documents, cancelled, client)
            work = answer(replace(asking, corpus=corpus))
        yield from self.turns.steps(work, cancelled, client)

    def stream_many(
        self,
        documents: Sequence[Document | str],
        questions: Sequence[str],
        *,
        settings: Settings | None = None,
        cancelled: Cancel | None = None,
        client: str = "",
    ) -> Iterator[Event]:
        """Ask documents several questions that know nothing of each other: the events of `stream`, of one question
        after the other, each ended by its Done. Every stored chunk is read once for all of them.

        Raises what `stream` raises, before anything is read if any question cannot be asked.
        """
        if not questions:
            return
        askings = [self._asking(question, settings, (), "", (), cancelled) for question in questions]
        if askings[0].settings.apb is not None:  # a reading for one question serves no other
            for question in questions:
                yield from self.stream(documents, question, settings=settings, cancelled=cancelled, client=client)
            return
        corpus = yield from self._corpus(documents, cancelled, client)
        askings = [replace(asking, corpus=corpus) for asking in askings]
        scored = yield from self.turns.steps(score_together(askings), cancelled, client)
        for asking in scored:
            yield from self.turns.steps(answer(asking), cancelled, client)

    def _asking(
        self,
        question: str,
        settings: Settings | None,
        history: tuple[Turn, ...],
        instructions: str,
        stop: tuple[str, ...],
        cancelled: Cancel | None,
    ) -> Asking:
        """A question that can be asked, of no documents yet. Raises QuestionError, WindowError and ValueError."""
        chosen = settings or self.settings
        if not chosen.reads_like(self.settings):
            raise ValueError("these settings read documents in another way: use with_settings")
        engine = self.engine.with_config(chosen.engine)
        asking = Asking(engine, self.model, Corpus.of(()), question, chosen, history, instructions, stop, cancelled)
        asking.check()
        return asking

    def _documents(self, documents: Sequence[Document | str]) -> list[Document]:
        return [self.document(one) if isinstance(one, str) else one for one in documents]

    def _corpus(
        self, documents: Sequence[Document | str], cancelled: Cancel | None, client: str
    ) -> Generator[Planned | Reading, None, Corpus]:
        """The documents, read where they are new."""
        known = self._documents(documents)
        self._fit(known)
        finished: list[ReadDocument] = []
        for document in known:
            finished.append((yield from self.read(document, cancelled, client)))
        return Corpus.of(finished)

    def chat(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        instructions: str = "",
        stop: Sequence[str] = (),
        settings: Settings | None = None,
        cancelled: Cancel | None = None,
        client: str = "",
    ) -> Iterator[Event]:
        """Ask the model itself, without any document: Tokens and Done. Closing the iterator stops the work.

        Raises QuestionError, WindowError, MemoryPlanError and Cancelled.
        """
        chatting = Chatting(
            self.engine,
            self.model,
            question,
            settings or self.settings,
            tuple(history),
            instructions,
            tuple(stop),
            cancelled,
        )
        yield from self.turns.steps(chat(chatting), cancelled, client)

    def ask(
        self,
        documents: Sequence[Document | str],
        question: str,
        *,
        history: Sequence[Turn] = (),
        cancelled: Cancel | None = None,
    ) -> Answer:
        """Ask documents, or their ids, together and wait for the answer."""
        for event in self.stream(documents, question, history=history, cancelled=cancelled):
            if isinstance(event, Done):
                return event.answer
        raise AssertionError("a stream ends with Done")


def _with_throughput(
    reading: Generator[Reading, None, ReadDocument],
) -> Generator[Reading, None, tuple[ReadDocument, float]]:
    """Run a reading; returns also the tokens a second of its last event."""
    throughput = 0.0
    while True:
        try:
            event = next(reading)
        except StopIteration as stop:
            return stop.value, throughput
        throughput = event.tokens_per_second
        yield event
