"""Calls of a library's methods that a replica answers, for the browser app, whose library has no model."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from ..answer import Event, Introduction
from ..runtime.client import NOBODY, Client
from ..runtime.threaded_generator import Cancel

if TYPE_CHECKING:
    from ..library import Library


class Method(Enum):
    """The methods of a library that need a model, by their names."""

    WHO_ANSWERS = "who_answers"
    WANTED = "wanted"
    CAN_ASK_EVERYWHERE = "can_ask_everywhere"
    EXPECTED = "expected"
    READ = "read"
    STREAM = "stream"
    EVERYWHERE = "everywhere"
    INTRODUCE = "introduce"

    @property
    def has_events(self) -> bool:
        """Whether it yields events while it works, and can be cancelled."""
        return self in (Method.READ, Method.STREAM, Method.EVERYWHERE, Method.INTRODUCE)


@dataclass(frozen=True)
class Call:
    """A method with its arguments, which can be pickled. Documents are named by their ids."""

    method: Method
    arguments: tuple[Any, ...] = ()
    options: Mapping[str, Any] | None = None
    client: Client = NOBODY


@dataclass(frozen=True)
class Returned:
    """What a method has returned. It is the last message."""

    value: Any


def performed(library: Library, call: Call, cancelled: Cancel) -> Generator[Event | Returned, None, None]:
    """Call the method of a library: yields its events, then what it returns. Raises the errors of the method."""
    method, arguments, options = getattr(library, call.method.value), call.arguments, dict(call.options or {})
    if call.method is Method.READ:
        arguments = (library.document(arguments[0]),)
    if not call.method.has_events:
        yield Returned(method(*arguments, **options))
        return
    returned = yield from method(*arguments, **options, cancelled=cancelled, client=call.client)
    yield Returned(returned if isinstance(returned, Introduction) else None)  # what was read stays where it is
