"""Turns LlamaIndex's chat messages into plain ones, and finds the documents in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from llama_index.core.base.llms.types import (
    CachePoint,
    ChatMessage,
    CitableBlock,
    CitationBlock,
    ContentBlock,
    DocumentBlock,
    MessageRole,
    TextBlock,
    ThinkingBlock,
)

from ..documents.document import Document
from ..errors import PromptError
from ..library import Library
from ..prompts.recognition import Message, Role
from ..storage.files.uploads import parse_bytes

ROLES = {
    MessageRole.SYSTEM: Role.SYSTEM,
    MessageRole.DEVELOPER: Role.SYSTEM,
    MessageRole.USER: Role.USER,
    MessageRole.TOOL: Role.USER,
    MessageRole.FUNCTION: Role.USER,
    MessageRole.ASSISTANT: Role.ASSISTANT,
    MessageRole.CHATBOT: Role.ASSISTANT,
    MessageRole.MODEL: Role.ASSISTANT,
}


@dataclass
class _Content:
    texts: list[str] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)


def plain_messages(library: Library, messages: Sequence[ChatMessage]) -> tuple[list[Message], list[Document]]:
    """Returns the messages' text, and the documents in their blocks, parsed.

    Thinking blocks and cache points are skipped. Raises PromptError for blocks that the engine cannot take
    (images, sound, video, links, tool calls), and the errors of parsing.
    """
    found: list[Message] = []
    documents: list[Document] = []
    for message in messages:
        content = _Content()
        for block in message.blocks:
            _add(library, block, content)
        documents += content.documents
        # A message with nothing but a document is left out; one that is simply empty is kept.
        if content.texts or not content.documents:
            found.append(Message(ROLES[message.role], "\n".join(content.texts)))
    return found, documents


def _add(library: Library, block: ContentBlock, content: _Content) -> None:
    if isinstance(block, TextBlock):
        content.texts.append(block.text)
    elif isinstance(block, DocumentBlock):
        content.documents.append(_document(library, block))
    elif isinstance(block, CitableBlock):
        for inner in block.content:
            if isinstance(inner, TextBlock):
                content.documents.append(library.remember(inner.text, block.title))
            else:
                _add(library, inner, content)
    elif isinstance(block, CitationBlock):
        _add(library, block.cited_content, content)
    elif not isinstance(block, ThinkingBlock | CachePoint):
        raise PromptError(
            f"a message has a block of type '{block.block_type}', which this engine cannot take: it reads text and "
            "documents; leave the block out"
        )


def _document(library: Library, block: DocumentBlock) -> Document:
    if block.data is not None:
        name = block.title or "document"
        return parse_bytes(library, block.resolve_document().read(), name, block.document_mimetype)
    if block.path is not None:
        return library.parse(block.path)
    raise PromptError(
        f"the document block '{block.title}' has neither data nor a path"
        + (": links are not fetched; fetch it yourself and pass its data" if block.url else "; give one of them")
    )
