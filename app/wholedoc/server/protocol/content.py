"""Turns a request's messages into plain ones, and finds the documents in them."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence

from ...documents.document import Document
from ...prompts.recognition import Message, Role
from ...storage.files.uploads import parse_bytes
from ...storage.shelf import Shelf
from .errors import ApiError
from .requests import ChatMessage, FilePart, FileReference, RefusalPart

ROLES = {
    "system": Role.SYSTEM,
    "developer": Role.SYSTEM,
    "user": Role.USER,
    "assistant": Role.ASSISTANT,
}
# Ids of files and of texts. Nothing else may become the name of a file in the library's folder.
DOCUMENT_ID = re.compile(r"(?:text-)?[0-9a-f]{64}")
_DATA_URL = re.compile(r"data:([^,;]*)(?:;[^,;]*)*?;base64,", re.I)


def find(shelf: Shelf, id: str, param: str = "file_id") -> Document:
    """Returns the document with exactly this id. Raises ApiError 404 if there is none."""
    document = shelf.known(id) if DOCUMENT_ID.fullmatch(id) else None
    if document is None:
        raise not_found(id, param)
    return document


def not_found(id: str, param: str = "file_id") -> ApiError:
    """Returns the error for an id that no document has."""
    return ApiError(404, f"there is no file '{id[:80]}': upload it first", "file_not_found", param)


def plain_messages(shelf: Shelf, messages: Sequence[ChatMessage]) -> tuple[list[Message], list[Document]]:
    """Returns the messages' text, and every document in them once. Files that the messages contain are parsed.

    Raises ApiError and the errors of parsing.
    """
    plain: list[Message] = []
    documents: dict[str, Document] = {}
    for index, message in enumerate(messages):
        texts: list[str] = []
        for number, part in enumerate(message.content):
            if isinstance(part, FilePart):
                document = _document(shelf, part.file, f"messages[{index}].content[{number}].file")
                documents[document.id] = document
            else:
                texts.append(part.refusal if isinstance(part, RefusalPart) else part.text)
        # A message with nothing but a document is left out; one that is simply empty is kept.
        if texts or not message.content:
            plain.append(Message(ROLES[message.role], "\n".join(texts)))
    return plain, list(documents.values())


def _document(shelf: Shelf, file: FileReference, param: str) -> Document:
    if file.file_id is not None and file.file_data is None:
        return find(shelf, file.file_id, f"{param}.file_id")
    if file.file_data is None or file.file_id is not None:
        raise ApiError(400, f"{param} needs either file_id or file_data", "invalid_value", param)
    media_type, data = _decode(file.file_data, f"{param}.file_data")
    return parse_bytes(shelf, data, file.filename or "document", media_type)


def _decode(data: str, param: str) -> tuple[str | None, bytes]:
    """Returns the media type, if there is one, and the bytes of a data URL or of bare base64."""
    url = _DATA_URL.match(data)
    try:
        return url[1] if url else None, base64.b64decode(data[url.end() :] if url else data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ApiError(
            400,
            f"{param} is not base64 ({error}): send the file as data:<type>;base64,<content>, or upload it to "
            "/v1/files and send its id",
            "invalid_file_data",
            param,
        ) from error
