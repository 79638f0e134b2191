"""A LlamaIndex chat engine over whole documents: follow-up questions, and the cited passages of every answer."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import aclosing, closing

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, MessageRole
from llama_index.core.callbacks import CallbackManager, trace_method
from llama_index.core.chat_engine.types import AgentChatResponse, BaseChatEngine, StreamingAgentChatResponse

from ..documents.document import Document
from ..library import Library
from ..prompts.recognition import Message, Role
from .asking import Asked, Told, cited, whole
from .llm import Read
from .messages import plain_messages
from .over_documents import OverDocuments
from .responses import details


class WholeDocumentChatEngine(BaseChatEngine, OverDocuments):
    """A conversation about whole documents, read once. `source_nodes` are the cited passages with page and score.

    A turn belongs to the history once its answer is complete. The history is never cut: where it fills the model's
    window, QuestionError says so, and `reset` starts anew.
    """

    def __init__(
        self,
        asked: Asked,
        *,
        instructions: str = "",
        chat_history: Sequence[ChatMessage] = (),
        callback_manager: CallbackManager | None = None,
    ) -> None:
        self.callback_manager = callback_manager or asked.llm.callback_manager
        self._asked = asked
        self._instructions = instructions
        self._history = list(chat_history)

    @property
    def chat_history(self) -> list[ChatMessage]:
        return list(self._history)

    def reset(self) -> None:
        """Forget the conversation; what was read stays read."""
        self._history = []

    @trace_method("chat")
    def chat(self, message: str, chat_history: list[ChatMessage] | None = None) -> AgentChatResponse:
        items = self._asked.tell(self._read(message, chat_history))
        return self._complete(message, list(items))

    @trace_method("chat")
    async def achat(self, message: str, chat_history: list[ChatMessage] | None = None) -> AgentChatResponse:
        items = self._asked.atell(self._read(message, chat_history))
        return self._complete(message, [item async for item in items])

    @trace_method("chat")
    def stream_chat(
        self, message: str, chat_history: list[ChatMessage] | None = None
    ) -> StreamingAgentChatResponse:
        """Returns once the citations are known; the work goes on as `response_gen` is consumed."""
        items = self._asked.tell(self._read(message, chat_history))
        sources = cited(next(items))
        stream = self._stream(message, items)
        return StreamingAgentChatResponse(chat_stream=stream, source_nodes=sources, is_writing_to_memory=False)

    @trace_method("chat")
    async def astream_chat(
        self, message: str, chat_history: list[ChatMessage] | None = None
    ) -> StreamingAgentChatResponse:
        """The same; closing `achat_stream`, or cancelling the task that consumes it, stops the work."""
        items = self._asked.atell(self._read(message, chat_history))
        sources = cited(await anext(items))
        stream = self._astream(message, items)
        return StreamingAgentChatResponse(achat_stream=stream, source_nodes=sources, is_writing_to_memory=False)

    def _read(self, message: str, chat_history: list[ChatMessage] | None) -> Read:
        """What is asked: the instructions, the turns before, the message."""
        if chat_history is not None:
            self._history = list(chat_history)
        before = tuple(self._history)

        def read(library: Library) -> tuple[list[Message], list[Document]]:
            turns, brought = plain_messages(library, before)
            instructions = [Message(Role.SYSTEM, self._instructions)] if self._instructions else []
            return [*instructions, *turns, Message(Role.USER, message)], brought

        return read

    def _complete(self, message: str, told: Sequence[Told]) -> AgentChatResponse:
        text, answer = whole(told[1:])
        self._remember(message, text)
        return AgentChatResponse(response=text, source_nodes=cited(told[0]), metadata=details(answer))

    def _stream(self, message: str, items: Generator[Told, None, None]) -> Generator[ChatResponse, None, None]:
        text = ""
        with closing(items):
            for item in items:
                text += item if isinstance(item, str) else ""
                yield self._said(message, text, item)

    async def _astream(self, message: str, items: AsyncGenerator[Told, None]) -> AsyncGenerator[ChatResponse, None]:
        text = ""
        async with aclosing(items):
            async for item in items:
                text += item if isinstance(item, str) else ""
                yield self._said(message, text, item)

    def _said(self, message: str, text: str, item: Told) -> ChatResponse:
        """The answer so far; with the last item it is complete, and remembered."""
        said = ChatMessage(role=MessageRole.ASSISTANT, content=text)
        if isinstance(item, str):
            return ChatResponse(message=said, delta=item)
        self._remember(message, text)
        return ChatResponse(message=said, delta="", raw=details(whole([item])[1]))

    def _remember(self, message: str, text: str) -> None:
        self._history += [
            ChatMessage(role=MessageRole.USER, content=message),
            ChatMessage(role=MessageRole.ASSISTANT, content=text),
        ]
