"""Opening what lies in archives and messages once more, to get at the pictures of pages that were found in them."""

from __future__ import annotations

from collections.abc import Callable

from ..formats import FileKind
from .source import Source


def files_inside(source: Source) -> Callable[[int], Source]:
    """Open an archive or a message; return what gives the file with a number in it, as `recognition.scan` has it.

    Both raise `DocumentError`, and the second KeyError for a number that no file has. What they unpack is counted
    as it is when they are read.
    """
    if source.kind is FileKind.EMAIL:
        from .text.mail import attachments_of

        return attachments_of(source)
    from .zipped.archive import files_in

    return files_in(source)
