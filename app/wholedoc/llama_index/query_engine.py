"""A LlamaIndex query engine over whole documents, whose responses carry the cited passages."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing, closing
from typing import Any

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.response.schema import RESPONSE_TYPE, AsyncStreamingResponse, Response, StreamingResponse
from llama_index.core.callbacks import CallbackManager, CBEventType, EventPayload
from llama_index.core.prompts.mixin import PromptMixinType
from llama_index.core.schema import QueryBundle

from ..prompts.recognition import Message, Role
from .asking import Asked, Told, cited, whole
from .llm import Read
from .over_documents import OverDocuments
from .responses import details


class WholeDocumentQueryEngine(BaseQueryEngine, OverDocuments):
    """Answers from whole documents, read once. `source_nodes` are the cited passages with page and score; where the
    documents do not support an answer there are none, and `metadata["found"]` is False.

    With `streaming` the nodes are there before the first word, and the metadata after the last.
    """

    def __init__(
        self,
        asked: Asked,
        *,
        streaming: bool = False,
        instructions: str = "",
        callback_manager: CallbackManager | None = None,
    ) -> None:
        super().__init__(callback_manager or asked.llm.callback_manager)
        self._asked = asked
        self._streaming = streaming
        self._instructions = instructions

    def _get_prompt_modules(self) -> PromptMixinType:
        return {}

    def _query(self, query_bundle: QueryBundle) -> RESPONSE_TYPE:
        with self._event(query_bundle) as event:
            items = self._asked.tell(self._read(query_bundle))
            sources = cited(next(items))
            response: RESPONSE_TYPE
            if self._streaming:
                metadata: dict[str, Any] = {}
                response = StreamingResponse(_pieces(items, metadata), sources, metadata)
            else:
                text, answer = whole(list(items))
                response = Response(text, sources, details(answer))
            event.on_end(payload={EventPayload.RESPONSE: response})
        return response

    async def _aquery(self, query_bundle: QueryBundle) -> RESPONSE_TYPE:
        with self._event(query_bundle) as event:
            items = self._asked.atell(self._read(query_bundle))
            sources = cited(await anext(items))
            response: RESPONSE_TYPE
            if self._streaming:
                metadata: dict[str, Any] = {}
                response = AsyncStreamingResponse(_apieces(items, metadata), sources, metadata)
            else:
                text, answer = whole([item async for item in items])
                response = Response(text, sources, details(answer))
            event.on_end(payload={EventPayload.RESPONSE: response})
        return response

    def _read(self, query_bundle: QueryBundle) -> Read:
        instructions = [Message(Role.SYSTEM, self._instructions)] if self._instructions else []
        return lambda _: ([*instructions, Message(Role.USER, query_bundle.query_str)], [])

    def _event(self, query_bundle: QueryBundle) -> Any:
        return self.callback_manager.event(
            CBEventType.QUERY, payload={EventPayload.QUERY_STR: query_bundle.query_str}
        )


def _pieces(items: Generator[Told, None, None], metadata: dict[str, Any]) -> Generator[str, None, None]:
    with closing(items):
        for item in items:
            if isinstance(item, str):
                yield item
            else:
                metadata.update(details(whole([item])[1]))


async def _apieces(items: AsyncGenerator[Told, None], metadata: dict[str, Any]) -> AsyncGenerator[str, None]:
    async with aclosing(items):
        async for item in items:
            if isinstance(item, str):
                yield item
            else:
                metadata.update(details(whole([item])[1]))
