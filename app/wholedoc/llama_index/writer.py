"""Any LlamaIndex LLM as the writer of answers."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from llama_index.core.llms import LLM, ChatMessage

from parallelcomp import Cancelled, Sampling

from ..writers.writer import Cancel, Message, Written


class LlamaIndexWriter:
    """Writes answers with `llm`. Its own settings decide the temperature and the length of its texts."""

    here = False

    def __init__(self, llm: LLM) -> None:
        self._llm = llm

    @property
    def name(self) -> str:
        """The model's name, as LlamaIndex has it."""
        return self._llm.metadata.model_name

    @property
    def sends_to(self) -> str | None:
        """None: whoever made the LLM knows where it computes."""
        return None

    def write(
        self, messages: Sequence[Message], sampling: Sampling, cancelled: Cancel | None = None
    ) -> Generator[str, None, Written]:
        """Yields the deltas of the LLM's stream. Raises Cancelled, and whatever the LLM raises."""
        pieces = 0
        said = [ChatMessage(role=one.role, content=one.content) for one in messages]
        for response in self._llm.stream_chat(said):
            if cancelled is not None and cancelled():
                raise Cancelled("stopped while a LlamaIndex LLM was writing")
            if response.delta:
                pieces += 1
                yield response.delta
        return Written(pieces, cut_short=False)
