"""A question to the model itself, without any document: an ordinary prompt in one window."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass

from parallelcomp import Engine

from ..answer import Answer, Done, Event, Timings, Token, Usage
from ..conversation import Turn
from ..errors import QuestionError
from ..models.chat_template import chat_ids, check_room
from ..models.text_model import TextModel
from ..settings import Settings
from .writing import Writing

Cancel = Callable[[], bool]


@dataclass(frozen=True)
class Chatting:
    """A question, with the model that answers it, the turns before it, and the settings."""

    engine: Engine
    model: TextModel
    text: str
    settings: Settings
    history: tuple[Turn, ...] = ()
    instructions: str = ""
    stop: tuple[str, ...] = ()
    cancelled: Cancel | None = None


def chat(chatting: Chatting) -> Generator[Event, None, None]:
    """Yield Tokens and Done. Nothing is cut. Raises QuestionError, WindowError, MemoryPlanError and Cancelled."""
    if not chatting.text.strip():
        raise QuestionError("the question is empty: write one")
    engine, model, sampling = chatting.engine, chatting.model, chatting.settings.sampling
    check_room(model.tokenizer, engine.spec.window, (chatting.text, chatting.instructions), chatting.history)
    ids = chat_ids(model.tokenizer, chatting.text, chatting.history, chatting.instructions)
    started = time.perf_counter()
    selection = engine.plain(ids, sampling.max_new_tokens, chatting.cancelled)
    writing = Writing(model.tokenizer, chatting.stop)
    tokens = engine.generate(selection, sampling, model.stop_ids, copied_from=ids, cancelled=chatting.cancelled)
    for piece in writing.pieces(tokens):
        yield Token(piece)
    total_s = time.perf_counter() - started
    usage = Usage(0, 0, 0, len(ids), len(writing.token_ids))
    first_s = total_s if writing.shown_at is None else writing.shown_at - started
    timings = Timings(0.0, first_s, total_s)
    cut_short = writing.cut_short(sampling.max_new_tokens)
    yield Done(
        Answer(
            chatting.text, writing.text.strip(), True, tuple(writing.token_ids), (), (), usage, timings, cut_short
        )
    )
