"""Turns LlamaIndex's documents into whole ones: the pages of one file become one document, with their labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from llama_index.core.schema import BaseNode, MetadataMode

from ..documents.document import Document
from ..documents.formats import names
from ..documents.texts import title
from ..errors import DocumentError
from ..library import Library
from .responses import Sources


def whole_documents(library: Library, nodes: Sequence[BaseNode]) -> tuple[list[Document], Sources]:
    """Returns the documents that these nodes make up, and the node of every page.

    Consecutive nodes that come from the same file and have a `page_label` are its pages. Every other node is a
    document of its own. Raises NoTextError for a document without text, and TextError for the raw bytes of a file.
    """
    documents: list[Document] = []
    sources: dict[tuple[str, int], BaseNode] = {}
    for group in _groups(nodes):
        name = _name(group[0])
        texts = [node.get_content(metadata_mode=MetadataMode.NONE) for node in group]
        try:
            if len(group) == 1 and "page_label" not in group[0].metadata:
                document = library.remember(texts[0], name or title(texts[0]))
            else:
                labels = [str(node.metadata["page_label"]) for node in group]
                document = library.remember_pages(list(zip(texts, labels, strict=True)), name or "document")
        except DocumentError as error:
            raise type(error)(
                f"{name or group[0].node_id}: {error}. WholeDocumentQueryEngine.from_files reads files "
                f"itself: {names()}"
            ) from error
        documents.append(document)
        for page in range(len(document.pages)):
            sources[document.id, page + 1] = group[page] if len(group) == len(document.pages) else group[0]
    return documents, sources


def _groups(nodes: Sequence[BaseNode]) -> Iterator[list[BaseNode]]:
    def key(indexed: tuple[int, BaseNode]) -> object:
        index, node = indexed
        file = node.metadata.get("file_path") or node.metadata.get("file_name")
        return file if file and "page_label" in node.metadata else index

    for _, group in groupby(enumerate(nodes), key):
        yield [node for _, node in group]


def _name(node: BaseNode) -> str | None:
    """Returns the name of the file that a node came from, or its title, or None."""
    known = node.metadata
    path = known.get("file_name") or known.get("file_path")
    return Path(str(path)).name if path else known.get("title")
