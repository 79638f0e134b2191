"""Documents that come as text, without a file: from a program, a prompt, a conversation."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from hashlib import sha256

from ..errors import NoTextError, TextError
from .document import PAGE_SEPARATOR, Document
from .extraction.pages.paging import divide

# The id of a text begins with this: no file has such an id.
TEXT_ID = "text-"
TITLE_CHARACTERS = 60
# A PDF file begins like this. A loader that does not know PDF passes its bytes on as text, perhaps below a header.
_PDF = re.compile(r"^%PDF-\d", re.MULTILINE)
_HEAD_CHARACTERS = 2000


def text_document(text: str, name: str | None = None) -> Document:
    """Make a document of exactly this text, divided at its form feeds or into pages of about 3000 characters.

    A text without a name is called by its first line. Raises NoTextError and TextError.
    """
    check_text(text)
    return _document(divide(text), name or title(text), "")


def pages_document(pages: Sequence[tuple[str, str]], name: str) -> Document:
    """Make a document of these `(text, label)` pages. Raises NoTextError and TextError."""
    for text, _ in pages:
        if text:
            check_characters(text)
    check_text(PAGE_SEPARATOR.join(text for text, _ in pages))
    return _document(list(pages), name, PAGE_SEPARATOR)


def title(text: str) -> str:
    """Return the text's first line, at most 60 characters of it, as a name for the text."""
    line = " ".join(text.lstrip()[: 4 * TITLE_CHARACTERS].split("\n", 1)[0].split())
    return line if len(line) <= TITLE_CHARACTERS else f"{line[: TITLE_CHARACTERS - 1].rstrip()}…"


def check_text(text: str) -> None:
    """Raise NoTextError if the text is empty, and TextError if it is a PDF's bytes or holds half characters."""
    if not text.strip():
        raise NoTextError("the text is empty: there is nothing to read")
    pdf = _PDF.search(text, 0, _HEAD_CHARACTERS)
    if pdf and (pdf.start() == 0 or "endobj" in text):
        raise TextError(
            "the text is the raw content of a PDF file, which nobody can read: give the file itself (wholedoc "
            "extracts its text), or install a loader that reads PDF"
        )
    check_characters(text)


def check_characters(text: str) -> None:
    """Raise TextError if the text holds half a character, which no tokenizer and no file can hold."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise TextError(
            f"the text holds half a character (a lone surrogate, U+{ord(text[error.start]):04X}, at position "
            f"{error.start:,}): remove it, or decode the text again"
        ) from error


def _document(pages: list[tuple[str, str]], name: str, separator: str) -> Document:
    content = json.dumps([name, separator, pages])
    return Document.from_pages(f"{TEXT_ID}{sha256(content.encode()).hexdigest()}", name, pages, separator=separator)
