"""E-mail: the head that people see, the message, and what is attached, each attachment read by its own format."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from email import message_from_bytes
from email.headerregistry import (
    ContentDispositionHeader,
    ContentTransferEncodingHeader,
    ContentTypeHeader,
    HeaderRegistry,
)
from email.message import EmailMessage
from email.policy import EmailPolicy
from pathlib import PurePosixPath
from typing import Any

from ....errors import DocumentError, ExtractionLimitError
from ...formats import FileKind
from ..counting import counted
from ..filetype import HEAD_BYTES, detect
from ..pages.blocks import Paragraph, Section, extracted_from_sections
from ..pages.clean import clean_characters, clean_line
from ..pages.combined import Combined
from ..pages.extracted import Extracted
from ..source import Source
from .decoding import decode
from .html import read_web_page

_SHOWN = ("From", "To", "Cc", "Date", "Subject")
_DEEPEST_PART = 50
# Time and memory for decoding a line of the head grow with the square of its length. One of more characters is
# shown as it stands.
_LONGEST_LINE = 50_000
_PARSED = {
    "content-type": ContentTypeHeader,
    "content-disposition": ContentDispositionHeader,
    "content-transfer-encoding": ContentTransferEncodingHeader,
}


def read_mail(source: Source) -> Extracted:
    """Read a message: its first page is its head and text, and every attachment follows with its own pages.

    Raises `DocumentError`.
    """
    message = _message(source)
    if not any(message.get(name) for name in _SHOWN):
        raise source.damaged("it has none of the lines that a message begins with")
    body, attached = _parts(message)
    source.budget.spend(len(body) + len(attached), 0, source.name)
    text, warnings = _text_of(body, source)
    head = "\n".join(f"{name}: {clean_line(str(message[name]))}" for name in _SHOWN if message[name])
    main = extracted_from_sections([Section("message", (Paragraph(head), Paragraph(text)))], ())
    combined = Combined(replace(main, warnings=tuple(warnings)))
    for number, part in enumerate(attached):
        try:
            inner = _attachment(part, number, source)
            combined.add(source.read(inner), number, inner.name)
        except ExtractionLimitError as error:  # what is in it counts for the whole
            raise ExtractionLimitError(f"{source.name}: {error}") from error
        except DocumentError as error:
            combined.warnings.append(f"An attachment was not read: {error}")
    return combined.extracted()


def attachments_of(source: Source) -> Callable[[int], Source]:
    """Open a message; return what gives the attachment with a number (0-based), as a source of its own.

    It raises `DocumentError`, and KeyError for a number that no attachment has.
    """
    attached = dict(enumerate(_parts(_message(source))[1]))
    return lambda number: _attachment(attached[number], number, source)


def _message(source: Source) -> EmailMessage:
    message = message_from_bytes(source.data, policy=_policy())
    assert isinstance(message, EmailMessage)
    return message


class _Policy(EmailPolicy):
    """Decodes the lines of a head, unless they are too long for that."""

    def header_fetch_parse(self, name: str, value: str) -> Any:
        if len(value) > _LONGEST_LINE:
            return "".join(value.splitlines())
        return super().header_fetch_parse(name, value)


def _policy() -> _Policy:
    """Return how heads are parsed: addresses as plain text, since parsing thousands of them takes very long."""
    registry: Any = HeaderRegistry(use_default_map=False)
    for name, kind in _PARSED.items():
        registry.map_to_type(name, kind)
    return _Policy(header_factory=registry)


def _parts(message: EmailMessage) -> tuple[list[EmailMessage], list[EmailMessage]]:
    """Return the parts that are the message's text, of which a browser shows one, and those that are attached."""
    body: list[EmailMessage] = []
    attached: list[EmailMessage] = []
    for part in _leaves(message):
        text = part.get_content_maintype() == "text" and part.get_content_subtype() in ("plain", "html")
        if text and part.get_content_disposition() != "attachment" and not part.get_filename():
            body.append(part)
        else:
            attached.append(part)
    return body, attached


def _leaves(message: EmailMessage, depth: int = 0) -> Iterator[EmailMessage]:
    if depth > _DEEPEST_PART:
        raise RecursionError
    if message.get_content_maintype() != "multipart":
        yield message
        return
    for part in message.iter_parts():
        assert isinstance(part, EmailMessage)
        yield from _leaves(part, depth + 1)


def _text_of(parts: list[EmailMessage], source: Source) -> tuple[str, list[str]]:
    """Return the message's text. What it says as plain text and as HTML, it says once, as plain text."""
    plain = [part for part in parts if part.get_content_subtype() == "plain"]
    texts: list[str] = []
    warnings: list[str] = []
    hidden = 0
    for part in plain or parts:
        data = _bytes(part)
        if plain:
            text, unusual = decode(data, source.name, part.get_content_charset())
        else:
            page = read_web_page(data, source.name, part.get_content_charset())
            text, unusual = page.text, page.warnings
            hidden += page.hidden_characters
        texts.append(text.replace("\f", "\n"))
        warnings += unusual
    if hidden:
        warnings.append(f"Hidden text was left out: {counted(hidden, 'character')}.")
    return "\n\n".join(clean_characters(text).strip() for text in texts), warnings


def _bytes(part: EmailMessage) -> bytes:
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def _attachment(part: EmailMessage, number: int, source: Source) -> Source:
    """Return what is attached: a file of any format, or another message."""
    name = clean_line(part.get_filename() or "") or f"attachment {number + 1}"
    if part.get_content_type() == "message/rfc822":
        inner = part.get_content()
        return source.inside(inner.as_bytes(), name, FileKind.EMAIL)
    data = _bytes(part)
    source.budget.spend(1, len(data), source.name)
    kind = detect(data[:HEAD_BYTES], PurePosixPath(name).suffix.lower(), name)
    return source.inside(data, name, kind)
