"""How an engine over whole documents is made: of files, or of LlamaIndex's documents and nodes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from llama_index.core.schema import BaseNode

from ..documents.document import Document
from ..library import Library
from .asking import Asked
from .llm import ParallelCompLLM


class OverDocuments:
    """What the query engine and the chat engine are both made by. `options` are the engine's own."""

    _asked: Asked

    if TYPE_CHECKING:

        def __init__(self, asked: Asked, **options: Any) -> None: ...

    @classmethod
    def from_files(
        cls,
        paths: Sequence[Path | str],
        *,
        llm: ParallelCompLLM | None = None,
        library: Library | None = None,
        password: str | None = None,
        **options: Any,
    ) -> Self:
        """Over PDF, HTML, Markdown and text files, parsed here and read at the first question.

        Raises DocumentError and LibraryError.
        """
        return cls(Asked.of_files(paths, llm, library, password), **options)

    @classmethod
    def from_documents(
        cls,
        documents: Sequence[BaseNode],
        *,
        llm: ParallelCompLLM | None = None,
        library: Library | None = None,
        **options: Any,
    ) -> Self:
        """Over LlamaIndex's own; those of one file that have a `page_label` are the pages of one document.

        Raises NoTextError and TextError for text that is none, and LibraryError.
        """
        return cls(Asked.of_nodes(documents, llm, library), **options)

    @property
    def documents(self) -> tuple[Document, ...]:
        """The documents that are asked."""
        return self._asked.documents
