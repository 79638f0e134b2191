"""A chat request as the library is asked it: what the server takes apart, and what a model then answers.

The two halves may run in different processes, so a posed question can be pickled and names its documents by id.
"""

from __future__ import annotations

import uuid
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ..answer import Event
from ..everywhere.kinds import Scope
from ..prompts.recognition import Recognised, recognise
from ..prompts.responding import respond
from ..runtime.client import Client
from ..runtime.threaded_generator import Cancel
from ..storage.shelf import Shelf
from .charging import charged
from .observing.answer_spans import traced
from .protocol.content import find, plain_messages
from .protocol.errors import ApiError
from .protocol.requests import ChatRequest

if TYPE_CHECKING:
    from ..library import Library


@dataclass(frozen=True)
class Posed:
    """A question to documents, or to the model alone if there are none.

    `documents` are the ids of those that came as files; `prompt.documents` are texts. `asks_shelf` means all that
    were read before, or those of them that are `among` these ids. `sampling` has the options that the request sets,
    under the library's names. `user` is whose tokens it takes, None where nobody's are counted; `id` is the same
    however often it is sent to a replica. `traceparent` says which trace goes on in the process that answers, if
    that is another one.
    """

    prompt: Recognised
    documents: tuple[str, ...]
    asks_shelf: bool
    among: tuple[str, ...] | None
    sampling: Mapping[str, Any]
    stop: tuple[str, ...]
    scope: Scope
    user: str | None = None
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    traceparent: str | None = None


def pose(shelf: Shelf, asked: ChatRequest) -> Posed:
    """Takes a request apart, and puts the files in its messages on the shelf. Takes seconds for a large file.

    Raises ApiError and the errors of parsing.
    """
    messages, documents = plain_messages(shelf, asked.messages)
    prompt = recognise(messages)
    asks_shelf = asked.asks_shelf and not documents and not prompt.documents
    return Posed(
        prompt,
        tuple(document.id for document in documents),
        asks_shelf,
        shelf.among if asks_shelf else None,
        asked.sampling,
        tuple(asked.stop),
        asked.scope,
        shelf.user,
    )


def answer(library: Library, posed: Posed, client: Client, cancelled: Cancel) -> Generator[Event, None, None]:
    """Yields the library's events for a posed question. Raises ApiError, and the errors of quotas and library."""
    yield from traced(posed, _events(library, posed, client, cancelled))


def _events(library: Library, posed: Posed, client: Client, cancelled: Cancel) -> Generator[Event, None, None]:
    settings = library.settings
    try:
        settings = replace(settings, sampling=replace(settings.sampling, **posed.sampling))
    except ValueError as error:
        raise ApiError(400, str(error), "invalid_value") from error
    documents = [find(library, id) for id in posed.documents]
    if posed.asks_shelf:
        read, _ = library.shelf()
        documents = [one for one in read if posed.among is None or one.id in posed.among]
        if not documents:
            raise ApiError(400, "no document was read yet: upload one to /v1/files and ask it", "invalid_value")
    work = partial(
        respond,
        library,
        posed.prompt,
        documents,
        stop=posed.stop,
        settings=settings,
        cancelled=cancelled,
        client=client,
        scope=posed.scope,
    )
    yield from charged(library, posed, documents, settings, work)
