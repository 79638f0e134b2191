"""/v1/usage: how much of the server its user has taken, and may take."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request

from ...storage.folder import LibraryFolder
from ..protocol.errors import ApiError
from ..protocol.responses import Taken, UsageObject
from ..state import shelf_of

router = APIRouter()


@router.get("/v1/usage")
async def usage(request: Request) -> UsageObject:
    """Says how many tokens the user has taken today, how many bytes their files have, and the bounds on both."""
    shelf = shelf_of(request)
    if shelf.user is None:
        raise ApiError(400, "this server has no users, and counts nobody's tokens", "no_users")
    return await asyncio.to_thread(_of, shelf.folder, shelf.user)


def _of(folder: LibraryFolder, user: str) -> UsageObject:
    quota = folder.users.quota(user)
    return UsageObject(
        user=user,
        tokens=Taken(used=folder.tokens.used(user), limit=quota.tokens_a_day),
        tokens_free_at=int(folder.tokens.free_at),
        bytes=Taken(used=folder.shelves.bytes_of(user), limit=quota.bytes),
    )
