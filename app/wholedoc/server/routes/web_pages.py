"""/v1/web_pages: pages that are fetched when a client asks for one, where the server allows it."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Body, Request
from pydantic import BaseModel, Field

from ...documents.document import Document
from ...runtime.client import Client
from ...storage.shelf import Shelf
from ...webpages import PageLimits, add_page
from ..guarding.bodies import BoundedRoute
from ..guarding.disconnect import cancel_on_disconnect
from ..middleware import DOCUMENTS
from ..protocol.errors import ApiError, ErrorBody
from ..protocol.responses import FileObject
from ..state import client_of, shelf_of, state_of
from .files import describe

router = APIRouter(route_class=BoundedRoute)


class WebPage(BaseModel):
    """A page that is to be fetched."""

    address: str = Field(max_length=4000, description="Begins with https:// or http://.")
    shelf: str | None = Field(default=None, description="A shared shelf, where the server has users.")


@router.post(
    "/v1/web_pages", responses={403: {"model": ErrorBody, "description": "The server does not fetch web pages."}}
)
async def add_web_page(request: Request, asked: Annotated[WebPage, Body()]) -> FileObject:
    """Fetches a page with one request, and puts its main text on the shelf."""
    state, target = state_of(request), shelf_of(request, asked.shelf)
    if state.web_pages is None:
        raise ApiError(403, "this server fetches no web pages: start it with --web-pages", "web_pages_off")
    client = client_of(request)
    slot = await cancel_on_disconnect(request.receive, state.upload_limiter.acquire(client))
    try:
        document = await asyncio.to_thread(_fetch, target, client, asked.address, state.web_pages)
    finally:
        slot.release()
    request.scope[DOCUMENTS] = [document.id]
    return await asyncio.to_thread(describe, target, document)


def _fetch(shelf: Shelf, client: Client, address: str, limits: PageLimits) -> Document:
    """Fetches a page and extracts its text, in one of the places for that. Runs in a thread."""
    with shelf.extractions.take(client):
        return add_page(shelf, address, limits)
