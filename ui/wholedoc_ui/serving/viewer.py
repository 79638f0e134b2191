"""The routes by which the viewer fetches a document's pages, beside those of Gradio.

Guard and login are in front of them as of all others. Nothing of a document stays in the browser's cache on disk.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, astuple
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, FastAPI, Query
from fastapi.responses import JSONResponse, Response

from wholedoc.errors import UnknownDocumentError, WholedocError

from ..viewer.viewer import Viewer

T = TypeVar("T")
PREFIX = "/viewer/"
PRIVATE = {"Cache-Control": "no-store"}
# What is looked for is at most so many characters long.
LONGEST = 20_000
Text = Annotated[str, Query(max_length=LONGEST)]


def add_viewer(app: FastAPI, viewer: Viewer) -> None:
    """Add the viewer's routes to an application."""
    routes = APIRouter(prefix=PREFIX.rstrip("/"))

    @routes.get("/{id}")
    def contents(id: str) -> Response:
        return _answer(lambda: _json(asdict(viewer.contents(id))))

    @routes.get("/{id}/find")
    def find(id: str, words: Text) -> Response:
        return _answer(lambda: _json(asdict(viewer.find(id, words))))

    @routes.get("/{id}/{page}/picture")
    def picture(id: str, page: int, width: int) -> Response:
        def drawn() -> Response:
            image = viewer.picture(id, page, width)
            return Response(image.content, media_type=image.media_type, headers=PRIVATE)

        return _answer(drawn)

    @routes.get("/{id}/{page}/lines")
    def lines(id: str, page: int) -> Response:
        return _answer(lambda: _json([[line.text, *astuple(line.box)] for line in viewer.lines(id, page)]))

    @routes.get("/{id}/{page}/text")
    def text(id: str, page: int, quote: Text = "", words: Text = "") -> Response:
        return _answer(lambda: _json(asdict(viewer.text(id, page, quote, words))))

    @routes.get("/{id}/{page}/marks")
    def marks(id: str, page: int, quote: Text = "", words: Text = "") -> Response:
        def found() -> Response:
            one = viewer.marks(id, page, quote, words)
            places = [[astuple(box) for box in boxes] for boxes in one.words]
            return _json({"quote": [astuple(box) for box in one.quote], "words": places})

        return _answer(found)

    app.include_router(routes)


def _answer(make: Callable[[], Response]) -> Response:
    """Return what is made, or the reason why it cannot be, which the viewer shows in its place."""
    try:
        return make()
    except UnknownDocumentError as error:
        return _json({"message": str(error)}, status=404)
    except WholedocError as error:
        return _json({"message": str(error)}, status=422)


def _json(content: Any, status: int = 200) -> Response:
    return JSONResponse(content, status, headers=PRIVATE)
