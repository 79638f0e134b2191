"""/v1/files: the documents on the shelf.

A file's id is the SHA-256 of its content, so equal files are one document.
"""

from __future__ import annotations

import asyncio
import shutil
from contextlib import suppress
from typing import Annotated, Any, Literal

from fastapi import APIRouter, File, Form, Query, Request, UploadFile
from starlette.responses import FileResponse, Response

from ...documents.document import Document
from ...documents.formats import names
from ...runtime.client import Client
from ...storage.files.uploads import incoming_file
from ...storage.shelf import Shelf
from ..guarding.bodies import BoundedRoute
from ..guarding.disconnect import cancel_on_disconnect
from ..middleware import DOCUMENTS
from ..protocol.content import find, not_found
from ..protocol.errors import ApiError, ErrorBody, unsupported
from ..protocol.responses import FileDeleted, FileList, FileObject
from ..state import client_of, shelf_of, state_of

router = APIRouter(route_class=BoundedRoute)
Purpose = Literal["user_data", "assistants"]
NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"model": ErrorBody, "description": "There is no such file."}}


@router.post("/v1/files")
async def upload(
    request: Request,
    file: Annotated[UploadFile, File(description=f"{names()}.")],
    purpose: Annotated[Purpose, Form(description="Every file serves every question, whatever its purpose.")],
    password: Annotated[str | None, Form(description="The password of an encrypted PDF. It is not kept.")] = None,
    shelf: Annotated[str | None, Form(description="A shared shelf, where the server has users.")] = None,
) -> FileObject:
    """Puts a file on the shelf. Its text is extracted now; the model reads it with the first question."""
    extra = set(await request.form()) - {"file", "purpose", "password", "shelf"}
    if any(name.startswith("expires_after") for name in extra):
        raise unsupported("expires_after", "files stay until they are deleted: leave expires_after out")
    state, target = state_of(request), shelf_of(request, shelf or None)
    client = client_of(request)
    slot = await cancel_on_disconnect(request.receive, state.upload_limiter.acquire(client))
    try:
        document = await asyncio.to_thread(_parse_upload, target, client, file, password or None)
    finally:
        slot.release()
    request.scope[DOCUMENTS] = [document.id]
    return await asyncio.to_thread(describe, target, document, purpose)


@router.get("/v1/files")
async def list_files(
    request: Request,
    after: Annotated[str | None, Query(max_length=200, description="The last id of the previous page.")] = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 10_000,
    order: Annotated[Literal["asc", "desc"], Query(description="By the time of upload.")] = "desc",
    purpose: Annotated[str | None, Query(max_length=200)] = None,
) -> FileList:
    """Lists the files on the shelf, a page at a time."""
    shelf = shelf_of(request)
    ids = shelf.ids() if purpose in (None, "user_data", "assistants") else []
    if order == "desc":
        ids.reverse()
    if after is not None:
        if after not in ids:
            raise ApiError(400, f"there is no file '{after}' to go on after", "invalid_value", "after")
        ids = ids[ids.index(after) + 1 :]
    page = await asyncio.to_thread(_all_described, shelf, ids[:limit])
    return FileList(
        data=page,
        first_id=page[0].id if page else None,
        last_id=page[-1].id if page else None,
        has_more=len(ids) > limit,
    )


@router.get("/v1/files/{file_id}", responses=NOT_FOUND)
async def retrieve(request: Request, file_id: str) -> FileObject:
    """Returns a file, or a text that came in a message, by its whole id."""
    shelf = shelf_of(request)
    return await asyncio.to_thread(lambda: describe(shelf, find(shelf, file_id)))


@router.delete("/v1/files/{file_id}", responses=NOT_FOUND)
async def delete(request: Request, file_id: str) -> FileDeleted:
    """Removes a file from the library, with all that was read for this file alone."""
    shelf = shelf_of(request)
    await asyncio.to_thread(lambda: shelf.remove(find(shelf, file_id).id))
    return FileDeleted(id=file_id)


@router.get(
    "/v1/files/{file_id}/content",
    response_class=Response,
    responses={
        **NOT_FOUND,
        200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}},
    },
)
async def content(request: Request, file_id: str) -> Response:
    """Returns the file as it was uploaded, or the text as it was sent."""
    shelf = shelf_of(request)
    document = await asyncio.to_thread(find, shelf, file_id)
    originals = shelf.folder.originals
    headers = {"X-Content-Type-Options": "nosniff"}
    path = originals.readable_path(document.id)
    if path is not None:
        return FileResponse(path, media_type="application/octet-stream", filename=document.name, headers=headers)
    data = await asyncio.to_thread(originals.read, document.id)
    text = document.text if data is None else data
    return Response(text, media_type="application/octet-stream", headers=headers)


def _parse_upload(shelf: Shelf, client: Client, file: UploadFile, password: str | None) -> Document:
    """Extracts the text of an upload in a private folder that is removed afterwards. Runs in a thread."""
    with (
        shelf.extractions.take(client),
        incoming_file(shelf, file.filename or "document", file.content_type) as path,
    ):
        with path.open("wb") as target:
            shutil.copyfileobj(file.file, target)
        return shelf.parse(path, password)


def _all_described(shelf: Shelf, ids: list[str]) -> list[FileObject]:
    found: list[FileObject] = []
    for id in ids:
        with suppress(ApiError):  # another request may have removed it meanwhile
            found.append(describe(shelf, find(shelf, id)))
    return found


def describe(shelf: Shelf, document: Document, purpose: Purpose = "user_data") -> FileObject:
    """Returns what clients are told of a document. Raises ApiError 404 if it has gone."""
    folder = shelf.folder
    size = folder.originals.size(document.id)
    try:
        created = int(shelf.created(document.id))
    except FileNotFoundError as error:
        raise not_found(document.id) from error
    return FileObject(
        id=document.id,
        bytes=len(document.text.encode()) if size is None else size,
        created_at=created,
        filename=document.name,
        purpose=purpose,
        pages=len(document.pages),
        warnings=list(document.warnings),
    )
