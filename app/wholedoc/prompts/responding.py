"""Answers a prompt that comes from another program, from the documents in it or from the model alone."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..answer import Cited, Done, Event, Token
from ..documents.texts import text_document
from ..everywhere.kinds import Scope
from ..runtime.client import NOBODY, Client

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
    client: Client = NOBODY,
    scope: Scope = Scope.ONE_PLACE,
) -> Generator[Event, None, None]:
    """Answers from the documents in the prompt and from `documents` that came with it. If there are none,
    the model answers as in an ordinary chat. Texts that can be read are kept in the library, others are not.
    `scope` says whether every part of the documents is asked, whose answer takes no instructions. Closing the
    iterator stops the work.

    Raises the errors of `Library.stream`, `Library.everywhere` and `Library.chat`.
    """
    if prompt.documents:
        library.check_texts(prompt.documents, documents)
    asked = [*documents, *(text_document(text) for text in prompt.documents)]
    rest: Any = {
        "history": prompt.history,
        "instructions": prompt.instructions,
        "stop": stop,
        "settings": settings,
        "cancelled": cancelled,
        "client": client,
    }
    kind = library.wanted(prompt.question, len(asked), scope, settings) if asked else None
    if kind is not None:
        yield from library.everywhere(
            asked,
            prompt.question,
            kind=kind,
            history=prompt.history,
            settings=settings,
            cancelled=cancelled,
            client=client,
        )
    elif asked:
        events = library.stream(asked, prompt.question, **rest)
        yield from _or_existing(events, prompt.existing) if prompt.existing else events
    else:
        yield from library.chat(prompt.question, **rest)


def _or_existing(events: Iterator[Event], existing: str) -> Iterator[Event]:
    """Yields the events. If the documents do not support an answer, the existing one replaces it."""
    cited = False
    for event in events:
        cited = cited or isinstance(event, Cited)
        if isinstance(event, Token) and not cited:
            yield Token(existing)
        elif isinstance(event, Done) and not cited:
            yield Done(replace(event.answer, text=existing))
        else:
            yield event
