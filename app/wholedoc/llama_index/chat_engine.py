"""A LlamaIndex chat engine over whole documents: follow-up questions, and the cited passages of every answer."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import aclosing, closing

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, MessageRole
from llama_index.core.callbacks import CallbackManager, trace_method
from llama_index.core.chat_engine.types import AgentChatResponse, BaseChatEngine, StreamingAgentChatResponse

from ..answer import Answer
from ..documents.document import Document
from ..library import Library
from ..prompts.recognition import Message, Role
from .document_engine import DocumentEngine
from .document_set import AnswerPart, DocumentSet, joined, source_nodes
from .llm import PromptLoader
from .messages import plain_messages
from .responses import details


class WholeDocumentChatEngine(BaseChatEngine, DocumentEngine):
    """A conversation about whole documents, which are read once.

    `source_nodes` are the cited passages with page and score. A turn enters the history once its answer is
    complete. The history is never cut: when it fills the model's window, a question raises QuestionError, and
    `reset` starts the conversation anew.
    """

    def __init__(
        self,
        document_set: DocumentSet,
        *,
        instructions: str = "",
        chat_history: Sequence[ChatMessage] = (),
        callback_manager: CallbackManager | None = None,
    ) -> None:
        self.callback_manager = callback_manager or document_set.llm.callback_manager
        self._document_set = document_set
        self._instructions = instructions
        self._history = list(chat_history)

    @property
    def chat_history(self) -> list[ChatMessage]:
        return list(self._history)

    def reset(self) -> None:
        """Forget the conversation. The documents stay read."""
        self._history = []

    @trace_method("chat")
    def chat(self, message: str, chat_history: list[ChatMessage] | None = None) -> AgentChatResponse:
        parts = self._document_set.answer(self._prompt(message, chat_history))
        return self._response(message, list(parts))

    @trace_method("chat")
    async def achat(self, message: str, chat_history: list[ChatMessage] | None = None) -> AgentChatResponse:
        parts = self._document_set.aanswer(self._prompt(message, chat_history))
        return self._response(message, [part async for part in parts])

    @trace_method("chat")
    def stream_chat(
        self, message: str, chat_history: list[ChatMessage] | None = None
    ) -> StreamingAgentChatResponse:
        """Returns once the citations are known. The answer is written while `response_gen` is consumed."""
        parts = self._document_set.answer(self._prompt(message, chat_history))
        sources = source_nodes(next(parts))
        stream = self._stream(message, parts)
        return StreamingAgentChatResponse(chat_stream=stream, source_nodes=sources, is_writing_to_memory=False)

    @trace_method("chat")
    async def astream_chat(
        self, message: str, chat_history: list[ChatMessage] | None = None
    ) -> StreamingAgentChatResponse:
        """Does the same. Closing `achat_stream`, or cancelling the task that consumes it, stops the work."""
        parts = self._document_set.aanswer(self._prompt(message, chat_history))
        sources = source_nodes(await anext(parts))
        stream = self._astream(message, parts)
        return StreamingAgentChatResponse(achat_stream=stream, source_nodes=sources, is_writing_to_memory=False)

    def _prompt(self, message: str, chat_history: list[ChatMessage] | None) -> PromptLoader:
        """Returns the prompt: the instructions, the turns before, and the message."""
        if chat_history is not None:
            self._history = list(chat_history)
        before = tuple(self._history)

        def load(library: Library) -> tuple[list[Message], list[Document]]:
            turns, documents = plain_messages(library, before)
            return [*self._system_messages(), *turns, Message(Role.USER, message)], documents

        return load

    def _response(self, message: str, parts: Sequence[AnswerPart]) -> AgentChatResponse:
        sources, text, answer = joined(parts)
        self._remember(message, text)
        return AgentChatResponse(response=text, source_nodes=sources, metadata=details(answer))

    def _stream(
        self, message: str, parts: Generator[AnswerPart, None, None]
    ) -> Generator[ChatResponse, None, None]:
        text = ""
        with closing(parts):
            for part in parts:
                text += part if isinstance(part, str) else ""
                yield self._streamed_response(message, text, part)

    async def _astream(
        self, message: str, parts: AsyncGenerator[AnswerPart, None]
    ) -> AsyncGenerator[ChatResponse, None]:
        text = ""
        async with aclosing(parts):
            async for part in parts:
                text += part if isinstance(part, str) else ""
                yield self._streamed_response(message, text, part)

    def _streamed_response(self, message: str, text: str, part: AnswerPart) -> ChatResponse:
        """Returns the answer so far. The last part completes the turn, which then enters the history."""
        written = ChatMessage(role=MessageRole.ASSISTANT, content=text)
        if isinstance(part, str):
            return ChatResponse(message=written, delta=part)
        assert isinstance(part, Answer)
        self._remember(message, text)
        return ChatResponse(message=written, delta="", raw=details(part))

    def _remember(self, message: str, text: str) -> None:
        self._history += [
            ChatMessage(role=MessageRole.USER, content=message),
            ChatMessage(role=MessageRole.ASSISTANT, content=text),
        ]
