"""The methods that a run can compare, by their names on the command line."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum

from parallelcomp import Composition
from wholedoc.library import Library
from wholedoc.settings import AnswerFrom, Settings

from .baselines import BASELINES, Baseline, Reply
from .method import Method
from .ours import Ours


class Way(Enum):
    """How our own method writes the answer."""

    OURS = "ours"
    """As the program does by default."""
    PASSAGES = "ours-passages"
    """From the best passages, which are read again."""
    QUOTE = "ours-quote"
    """The best passage itself."""
    CONTEXT = "ours-context"
    """From all kept KV, assembled side by side."""
    REREAD = "ours-reread"
    """From all kept chunks, read again in one window."""
    MIXTURE = "ours-mixture"
    """From the mixture of the kept chunks' predictions."""


Chosen = Way | Baseline

_PASSAGES = {Way.PASSAGES: AnswerFrom.PASSAGES, Way.QUOTE: AnswerFrom.QUOTE}
_COMPOSITIONS = {
    Way.CONTEXT: Composition.ASSEMBLED,
    Way.REREAD: Composition.REREAD,
    Way.MIXTURE: Composition.MIXTURE,
}


def method(way: Chosen, library: Library) -> Method:
    """Return a method with the library's model, folder and settings."""
    if isinstance(way, Baseline):
        return BASELINES[way](
            library.model, Reply.like_ours(library.model, library.settings.sampling.max_new_tokens)
        )
    return Ours(way.value, settings(way, library.settings), library)


def settings(way: Way, base: Settings) -> Settings:
    """Return `base` with the settings that make this way of answering."""
    if way is Way.OURS:
        return base
    if way in _PASSAGES:
        return replace(base, answer_from=_PASSAGES[way])
    engine = replace(base.engine, composition=_COMPOSITIONS[way])
    return replace(base, answer_from=AnswerFrom.CONTEXT, engine=engine)
