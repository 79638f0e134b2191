"""Turns answers into LlamaIndex's responses, which hold plain dictionaries and nodes but no tensors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, CompletionResponse, MessageRole
from llama_index.core.schema import BaseNode, NodeRelationship, NodeWithScore, TextNode

from ..answer import Answer, Citation, Done, Event, Token, Usage

# The node that each page came from, by the document's id and the page's number (counted from 1).
Sources = Mapping[tuple[str, int], BaseNode]


def deltas(events: Iterable[Event]) -> Iterator[str | Answer]:
    """Yields the pieces of an answer's text, without white space around it, and then the answer."""
    written = shown = ""
    for event in events:
        if isinstance(event, Token):
            written += event.text
            text = written.strip()
            if len(text) > len(shown):
                yield text[len(shown) :]
                shown = text
        elif isinstance(event, Done):
            yield event.answer


def completions(events: Iterable[Event], model: str) -> Iterator[CompletionResponse]:
    """Yields the answer as it grows. The last response carries usage, timings and citations."""
    text = ""
    for delta in deltas(events):
        if isinstance(delta, str):
            text += delta
            yield CompletionResponse(text=text, delta=delta)
        else:
            raw = {**details(delta), "citations": [asdict(one) for one in delta.citations], "model": model}
            yield CompletionResponse(text=text, delta="", raw=raw, additional_kwargs=dict(raw["usage"]))


def chat_response(completion: CompletionResponse) -> ChatResponse:
    """Returns the same response as the assistant's message in a chat."""
    return ChatResponse(
        message=ChatMessage(role=MessageRole.ASSISTANT, content=completion.text),
        delta=completion.delta,
        raw=completion.raw,
        additional_kwargs=completion.additional_kwargs,
    )


def details(answer: Answer) -> dict[str, Any]:
    """Returns what is known about an answer besides its text and citations."""
    return {
        "found": answer.found,
        "support": answer.support,
        "unsupported": list(answer.unsupported),
        "sources": [{**asdict(one), "citations": list(one.citations)} for one in answer.sources],
        "usage": usage(answer.usage),
        "timings": asdict(answer.timings),
        **({} if answer.everywhere is None else {"everywhere": asdict(answer.everywhere)}),
    }


def usage(used: Usage) -> dict[str, Any]:
    """Returns the token counts, also under the names that LlamaIndex's token counter looks for."""
    prompt = used.document_tokens + used.question_tokens
    return {
        **asdict(used),
        "prompt_tokens": prompt,
        "completion_tokens": used.answer_tokens,
        "total_tokens": prompt + used.answer_tokens,
    }


def nodes(citations: Sequence[Citation], sources: Sources) -> list[NodeWithScore]:
    """Returns the cited passages as nodes. A node's text is the quote; its metadata names the page."""
    return [_node(citation, sources.get((citation.document_id, citation.page))) for citation in citations]


def _node(citation: Citation, source: BaseNode | None) -> NodeWithScore:
    metadata = {
        **(source.metadata if source else {}),
        "file_name": citation.document,
        "page_label": citation.page_label,
        "page": citation.page,
        "document_id": citation.document_id,
    }
    related = {NodeRelationship.SOURCE: source.as_related_node_info()} if source else {}
    return NodeWithScore(
        node=TextNode(text=citation.quote, metadata=metadata, relationships=related), score=citation.score
    )
