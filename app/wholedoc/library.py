"""The library: documents that were read once, and questions to them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

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
    Scoring,
    Usage,
)
from .answering.asker import Asker
from .conversation import Turn
from .documents.document import Document
from .errors import NoWriterError, QuestionError, WriterError
from .everywhere.asking import PartsAsking
from .everywhere.introducing import introduce
from .everywhere.kinds import Kind, Scope
from .everywhere.stored import StoredChunks, has_room
from .everywhere.tasks import task_of
from .everywhere.tasks.comparing import compare
from .everywhere.wording import kind_of, wanted
from .reading.held import Held
from .reading.reader import Notify
from .reading.through_store import Plan
from .runtime.client import NOBODY, Client
from .runtime.turns import Errand
from .settings import SMALL_MODEL, Settings
from .storage.folder import LibraryFolder
from .storage.home import home
from .writers.local import LocalWriter
from .writers.writer import Writer

if TYPE_CHECKING:
    import torch

Cancel = Callable[[], bool]
# What several processes can be asked of every part: the replies of stored chunks, which they divide.
OVER_RANKS = (Kind.LIST, Kind.CHECK)


class Library(Asker):
    """Documents on disk, the model that reads them, and questions to them, for many callers at once.

    Callers on several threads share the model fairly, a step at a time; several processes may use one folder.
    """

    # Whether questions are answered, and models chosen, in other processes than this one.
    models_are_elsewhere = False

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
        other.extractions = self.extractions
        if model is not None:
            other.held = Held(self.held.tokenized)
            if settings.answer_model == self.settings.answer_model:
                other._given_writer, other._named_writer = self._given_writer, self._named_writer
        return other

    def with_writer(self, writer: Writer) -> Library:
        """Return the same library, with the same loaded model, whose answers `writer` writes."""
        other = self.with_settings(self.settings)
        other._given_writer = writer
        return other

    @property
    def device(self) -> torch.device | None:
        """Where the model that reads is; None if that is another process's. Loads the model."""
        return self.engine.spec.device

    def load(self) -> None:
        """Load the model that reads, if it is not. Raises ModelError."""
        _ = self.engine

    def who_answers(self) -> str:
        """Return which models read and write, and where, for a person. Loads the model that reads."""
        spec, writer = self.engine.spec, self.writer
        number = str(spec.dtype).removeprefix("torch.")
        who = self.model.name if writer is None else f"{self.model.name} reads and {writer.name} writes,"
        return f"{who} on {spec.device}, {number}"

    # Asking every part

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
        stored = self._chunks_to_ask(known, writer)
        if stored is not None:
            stored = replace(stored, kv=corpus.chunks)
        task: Generator[Event, None, None] = task_of(kind).run(replace(asking, usage=usage, stored=stored))
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
        if kind is not None and scope is Scope.BY_QUESTION and not self.can_ask_everywhere(kind, settings):
            return None
        return kind

    def can_ask_everywhere(self, kind: Kind, settings: Settings | None = None) -> bool:
        """Return whether there is a model that can be asked so about every part. Loads the model that reads."""
        try:
            self._everywhere_writer(kind, settings or self.settings)
        except (NoWriterError, QuestionError, WriterError):
            return False
        return True

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
            tuple(known),
            question.strip(),
            writer,
            notes=self.folder.notes,
            figures=self.folder.figures,
            stored=self._chunks_to_ask(known, writer),
        )
        asked, each = task_of(kind).asks(asking), asking.pace(kind).seconds_each
        return Expected(len(asking.to_ask), asked, each * asked if each is not None and asked else None)

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

    def _chunks_to_ask(self, documents: Sequence[Document], writer: Writer) -> StoredChunks | None:
        """Return the chunks of documents if the writer reads them itself, so that it need not read their parts."""
        if not isinstance(writer, LocalWriter) or not writer.shares(self._model) or not has_room(self.engine):
            return None
        plans = [Plan.of(self.engine, self.tokenized(document)) for document in documents]
        return StoredChunks(self.model, self.engine, tuple((one.document, one.chunks) for one in plans))

    def _everywhere_writer(self, kind: Kind, settings: Settings) -> Writer:
        """Return who is asked about every part. Raises NoWriterError and QuestionError."""
        if settings.apb is not None:
            raise QuestionError("every part can be asked with parallel chunks only: leave out --attention")
        if self.ranks is not None and kind not in OVER_RANKS:
            raise QuestionError(f"a {kind.value} is made by one process only: leave out --ranks")
        if self.ranks is None and self.writer is not None:  # what several processes have read answers itself
            return self.writer
        if kind.needs_writer and self.model.parameters < SMALL_MODEL:
            raise NoWriterError(
                "the model that reads is too small to be asked about every part: fetch one that writes, for "
                "example with `wholedoc models fetch qwen2.5-coder-1.5b`, or name one with --answer-model"
            )
        return LocalWriter(self.model.name, self._model)

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
