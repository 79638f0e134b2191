"""A LlamaIndex query engine over whole documents, whose responses carry the cited passages."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import aclosing, closing
from typing import Any

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.response.schema import RESPONSE_TYPE, AsyncStreamingResponse, Response, StreamingResponse
from llama_index.core.callbacks import CallbackManager, CBEventType, EventPayload
from llama_index.core.prompts.mixin import PromptMixinType
from llama_index.core.schema import QueryBundle

from ..answer import Answer
from ..everywhere.kinds import Scope
from ..prompts.recognition import Message, Role
from .document_engine import DocumentEngine
from .document_set import AnswerPart, DocumentSet, joined, source_nodes
from .llm import PromptLoader
from .responses import details


class WholeDocumentQueryEngine(BaseQueryEngine, DocumentEngine):
    """Answers from whole documents, which are read once.

    `source_nodes` are the cited passages with page and score. If the documents do not support an answer, there are
    none and `metadata["found"]` is False. `mode` says whether every part is asked, by default only the one place
    that answers; then `metadata["everywhere"]` has the items or sections. With `streaming`,
    the nodes are there before the first word and the metadata after the last.
    """

    def __init__(
        self,
        document_set: DocumentSet,
        *,
        streaming: bool = False,
        instructions: str = "",
        mode: Scope = Scope.ONE_PLACE,
        callback_manager: CallbackManager | None = None,
    ) -> None:
        super().__init__(callback_manager or document_set.llm.callback_manager)
        self._document_set = document_set
        self._streaming = streaming
        self._instructions = instructions
        self._mode = mode

    def _get_prompt_modules(self) -> PromptMixinType:
        return {}

    def _query(self, query_bundle: QueryBundle) -> RESPONSE_TYPE:
        with self._event(query_bundle) as event:
            parts = self._document_set.answer(self._prompt(query_bundle), scope=self._mode)
            response: RESPONSE_TYPE
            if self._streaming:
                sources, metadata = source_nodes(next(parts)), dict[str, Any]()
                response = StreamingResponse(_texts(parts, metadata), sources, metadata)
            else:
                response = _response(list(parts))
            event.on_end(payload={EventPayload.RESPONSE: response})
        return response

    async def _aquery(self, query_bundle: QueryBundle) -> RESPONSE_TYPE:
        with self._event(query_bundle) as event:
            parts = self._document_set.aanswer(self._prompt(query_bundle), self._mode)
            response: RESPONSE_TYPE
            if self._streaming:
                sources, metadata = source_nodes(await anext(parts)), dict[str, Any]()
                response = AsyncStreamingResponse(_atexts(parts, metadata), sources, metadata)
            else:
                response = _response([part async for part in parts])
            event.on_end(payload={EventPayload.RESPONSE: response})
        return response

    def _prompt(self, query_bundle: QueryBundle) -> PromptLoader:
        return lambda _: ([*self._system_messages(), Message(Role.USER, query_bundle.query_str)], [])

    def _event(self, query_bundle: QueryBundle) -> Any:
        return self.callback_manager.event(
            CBEventType.QUERY, payload={EventPayload.QUERY_STR: query_bundle.query_str}
        )


def _response(parts: Sequence[AnswerPart]) -> Response:
    sources, text, answer = joined(parts)
    return Response(text, sources, details(answer))


def _texts(parts: Generator[AnswerPart, None, None], metadata: dict[str, Any]) -> Generator[str, None, None]:
    """Yields the text, and fills `metadata` at the end."""
    with closing(parts):
        for part in parts:
            if isinstance(part, str):
                yield part
            elif isinstance(part, Answer):
                metadata.update(details(part))


async def _atexts(parts: AsyncGenerator[AnswerPart, None], metadata: dict[str, Any]) -> AsyncGenerator[str, None]:
    """Does the same asynchronously."""
    async with aclosing(parts):
        async for part in parts:
            if isinstance(part, str):
                yield part
            elif isinstance(part, Answer):
                metadata.update(details(part))
