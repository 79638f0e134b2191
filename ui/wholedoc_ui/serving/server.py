"""The browser app as a web application, safe by default."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wholedoc.server import serving
from wholedoc.server.serving import PortError, serve

if TYPE_CHECKING:
    from fastapi import FastAPI

    from ..app_state import AppState

__all__ = ["Address", "PortError", "create_app", "serve"]


@dataclass(frozen=True)
class Address(serving.Address):
    """Where to listen. `auth` is a user's name and password; None lets everyone in."""

    port: int = 7860
    auth: tuple[str, str] | None = None


def create_app(app_state: AppState, address: Address, upload_bytes: int, origins: Sequence[str] = ()) -> FastAPI:
    """Return the browser app as a web application. No file of more than `upload_bytes` can be dropped.

    Web pages of `origins` may use it, as its own page behind a server that gives it another name does.
    """
    # Imported here, since they bring the engine along, and the port answers before that.
    from fastapi import FastAPI

    from wholedoc.server.guarding.guard import add_guard
    from wholedoc.server.observing.request_spans import NO_OTHER_SPANS

    from .access import AccessMiddleware, HeadersMiddleware
    from .upload_limits import UploadLimitMiddleware
    from .viewer import add_viewer

    os.environ["GRADIO_TEMP_DIR"] = str(app_state.uploads.folder)
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    from ..interface.app import mount  # Gradio reads these when it is imported

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, **NO_OTHER_SPANS)
    add_viewer(app, app_state.viewer)
    # The innermost first
    app.add_middleware(UploadLimitMiddleware, uploads=app_state.uploads, file_bytes=upload_bytes)
    app.add_middleware(AccessMiddleware, private=address.auth is not None)
    add_guard(app, address.hosts, origins)
    app.add_middleware(HeadersMiddleware)
    return mount(app, app_state, auth=address.auth, upload_bytes=upload_bytes)
