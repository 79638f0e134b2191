"""Reads files with one JSON object on each line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ...errors import CasesError


def rows(path: Path, fields: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield the file's objects, each of which has these fields. Raises CasesError with the line that is wrong."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise CasesError(f"{path} cannot be read ({error}): name a file of one JSON object a line") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise CasesError(f"{path}, line {number}, is not JSON: {error}") from error
        missing = [field for field in fields if not isinstance(row, dict) or field not in row]
        if missing:
            raise CasesError(f"{path}, line {number}, has no {', '.join(missing)}: another form? --format names it")
        yield row


def texts(value: Any) -> tuple[str, ...]:
    """Return the answers in a field that holds one answer or a list of them."""
    return tuple(str(one) for one in value) if isinstance(value, list) else (str(value),)
