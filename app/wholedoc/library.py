"""The library: documents that were read once, and questions to them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from parallelcomp import RetrievalHeads
from parallelcomp.ranks import Ranks

from .answer import (
    Answer,
    AskingParts,
    Done,
    Event,
    Expected,
    Introduction,
    Planned,
    Reading,
    Rewritten,
    Scoring,
    Usage,
)
from .answering.apb import answer_by_apb
from .answering.asking import Asking
from .answering.chat import Chatting, chat
from .answering.follow_up import last_turns, refers_back, with_the_question_before
from .answering.pipeline import answer, find, score_together, write
from .conversation import Turn
from .documents.document import Document
from .documents.texts import TEXT_ID
from .errors import NoWriterError, QuestionError
from .everywhere.asking import PartsAsking
from .everywhere.introducing import introduce
from .everywhere.kinds import Kind, Scope, kind_of, wanted
from .everywhere.tasks import task_of
from .everywhere.tasks.comparing import compare
from .reading.corpus import Corpus, ReadDocument
from .reading.reader import Notify, Reader
from .runtime.client import NOBODY, Client
from .runtime.turns import Errand
from .settings import SMALL_MODEL, Answerer, Settings
from .storage.folder import LibraryFolder
from .storage.home import home
from .writers.assignment import rewriting
from .writers.choosing import writer_of
from .writers.local import LocalWriter
from .writers.writer import Writer

Cancel = Callable[[], bool]
Y = TypeVar("Y")
R = TypeVar("R")
# A question that was rewritten to stand alone is no longer than this.
REWRITTEN_TOKENS = 96


class Library(Reader):
    """Documents on disk, the model that reads them, and questions to them, for many callers at once.

    Callers on several threads share the model fairly, a step at a time; several processes may use one folder.
    """

    # The writer that a program gave, and the one that the settings name once it is known.
    _given_writer: Writer | None = None
    _named_writer: Writer | None = None

    @classmethod
    def open(
        cls,
        folder: Path | None = None,
        settings: Settings | None = None,
        notify: Notify = lambda _: None,
        ranks: Ranks | None = None,
        writer: Writer | None = None,
    ) -> Library:
        """Open the library in `folder`, or the one of this machine (`$WHOLEDOC_HOME`). No model is loaded yet.

        `writer` writes the answers in place of the one that the settings name. Raises LibraryError if the folder
        cannot be used.
        """
        found = LibraryFolder(folder or home())
        found.check_format()
        found.incoming.remove_abandoned()
        library = cls(found, settings or Settings(), notify, ranks=ranks)
        library._given_writer = writer
        return library

    def with_settings(self, settings: Settings) -> Library:
        """Return the same library with other settings.

        It keeps the loaded models if they are loaded in the same way.
        """
        model = self._model if settings.loads_like(self.settings) else None
        other = Library(self.folder, settings, self._notify, self.turns, self.ranks, model)
        if model is not None:
            other._tokenized = self._tokenized
            if settings.answer_model == self.settings.answer_model:
                other._given_writer, other._named_writer = self._given_writer, self._named_writer
        return other

    def with_writer(self, writer: Writer) -> Library:
        """Return the same library, with the same loaded model, whose answers `writer` writes."""
        other = self.with_settings(self.settings)
        other._given_writer = writer
        return other

    # Asking

    @property
    def writer(self) -> Writer | None:
        """Who writes the answers; None if that is the model that reads. Raises WriterError."""
        if self._given_writer is not None:
            return self._given_writer
        if self._named_writer is None:
            self._named_writer = writer_of(self.settings, self._model, home() / "models", self._notify)
            if self._named_writer is not None and (host := self._named_writer.sends_to):
                self._notify(
                    f"questions and passages of your documents are sent to {host}, which writes the answers"
                )
        return self._named_writer

    def _free_memory(self) -> bool:
        """Free memory as a reader does; a writer that is in the way is unloaded until it is needed again."""
        if super()._free_memory():
            return True
        writer = self._given_writer or self._named_writer
        if not isinstance(writer, LocalWriter) or not writer.is_loaded:
            return False
        writer.unload()
        return True

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
        client: Client = NOBODY,
    ) -> Iterator[Event]:
        """Ask documents together, given themselves or by their ids.

        Yields Planned and Reading for each document that is new, then the answer's events. `history` holds the
        earlier turns, which the question may refer to. `instructions` say how to answer; chunks are scored without
        them. The answer ends before the first of the strings `stop`. `settings` replace the library's own for this
        question; they may differ in anything that reading does not depend on, else ValueError is raised. Clients
        take turns at the model; `client` says who asks. Closing the iterator stops the work.

        Raises QuestionError, WindowError, LayoutError and MemoryPlanError before anything is read, and what `read`
        raises.
        """
        asking = self._asking(question, settings, tuple(history), instructions, tuple(stop), cancelled)
        apb = asking.settings.apb
        if apb is not None:
            known = self._documents(documents)
            self._keep_texts(known)
            corpus = Corpus.of([self.unread(document) for document in known])
            work = answer_by_apb(replace(asking, corpus=corpus), apb, self.ranks)
            yield from self.turns.steps(work, cancelled, client)
            return
        asking = yield from self._standing_alone(asking, client)
        corpus = yield from self._corpus(documents, cancelled, client, asking.heads)
        yield from self._answer(replace(asking, corpus=corpus), client)

    def _standing_alone(self, asking: Asking, client: Client) -> Generator[Event, None, Asking]:
        """Return the question as one that needs no turns before it, and yield Rewritten if it had to be changed."""
        if not refers_back(asking.text, asking.history):
            return replace(asking, history=())
        if asking.writer is None:
            text = with_the_question_before(asking.text, asking.history)
            return replace(asking, searched=text)
        messages = rewriting(asking.text, last_turns(asking.history))
        sampling = replace(asking.settings.sampling, temperature=0.0, max_new_tokens=REWRITTEN_TOKENS)
        said = "".join(self._in_turn(asking.writer.write(messages, sampling, asking.cancelled), asking, client))
        text = " ".join(said.split()) or with_the_question_before(asking.text, asking.history)
        yield Rewritten(text)
        return replace(asking, text=text, asked=asking.text, history=())

    def _answer(self, asking: Asking, client: Client) -> Generator[Event, None, None]:
        """Find in turns with other clients, and write in the same turns if the writer computes in this process."""
        if asking.writer is None or asking.writer.here:
            yield from self.turns.steps(answer(asking), asking.cancelled, client)
            return
        found = yield from self.turns.steps(find(asking), asking.cancelled, client)
        yield from write(asking, found)

    def _in_turn(self, work: Generator[Y, None, R], asking: Asking, client: Client) -> Generator[Y, None, R]:
        if asking.writer is not None and not asking.writer.here:
            return (yield from work)
        return (yield from self.turns.steps(work, asking.cancelled, client))

    def stream_many(
        self,
        documents: Sequence[Document | str],
        questions: Sequence[str],
        *,
        settings: Settings | None = None,
        cancelled: Cancel | None = None,
        client: Client = NOBODY,
    ) -> Iterator[Event]:
        """Ask documents several questions that know nothing of each other.

        Yields the events of `stream` for one question after the other, each ended by its Done. Every stored chunk
        is read once for all questions.

        Raises what `stream` raises, before anything is read if any question cannot be asked.
        """
        if not questions:
            return
        askings = [self._asking(question, settings, (), "", (), cancelled) for question in questions]
        if askings[0].settings.apb is not None:  # a reading for one question serves no other
            for question in questions:
                yield from self.stream(documents, question, settings=settings, cancelled=cancelled, client=client)
            return
        corpus = yield from self._corpus(documents, cancelled, client, askings[0].heads)
        askings = [replace(asking, corpus=corpus) for asking in askings]
        if askings[0].heads is None:  # else every question is scored on chunks of its own
            askings = yield from self.turns.steps(score_together(askings), cancelled, client)
        for asking in askings:
            yield from self._answer(asking, client)

    def _asking(
        self,
        question: str,
        settings: Settings | None,
        history: tuple[Turn, ...],
        instructions: str,
        stop: tuple[str, ...],
        cancelled: Cancel | None,
    ) -> Asking:
        """Return a question that can be asked, without its documents.

        Raises QuestionError, WindowError and ValueError.
        """
        chosen = settings or self.settings
        if not chosen.reads_like(self.settings):
            raise ValueError("these settings read documents in another way: use with_settings")
        engine = self.engine.with_config(chosen.engine)
        asking = Asking(engine, self.model, Corpus.of(()), question, chosen, history, instructions, stop, cancelled)
        if chosen.answer_model != self.settings.answer_model:
            raise ValueError("these settings name another writer: use with_settings")
        asking = replace(asking, writer=self._writer_for(chosen), heads=self.scan_heads(chosen))
        # Turns that nothing refers to, and those that a writer puts into the question, take no room.
        needed = history if asking.writer is None and refers_back(question, history) else ()
        replace(asking, history=needed).check()
        return asking

    def _writer_for(self, settings: Settings) -> Writer | None:
        """Return who writes the answer to a question with these settings. Raises QuestionError and WriterError."""
        if settings.apb is None and self.ranks is None:
            return self.writer
        if self._given_writer is None and isinstance(settings.answer_model, Answerer):
            return None
        raise QuestionError(
            "a model that only writes goes together with parallel chunks in one process: leave out "
            "--answer-model, or leave out --ranks and --attention"
        )

    def everywhere(
        self,
        documents: Sequence[Document | str],
        question: str,
        *,
        kind: Kind | None = None,
        history: Sequence[Turn] = (),
        settings: Settings | None = None,
        cancelled: Cancel | None = None,
        client: Client = NOBODY,
    ) -> Iterator[Event]:
        """Ask every part of the documents: list and count, check, compare, or summarise.

        `kind` says which; None goes by the question's words. `history` holds the earlier turns, and `settings`
        replace the library's own as in `stream`.

        Yields Planned and Reading for each document that is new, AskingParts as the parts are asked, then Tokens
        and Done, whose answer has `everywhere`. Closing the iterator stops the work.

        Raises QuestionError if the question cannot be asked, NoWriterError if no model can write the answers,
        and what `read` and the writer raise.
        """
        one = self._asking(question, settings, tuple(history), "", (), cancelled)
        one = yield from self._standing_alone(one, client)
        known = self._documents(documents)
        kind = kind or kind_of(one.text, len(known))
        writer = self._everywhere_writer(kind, one.settings)
        asking = PartsAsking(
            tuple(known), one.text.strip(), writer, cancelled, one.asked, self.folder.notes, self.folder.figures
        )
        if kind is Kind.COMPARISON:
            yield from compare(
                asking, lambda document, text: self._ask_one(document, text, one.settings, cancelled, client)
            )
            return
        corpus = yield from self._corpus(known, cancelled, client, None)
        usage = Usage(corpus.tokens, corpus.cached_tokens, 0, 0, 0)
        task: Generator[Event, None, None] = task_of(kind).run(replace(asking, usage=usage))
        # Questions of others go between its steps.
        yield from self.turns.steps(task, cancelled, client, Errand.READING) if writer.here else task

    def _ask_one(
        self, document: Document, question: str, settings: Settings, cancelled: Cancel | None, client: Client
    ) -> Generator[Event, None, Answer]:
        """Ask one document: yields the events before its answer, and returns that."""
        for event in self.stream([document], question, settings=settings, cancelled=cancelled, client=client):
            if isinstance(event, Done):
                return event.answer
            if isinstance(event, Planned | Reading | Scoring):
                yield event
        raise AssertionError("a stream ends with Done")

    def wanted(self, question: str, documents: int, scope: Scope, settings: Settings | None = None) -> Kind | None:
        """Return what is asked of every part of so many documents; None if the question goes to one place.

        Where only the question's words suggest every part, it goes to one place if no model can be asked about
        every part. Loads the model that reads.
        """
        kind = wanted(question, documents, scope)
        if kind is not None and scope is Scope.BY_QUESTION:
            try:
                self._everywhere_writer(kind, settings or self.settings)
            except (NoWriterError, QuestionError):
                return None
        return kind

    def expected(
        self, documents: Sequence[Document | str], question: str, kind: Kind, settings: Settings | None = None
    ) -> Expected:
        """Return what such a question to every part will take. Nothing is asked yet.

        A comparison asks whole documents, and how long that takes is not known. Raises NoWriterError and
        QuestionError if nobody can be asked.
        """
        known = self._documents(documents)
        if kind is Kind.COMPARISON:
            return Expected(len(known), len(known), None)
        writer = self._everywhere_writer(kind, settings or self.settings)
        asking = PartsAsking(
            tuple(known), question.strip(), writer, notes=self.folder.notes, figures=self.folder.figures
        )
        asked, each = task_of(kind).asks(asking), asking.pace(kind).seconds_each
        return Expected(len(asking.parts), asked, each * asked if each is not None and asked else None)

    def introduce(
        self, document: Document | str, *, cancelled: Cancel | None = None, client: Client = NOBODY
    ) -> Generator[Planned | Reading | AskingParts, None, Introduction]:
        """Introduce a document: what kind it is, a note on each section, and questions that it answers.

        What was written before comes at once; `folder.notes.introduction` has it without a model. Yields what
        `read` yields, then AskingParts, and lets others have the model in between. Closing the generator stops it,
        and the notes that were finished are kept.

        Raises NoWriterError and QuestionError if nobody can be asked, and what `read` and the writer raise.
        """
        (known,) = self._documents([document])
        before = self.folder.notes.introduction(known.id)
        if before is not None:
            return before
        writer = self._everywhere_writer(Kind.SUMMARY, self.settings)
        yield from self._corpus([known], cancelled, client, None)
        asking = PartsAsking((known,), "", writer, cancelled, notes=self.folder.notes, figures=self.folder.figures)
        work = introduce(asking)
        made = yield from (self.turns.steps(work, cancelled, client, Errand.READING) if writer.here else work)
        with suppress(OSError):  # it is as good if it cannot be kept
            self.folder.notes.introduce(made)
        return made

    def _everywhere_writer(self, kind: Kind, settings: Settings) -> Writer:
        """Return who is asked about every part. Raises NoWriterError and QuestionError."""
        if settings.apb is not None or self.ranks is not None:
            raise QuestionError(
                "every part can be asked by one process with parallel chunks only: leave out --ranks and "
                "--attention"
            )
        if self.writer is not None:
            return self.writer
        if kind.needs_writer and self.model.parameters < SMALL_MODEL:
            raise NoWriterError(
                "the model that reads is too small to be asked about every part: fetch one that writes, for "
                "example with `wholedoc models fetch qwen2.5-coder-1.5b`, or name one with --answer-model"
            )
        return LocalWriter(self.model.name, self._model)

    def _documents(self, documents: Sequence[Document | str]) -> list[Document]:
        return [self.document(one) if isinstance(one, str) else one for one in documents]

    def _corpus(
        self,
        documents: Sequence[Document | str],
        cancelled: Cancel | None,
        client: Client,
        heads: RetrievalHeads | None,
    ) -> Generator[Planned | Reading, None, Corpus]:
        """Read the documents that are new, and return all of them as a corpus, which `heads` can scan."""
        known = self._documents(documents)
        self._fit(known)
        self._keep_texts(known)
        finished: list[ReadDocument] = []
        for document in known:
            read = yield from self.read(document, cancelled, client)
            finished.append(read if heads is None else self.laid_out(read, heads, cancelled, client))
        return Corpus.of(finished)

    def _keep_texts(self, documents: Sequence[Document]) -> None:
        """Keep texts that a program sent, now that they can be read, or note that they were used again."""
        for document in documents:
            if document.id.startswith(TEXT_ID):
                self._remember(document)

    def chat(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        instructions: str = "",
        stop: Sequence[str] = (),
        settings: Settings | None = None,
        cancelled: Cancel | None = None,
        client: Client = NOBODY,
    ) -> Iterator[Event]:
        """Ask the model itself, without any document. Yields Tokens and Done. Closing the iterator stops the work.

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
        scope: Scope = Scope.ONE_PLACE,
        cancelled: Cancel | None = None,
    ) -> Answer:
        """Ask documents, or their ids, together and wait for the answer: one place of them, or every part."""
        kind = self.wanted(question, len(documents), scope)
        if kind is None:
            events = self.stream(documents, question, history=history, cancelled=cancelled)
        else:
            events = self.everywhere(documents, question, kind=kind, history=history, cancelled=cancelled)
        for event in events:
            if isinstance(event, Done):
                return event.answer
        raise AssertionError("a stream ends with Done")
