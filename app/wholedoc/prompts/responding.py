"""Answering a prompt that came from elsewhere: from the documents in it, or from the model alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..answer import Cited, Done, Event, Token

if TYPE_CHECKING:
    from ..documents.document import Document
    from ..library import Library
    from ..settings import Settings
    from .recognition import Recognised

Cancel = Callable[[], bool]


def respond(
    library: Library,
    prompt: Recognised,
    documents: Sequence[Document] = (),
    *,
    stop: Sequence[str] = (),
    settings: Settings | None = None,
    cancelled: Cancel | None = None,
    client: str = "",
) -> Iterator[Event]:
    """Answer from the prompt's own long texts and `documents` that came beside it, or, if there are neither, from
    the model as in any chat. Closing the iterator stops the work.

    Raises what `Library.stream` and `Library.chat` raise.
    """
    asked = [*documents, *(library.remember(text) for text in prompt.documents)]
    rest: Any = {
        "history": prompt.history,
        "instructions": prompt.instructions,
        "stop": stop,
        "settings": settings,
        "cancelled": cancelled,
        "client": client,
    }
    if asked:
        events = library.stream(asked, prompt.question, **rest)
        yield from _or_existing(events, prompt.existing) if prompt.existing else events
    else:
        yield from library.chat(prompt.question, **rest)


def _or_existing(events: Iterator[Event], existing: str) -> Iterator[Event]:
    """The events, with the existing answer in place of one that was not found."""
    cited = False
    for event in events:
        cited = cited or isinstance(event, Cited)
        if isinstance(event, Token) and not cited:
            yield Token(existing)
        elif isinstance(event, Done) and not cited:
            yield Done(replace(event.answer, text=existing))
        else:
            yield event
