"""A writer that runs in this process: any model that the engine can load."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace

import torch
from tokenizers.decoders import DecodeStream

from parallelcomp import Engine, EngineConfig, Sampling

from ..conversation import Turn
from ..models.chat_template import chat_ids, encode
from ..models.lazy_model import LazyModel
from ..models.text_model import TextModel
from .beginnings import Beginnings
from .writer import Cancel, Message, Written


class LocalWriter:
    """The model that `model` holds, in its own chat template. It is loaded when it is first needed."""

    here = True
    sends_to = None

    def __init__(self, name: str, model: LazyModel) -> None:
        self.name = name
        self._model = model
        self._engine: tuple[TextModel, Engine, Beginnings] | None = None

    def unload(self) -> None:
        """Give the model's memory back. The next text loads it again."""
        self._engine = None
        self._model.unload()

    def shares(self, model: LazyModel) -> bool:
        """Return whether this is the very model that another holds, too."""
        return self._model is model

    @property
    def is_loaded(self) -> bool:
        """True while the model is in memory."""
        return self._model.is_loaded

    @property
    def model(self) -> TextModel:
        """The model, loaded now if it is not. Raises ModelError and MemoryPlanError."""
        return self._model.get()

    def write(
        self, messages: Sequence[Message], sampling: Sampling, cancelled: Cancel | None = None
    ) -> Generator[str, None, Written]:
        """Yield one piece of text for each token; a piece is empty while a character is incomplete."""
        model, engine, beginnings = self._loaded()
        ids = chat_ids(model.tokenizer, *_as_chat(messages))
        engine.check_plain(len(ids) + sampling.max_new_tokens)  # before a beginning is read for it
        opening = chat_ids(model.tokenizer, *_as_chat([replace(one, content=one.opening) for one in messages]))
        beginning = beginnings.of(ids, opening)
        selection = engine.plain(ids, sampling.max_new_tokens, cancelled, beginning=beginning)
        first: list[torch.Tensor] = []
        stream = DecodeStream(skip_special_tokens=True)
        tokens = 0
        for token in engine.generate(
            selection,
            sampling,
            model.stop_ids,
            copied_from=ids,
            predicted=first.append,
            cancelled=cancelled,
        ):
            tokens += 1
            yield stream.step(model.tokenizer.backend_tokenizer, token) or ""

        def would_begin(text: str) -> float:
            return float(first[0][encode(model.tokenizer, text)[0]].exp())

        return Written(tokens, tokens >= sampling.max_new_tokens, would_begin)

    @property
    def beginnings(self) -> Beginnings:
        """What the model has read of its prompts' beginnings. It is loaded now if it is not."""
        return self._loaded()[2]

    def _loaded(self) -> tuple[TextModel, Engine, Beginnings]:
        model = self._model.get()
        if self._engine is None or self._engine[0] is not model:
            # No document is read with this engine; chunks need only be shorter than the window.
            config = EngineConfig(chunk_tokens=model.loaded.spec.window // 2)
            engine = Engine(model.loaded, (), config)
            self._engine = model, engine, Beginnings(engine)
        return self._engine


def _as_chat(messages: Sequence[Message]) -> tuple[str, tuple[Turn, ...], str]:
    """The last user message, the turns before it, and the system message, for `chat_ids`."""
    system = "\n\n".join(one.content for one in messages if one.role == "system")
    said = [one.content for one in messages if one.role != "system"]
    turns = tuple(Turn(asked, answered) for asked, answered in zip(said[:-1:2], said[1:-1:2], strict=True))
    return said[-1], turns, system
