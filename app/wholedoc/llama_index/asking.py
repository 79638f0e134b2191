"""Whole documents and the model that is asked about them: what the query engine and the chat engine share."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from llama_index.core import Settings as LlamaSettings
from llama_index.core.schema import BaseNode, NodeWithScore

from ..answer import Answer, Cited, Event
from ..documents.document import Document
from ..errors import QuestionError
from ..library import Library
from ..runtime.threaded_generator import Cancel
from .documents import whole_documents
from .in_thread import in_thread
from .llm import ParallelCompLLM, Read
from .responses import Sources, deltas, nodes

# What comes of a question, in this order: the cited passages, once; the answer's text in pieces; the answer.
Told = list[NodeWithScore] | str | Answer


@dataclass(frozen=True)
class Asked:
    """Documents, the model, and the node that every page came from if it came from one."""

    llm: ParallelCompLLM
    documents: tuple[Document, ...]
    sources: Sources = field(default_factory=dict)

    @classmethod
    def of_files(
        cls,
        paths: Sequence[Path | str],
        llm: ParallelCompLLM | None = None,
        library: Library | None = None,
        password: str | None = None,
    ) -> Asked:
        """Parses the files. Raises DocumentError and LibraryError."""
        model = _model(llm, library)
        return cls(model, tuple(model.library.parse(path, password) for path in paths))

    @classmethod
    def of_nodes(
        cls, given: Sequence[BaseNode], llm: ParallelCompLLM | None = None, library: Library | None = None
    ) -> Asked:
        """Takes the nodes' text. Raises NoTextError, TextError and LibraryError."""
        model = _model(llm, library)
        documents, sources = whole_documents(model.library, given)
        return cls(model, tuple(documents), sources)

    def tell(self, read: Read, cancelled: Cancel | None = None) -> Generator[Told, None, None]:
        """Answer from the documents. Raises QuestionError, and whatever reading and asking raise."""
        if not self.documents:
            raise QuestionError("there is no document to ask: give at least one")
        yield from self._told(self.llm.events(read, self.documents, cancelled=cancelled))

    def atell(self, read: Read) -> AsyncGenerator[Told, None]:
        """The same beside an event loop; closing it, or cancelling its task, stops the work."""
        return in_thread(lambda cancelled: self.tell(read, cancelled))

    def _told(self, events: Iterable[Event]) -> Generator[Told, None, None]:
        cited: tuple[NodeWithScore, ...] | None = None

        def noting() -> Generator[Event, None, None]:
            nonlocal cited
            for event in events:
                if isinstance(event, Cited):
                    cited = tuple(nodes(event.citations, self.sources))
                yield event

        first = True
        for told in deltas(noting()):
            if first:
                yield list(cited or ())
                first = False
            yield told


def cited(told: Told) -> list[NodeWithScore]:
    """The first of what is told: the cited passages."""
    assert isinstance(told, list)
    return told


def whole(told: Sequence[Told]) -> tuple[str, Answer]:
    """The rest: the text, and the answer that it belongs to."""
    *pieces, answer = told
    assert isinstance(answer, Answer)
    return "".join(piece for piece in pieces if isinstance(piece, str)), answer


def _model(llm: ParallelCompLLM | None, library: Library | None) -> ParallelCompLLM:
    """The one that was given, one of the library, LlamaIndex's if it is one of ours, or the embedded one."""
    if llm is not None:
        return llm
    chosen = LlamaSettings._llm
    if library is None and isinstance(chosen, ParallelCompLLM):
        return chosen
    return ParallelCompLLM(library=library)
