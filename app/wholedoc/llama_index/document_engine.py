"""What the query engine and the chat engine have in common: how they are made, and their instructions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from llama_index.core import Settings as LlamaSettings
from llama_index.core.llms import LLM
from llama_index.core.schema import BaseNode

from ..documents.document import Document
from ..library import Library
from ..prompts.recognition import Message, Role
from .document_set import DocumentSet
from .documents import whole_documents
from .llm import ParallelCompLLM
from .writer import LlamaIndexWriter


class DocumentEngine:
    """An engine that answers from whole documents. `options` are those of the engine's own constructor."""

    _document_set: DocumentSet
    _instructions: str

    if TYPE_CHECKING:

        def __init__(self, document_set: DocumentSet, **options: Any) -> None: ...

    @classmethod
    def from_files(
        cls,
        paths: Sequence[Path | str],
        *,
        llm: LLM | None = None,
        library: Library | None = None,
        password: str | None = None,
        **options: Any,
    ) -> Self:
        """Creates an engine over files of the formats in `wholedoc.documents.formats`.

        The files are parsed now; the model reads them with the first question. Raises DocumentError and
        LibraryError.
        """
        model = _choose_llm(llm, library)
        documents = tuple(model.library.parse(path, password) for path in paths)
        return cls(DocumentSet(model, documents), **options)

    @classmethod
    def from_documents(
        cls,
        documents: Sequence[BaseNode],
        *,
        llm: LLM | None = None,
        library: Library | None = None,
        **options: Any,
    ) -> Self:
        """Creates an engine over LlamaIndex's own documents or nodes.

        Consecutive nodes of one file that have a `page_label` become the pages of one document. Raises NoTextError
        for a node without text, TextError for text that is really the bytes of a file, and LibraryError.
        """
        model = _choose_llm(llm, library)
        whole, sources = whole_documents(model.library, documents)
        return cls(DocumentSet(model, tuple(whole), sources), **options)

    @property
    def documents(self) -> tuple[Document, ...]:
        """The documents that the engine answers from."""
        return self._document_set.documents

    def _system_messages(self) -> list[Message]:
        """Returns the engine's instructions as a system message, or nothing if it has none."""
        return [Message(Role.SYSTEM, self._instructions)] if self._instructions else []


def _choose_llm(llm: LLM | None, library: Library | None) -> ParallelCompLLM:
    """Returns the model that is asked.

    That is `llm` if it is a ParallelCompLLM; any other LLM writes the answers to what the embedded model, or the
    model of `library`, finds. Without `llm` it is a model of `library`, LlamaIndex's `Settings.llm` if that is a
    ParallelCompLLM, or the embedded model.
    """
    if isinstance(llm, ParallelCompLLM):
        return llm
    if llm is not None:  # any other reads nothing, but writes the answers
        return ParallelCompLLM(library=(library or Library.open()).with_writer(LlamaIndexWriter(llm)))
    chosen = LlamaSettings._llm
    if library is None and isinstance(chosen, ParallelCompLLM):
        return chosen
    return ParallelCompLLM(library=library)
