"""/v1/files/{id}/reading: have a file read before anybody asks, and see how far that is from anywhere."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request

from ...errors import storage_error
from ...storage.jobs import Job, Jobs
from ...storage.shelf import Shelf
from ..guarding.bodies import BoundedRoute
from ..protocol.content import find
from ..protocol.errors import ApiError, ErrorBody
from ..protocol.responses import ReadingObject
from ..state import shelf_of
from .files import NOT_FOUND

router = APIRouter(route_class=BoundedRoute)
NOT_ASKED_FOR: dict[int | str, dict[str, Any]] = {
    409: {"model": ErrorBody, "description": "Nobody has asked for the file to be read."}
}


@router.post("/v1/files/{file_id}/reading", responses=NOT_FOUND, status_code=202)
async def start(request: Request, file_id: str) -> ReadingObject:
    """Has a file read in the background, when no question wants the model. Asking again changes nothing.

    Where the server has users its tokens count for whoever asked first; the reading fails if too few are left.
    """
    return await asyncio.to_thread(_start, shelf_of(request), file_id)


@router.get("/v1/files/{file_id}/reading", responses={**NOT_FOUND, **NOT_ASKED_FOR})
async def progress(request: Request, file_id: str) -> ReadingObject:
    """Says how far the reading of a file is that was asked for here."""
    return await asyncio.to_thread(lambda: _told(_jobs(shelf_of(request), file_id).get(file_id), file_id))


@router.delete("/v1/files/{file_id}/reading", responses={**NOT_FOUND, **NOT_ASKED_FOR})
async def cancel(request: Request, file_id: str) -> ReadingObject:
    """Cancels the reading of a file. What was read so far is kept."""
    return await asyncio.to_thread(lambda: _told(_jobs(shelf_of(request), file_id).cancel(file_id), file_id))


def _start(shelf: Shelf, file_id: str) -> ReadingObject:
    try:
        jobs, folder = _jobs(shelf, file_id), shelf.folder
        if shelf.user is not None:
            folder.tokens.check(shelf.user, folder.users.quota(shelf.user).tokens_a_day)
        return _told(jobs.add(file_id, shelf.user), file_id)
    except OSError as error:
        raise storage_error(shelf.folder.path, error) from error


def _jobs(shelf: Shelf, file_id: str) -> Jobs:
    """Returns the jobs, once it is sure that there is such a file. Raises ApiError 404."""
    find(shelf, file_id)
    return shelf.folder.jobs


def _told(job: Job | None, file_id: str) -> ReadingObject:
    if job is None:
        raise ApiError(
            409,
            f"nobody has asked for file '{file_id[:80]}' to be read: POST here first",
            "not_asked_for",
            "file_id",
        )
    return ReadingObject(
        file_id=job.document_id,
        created_at=int(job.created),
        status=job.state.value,
        tokens=job.tokens,
        total=job.total,
        error=job.error,
    )
