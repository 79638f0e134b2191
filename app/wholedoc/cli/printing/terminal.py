"""What is printed. Documents, their names and answers may hold signs that a terminal obeys; here they lose that."""

from __future__ import annotations

import json
import re
from typing import Any

import click

# Control characters but tab and line end (they begin colours, titles, links and what the terminal types by itself),
# and those that turn the direction of writing around. Halves of characters, which odd file names hold, cannot be
# printed at all.
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
SHOWN_FOR_THEM = "\ufffd"


def harmless(text: str) -> str:
    """Return the text with a replacement character for every sign that a terminal would obey."""
    return _OBEYED.sub(SHOWN_FOR_THEM, text)


def say(text: str = "", *, nl: bool = True, err: bool = False, **style: Any) -> None:
    """Print a text for people, made harmless, in a style of click's."""
    click.secho(harmless(text), nl=nl, err=err, **style)


def say_json(value: Any) -> None:
    """Print a value as JSON. What a terminal would obey is escaped, so that a program reads exactly the value."""
    text = json.dumps(value, ensure_ascii=False)
    click.echo(_OBEYED.sub(lambda sign: f"\\u{ord(sign[0]):04x}", text))
