"""Frozen dataclasses out of JSON that nobody has checked: every value has the type that its field declares."""

from __future__ import annotations

from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from math import isfinite
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def restored(kind: type[T], content: object) -> T:
    """Return the dataclass `kind` whose `asdict` was written as JSON.

    Fields that are not there get their default, and fields that are not known are left out, as another version may
    have written them. Raises ValueError if anything has another type than its field declares.
    """
    value: T = _value(kind, content)
    return value


def _value(kind: Any, content: object) -> Any:
    if is_dataclass(kind):
        return _record(kind, content)
    origin, inner = get_origin(kind), get_args(kind)
    if origin is tuple:
        return _tuple(inner, content)
    if origin in (Union, UnionType):
        return None if content is None else _value(next(one for one in inner if one is not type(None)), content)
    if kind is float and type(content) is int:
        content = float(content)
    if type(content) is not kind:  # so that True is no number
        raise ValueError(f"{content!r:.80} is no {getattr(kind, '__name__', kind)}")
    if isinstance(content, float) and not isfinite(content):
        raise ValueError(f"{content} is no number")
    return content


def _record(kind: Any, content: object) -> Any:
    if not isinstance(content, dict):
        raise ValueError(f"{content!r:.80} is no {kind.__name__}")
    types, values = _types(kind), {}
    for field in fields(kind):
        if field.name in content:
            values[field.name] = _value(types[field.name], content[field.name])
        elif field.default is MISSING and field.default_factory is MISSING:
            raise ValueError(f"a {kind.__name__} has a {field.name}")
    return kind(**values)


def _tuple(inner: tuple[Any, ...], content: object) -> tuple[Any, ...]:
    """Return a tuple of one type, as `tuple[int, ...]`, or of one value for each of its types."""
    if not isinstance(content, list):
        raise ValueError(f"{content!r:.80} is no list")
    types = inner[:1] * len(content) if inner[-1:] == (...,) else inner
    if len(types) != len(content):
        raise ValueError(f"{len(types)} values are wanted, and there are {len(content)}")
    return tuple(_value(one, value) for one, value in zip(types, content, strict=True))


@cache
def _types(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
