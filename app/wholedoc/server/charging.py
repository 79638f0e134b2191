"""What a request takes of its user's tokens for the day: set aside before its work begins, and counted afterwards.

Every document of a question counts with all its tokens once a day, whether it has to be read or was read before:
else a user would learn from the count that somebody else has the same file.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from parallelcomp import Cancelled

from ..answer import Done, Event, Token
from ..documents.document import Document
from ..documents.texts import text_document
from ..documents.tokenized import count_tokens
from ..errors import storage_error
from ..settings import Settings
from ..storage.people.daily_tokens import Charge, DailyTokens

if TYPE_CHECKING:
    from ..library import Library
    from .posing import Posed

log = logging.getLogger(__name__)


def charged(
    library: Library,
    posed: Posed,
    documents: Sequence[Document],
    settings: Settings,
    respond: Callable[[], Generator[Event, None, None]],
) -> Generator[Event, None, None]:
    """Yield the events of `respond`, which begins once there are tokens left for all that the request can take.

    Where the server has no users nothing is counted. Raises TokenQuotaError, MemoryPlanError for documents that
    could not be read anyway, LibraryError if nothing can be counted, and the errors of the work, which then counts
    nothing.
    """
    user, tokens = posed.user, library.folder.tokens
    if user is None:
        yield from respond()
        return
    charge, asked_again = _charge(library, posed, documents, settings)
    _take(library, user, charge)
    written = 0
    try:
        with closing(respond()) as events:
            for event in events:
                written = _written(event, written)
                yield event
    except (Cancelled, GeneratorExit):
        _settle(tokens, user, charge, asked_again + written)
        raise
    except BaseException:
        _noted(lambda: tokens.give_back(user, charge))
        raise
    _settle(tokens, user, charge, asked_again + written)


def _charge(
    library: Library, posed: Posed, documents: Sequence[Document], settings: Settings
) -> tuple[Charge, int]:
    """Return the most that a request can take, and how much of its other tokens is not the answer's.

    A question to every part has its documents read once more, by the model that writes.
    """
    prompt = posed.prompt
    asked = [*documents, *map(text_document, prompt.documents)]
    library.check_texts(prompt.documents, documents)  # no more of them is tokenized than fits
    counted = {one.id: len(library.tokenized(one)) for one in asked}
    said = [prompt.question, prompt.instructions, prompt.existing]
    said += [text for turn in prompt.history for text in (turn.question, turn.answer)]
    others = sum(count_tokens(text, library.model.tokenizer, sys.maxsize) for text in said if text)
    if asked and library.wanted(prompt.question, len(asked), posed.scope, settings) is not None:
        others += sum(counted.values())
    return Charge(posed.id, counted, others + settings.sampling.max_new_tokens), others


def _take(library: Library, user: str, charge: Charge) -> None:
    before = set(library.held.read)
    try:
        library.folder.tokens.take(user, charge, library.folder.users.quota(user).tokens_a_day)
    except OSError as error:
        raise storage_error(library.folder.path, error) from error
    except BaseException:
        for id in charge.documents.keys() - before:
            library.held.forget(id)  # which was only tokenized
        raise


def _written(event: Event, so_far: int) -> int:
    """Return how many tokens of an answer are written; before its end that is the number of its pieces."""
    if isinstance(event, Done):
        return event.answer.usage.answer_tokens
    return so_far + isinstance(event, Token)


def _settle(tokens: DailyTokens, user: str, charge: Charge, others: int) -> None:
    _noted(lambda: tokens.settle(user, charge, others))


def _noted(count: Callable[[], None]) -> None:
    """Count, or note that it failed, of which an answer must not depend. What was set aside counts then."""
    try:
        count()
    except OSError as error:
        log.error("the tokens of a request cannot be counted (%s)", error.strerror)
