"""Whole documents and the model that answers from them, shared by the query engine and the chat engine."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Sequence
from dataclasses import dataclass, field

from llama_index.core.schema import NodeWithScore

from ..answer import Answer, Cited, Event
from ..documents.document import Document
from ..errors import QuestionError
from ..everywhere.kinds import Scope
from ..runtime.threaded_generator import Cancel
from .in_thread import in_thread
from .llm import ParallelCompLLM, PromptLoader
from .responses import Sources, deltas, nodes

# A part of an answer. They come in this order: the cited passages once, pieces of the text, the finished answer.
AnswerPart = list[NodeWithScore] | str | Answer


@dataclass(frozen=True)
class DocumentSet:
    """Documents, the model that is asked about them, and the LlamaIndex nodes that their pages came from."""

    llm: ParallelCompLLM
    documents: tuple[Document, ...]
    sources: Sources = field(default_factory=dict)

    def answer(
        self, prompt: PromptLoader, cancelled: Cancel | None = None, scope: Scope = Scope.ONE_PLACE
    ) -> Generator[AnswerPart, None, None]:
        """Yields the parts of an answer from the documents.

        Raises QuestionError if there are no documents, and the errors of reading and asking.
        """
        if not self.documents:
            raise QuestionError("there is no document to ask: give at least one")
        cited: list[NodeWithScore] = []

        def collecting() -> Generator[Event, None, None]:
            for event in self.llm.events(prompt, self.documents, cancelled=cancelled, scope=scope):
                if isinstance(event, Cited):
                    cited[:] = nodes(event.citations, self.sources)
                yield event

        first = True
        for delta in deltas(collecting()):
            if first:  # the citations are known before the first piece of text
                yield list(cited)
                first = False
            yield delta

    def aanswer(self, prompt: PromptLoader, scope: Scope = Scope.ONE_PLACE) -> AsyncGenerator[AnswerPart, None]:
        """Does the same beside an event loop. Closing it, or cancelling its task, stops the work."""
        return in_thread(lambda cancelled: self.answer(prompt, cancelled, scope))


def source_nodes(part: AnswerPart) -> list[NodeWithScore]:
    """Returns the first part of an answer, which is the cited passages."""
    assert isinstance(part, list)
    return part


def joined(parts: Sequence[AnswerPart]) -> tuple[list[NodeWithScore], str, Answer]:
    """Returns the cited passages, the text and the finished answer out of all parts."""
    first, *pieces, answer = parts
    assert isinstance(answer, Answer)
    return source_nodes(first), "".join(piece for piece in pieces if isinstance(piece, str)), answer
