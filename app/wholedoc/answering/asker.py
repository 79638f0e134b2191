"""Questions to one place of documents: who asks the pipeline, for many callers at once."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import TypeVar

from parallelcomp import RetrievalHeads

from ..answer import Event, Planned, Reading, Rewritten
from ..conversation import Turn
from ..documents.document import Document
from ..documents.texts import TEXT_ID
from ..errors import QuestionError
from ..reading.corpus import Corpus, ReadDocument
from ..reading.reader import Reader
from ..runtime.client import NOBODY, Client
from ..settings import Answerer, Settings
from ..storage.home import home
from ..writers.assignment import rewriting, rewritten
from ..writers.choosing import writer_of
from ..writers.local import LocalWriter
from ..writers.writer import Writer
from .apb import answer_by_apb
from .asking import Asking
from .chat import Chatting, chat
from .follow_up import last_turns, refers_back, with_the_question_before
from .pipeline import score_together
from .several import answer, find, write

Cancel = Callable[[], bool]
Y = TypeVar("Y")
R = TypeVar("R")
# A question that was rewritten to stand alone is no longer than this.
REWRITTEN_TOKENS = 96


class Asker(Reader):
    """Documents on disk, the model that reads them, and questions that one place of them answers."""

    # The writer that a program gave, and the one that the settings name once it is known.
    _given_writer: Writer | None = None
    _named_writer: Writer | None = None

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
        turns = last_turns(asking.history)
        messages = rewriting(asking.text, turns)
        sampling = replace(asking.settings.sampling, temperature=0.0, max_new_tokens=REWRITTEN_TOKENS)
        said = ""
        with closing(
            self._in_turn(asking.writer.write(messages, sampling, asking.cancelled), asking, client)
        ) as pieces:
            while "?" not in said and (piece := next(pieces, None)) is not None:
                said += piece
        text = rewritten(said, asking.text, turns) or with_the_question_before(asking.text, asking.history)
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
