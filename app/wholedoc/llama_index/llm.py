"""Wholedoc as a LlamaIndex LLM, for `Settings.llm` and every stock pipeline."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    ChatResponseAsyncGen,
    ChatResponseGen,
    CompletionResponse,
    CompletionResponseAsyncGen,
    CompletionResponseGen,
    LLMMetadata,
)
from llama_index.core.bridge.pydantic import PrivateAttr
from llama_index.core.llms.callbacks import llm_chat_callback, llm_completion_callback

from ..answer import Event
from ..documents.document import Document
from ..errors import PromptError
from ..everywhere.kinds import Scope
from ..library import Library
from ..models.embedded_model import NAME
from ..prompts.recognition import Message, Role, recognise
from ..prompts.responding import respond
from ..runtime.threaded_generator import Cancel
from ..settings import Settings
from .in_thread import in_thread, last
from .messages import plain_messages
from .options import Options, fields, for_call
from .responses import chat_response, completions

# Loads a prompt when it is needed: its messages, and the documents that come with them.
PromptLoader = Callable[[Library], tuple[list[Message], list[Document]]]


class ParallelCompLLM(Options):
    """A language model that reads documents of any length that fits in memory, each of them once.

    Long text in a prompt is recognised as a document and read through the library. When it is sent again, it is
    not read again. The question is what stands at the end of the prompt. Short prompts are answered as by any
    model.

    The model is loaded when it is first needed. Several LLMs can share a `library`; fields that are not given
    then follow the settings of the library. Raises WholedocError and parallelcomp's errors; each says what to
    do.
    """

    _library: Library = PrivateAttr()
    _window: int | None = PrivateAttr(default=None)

    def __init__(self, *, library: Library | None = None, **given: Any) -> None:
        super().__init__(**{**(fields(library.settings) if library else {}), **given})
        settings = self.settings()
        self._library = library or Library.open(settings=settings)

    @classmethod
    def class_name(cls) -> str:
        return "ParallelCompLLM"

    @property
    def library(self) -> Library:
        """The library with the model. A new one is opened when fields that reading depends on have changed."""
        settings = self._settings()
        if not settings.reads_like(self._library.settings):
            self._library, self._window = self._library.with_settings(settings), None
        return self._library

    @property
    def tokenizer(self) -> Any:
        """The model's tokenizer.

        Assign it to `Settings.tokenizer`, so that LlamaIndex counts the model's tokens.
        """
        return self.library.model.tokenizer

    @property
    def metadata(self) -> LLMMetadata:
        """What stock pipelines plan with. This loads the model unless `context_window` is given."""
        return LLMMetadata(
            context_window=self.context_window or self._effective_window(),
            num_output=self.max_new_tokens,
            is_chat_model=True,
            is_function_calling_model=False,
            model_name=self.model or NAME,
        )

    def to_payload(self) -> dict[str, Any]:
        """Returns what observers are told with every call. Unlike `metadata` it never loads the model."""
        return {
            "class_name": self.class_name(),
            "model_name": self.model or NAME,
            "num_output": self.max_new_tokens,
        }

    def events(
        self,
        prompt: PromptLoader,
        documents: Sequence[Document] = (),
        *,
        options: Mapping[str, Any] | None = None,
        cancelled: Cancel | None = None,
        scope: Scope = Scope.ONE_PLACE,
    ) -> Iterator[Event]:
        """Yields wholedoc's own events of an answer from `documents` and those in the prompt.

        `options` override settings for this call only. Raises WholedocError and parallelcomp's errors.
        """
        settings, stop = for_call(self._settings(), options or {})
        library = self.library
        messages, attached = prompt(library)
        recognised = recognise(messages, self.document_characters)
        yield from respond(
            library,
            recognised,
            [*documents, *attached],
            stop=stop,
            settings=settings,
            cancelled=cancelled,
            scope=scope,
        )

    # The methods that LlamaIndex calls.

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        *_, complete = self._completions(self._prompt(prompt, formatted), kwargs)
        return complete

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:
        return self._completions(self._prompt(prompt, formatted), kwargs)

    @llm_completion_callback()
    async def acomplete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        return await last(in_thread(partial(self._completions, self._prompt(prompt, formatted), kwargs)))

    @llm_completion_callback()
    async def astream_complete(
        self, prompt: str, formatted: bool = False, **kwargs: Any
    ) -> CompletionResponseAsyncGen:
        return in_thread(partial(self._completions, self._prompt(prompt, formatted), kwargs))

    @llm_chat_callback()
    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        *_, complete = self._chats(messages, kwargs)
        return complete

    @llm_chat_callback()
    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        return self._chats(messages, kwargs)

    @llm_chat_callback()
    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        return await last(in_thread(partial(self._chats, messages, kwargs)))

    @llm_chat_callback()
    async def astream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseAsyncGen:
        return in_thread(partial(self._chats, messages, kwargs))

    def _completions(
        self, prompt: PromptLoader, options: Mapping[str, Any], cancelled: Cancel | None = None
    ) -> Generator[CompletionResponse, None, None]:
        yield from completions(self.events(prompt, options=options, cancelled=cancelled), self.model or NAME)

    def _chats(
        self, messages: Sequence[ChatMessage], options: Mapping[str, Any], cancelled: Cancel | None = None
    ) -> Generator[ChatResponse, None, None]:
        prompt = partial(plain_messages, messages=messages)
        yield from map(chat_response, self._completions(prompt, options, cancelled))

    def _prompt(self, prompt: str, formatted: bool) -> PromptLoader:
        text = prompt if formatted or self.completion_to_prompt is None else self.completion_to_prompt(prompt)
        return lambda _: ([Message(Role.USER, text)], [])

    def _effective_window(self) -> int:
        """Returns how many tokens fit.

        It is counted once, so that a pipeline always splits the same text the same way.
        """
        library = self.library
        if self._window is None:
            self._window = max(library.engine.plan(1).longest_document, library.engine.spec.window)
        return self._window

    def _settings(self) -> Settings:
        try:
            return self.settings()
        except (ValueError, RuntimeError) as error:
            raise PromptError(f"a setting of the model is out of range: {error}") from error
