"""The library: documents that were read once, and questions to them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from parallelcomp.ranks import Ranks

from .answer import Answer, Done, Event, Planned, Reading
from .answering.apb import answer_by_apb
from .answering.chat import Chatting, chat
from .answering.pipeline import Asking, answer, score_together
from .conversation import Turn
from .documents.document import Document
from .reading.corpus import Corpus, ReadDocument
from .reading.reader import Notify, Reader
from .settings import Settings
from .storage.folder import LibraryFolder
from .storage.home import home

Cancel = Callable[[], bool]


class Library(Reader):
    """Documents on disk, the model that reads them, and questions to them, for many callers at once.

    Callers on several threads share the model fairly, a step at a time; several processes may use one folder.
    """

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
        """Return the same library with other settings.

        It keeps the loaded model if both load it in the same way.
        """
        if not settings.loads_like(self.settings):
            return Library(self.folder, settings, self._notify, self.turns, self.ranks)
        other = Library(self.folder, settings, self._notify, self.turns, self.ranks, self._model)
        other._tokenized = self._tokenized
        return other

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
        """Return a question that can be asked, without its documents.

        Raises QuestionError, WindowError and ValueError.
        """
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
        """Read the documents that are new, and return all of them as a corpus."""
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
        cancelled: Cancel | None = None,
    ) -> Answer:
        """Ask documents, or their ids, together and wait for the answer."""
        for event in self.stream(documents, question, history=history, cancelled=cancelled):
            if isinstance(event, Done):
                return event.answer
        raise AssertionError("a stream ends with Done")
