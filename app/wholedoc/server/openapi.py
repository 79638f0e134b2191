"""The OpenAPI document: FastAPI's own, corrected where this server behaves differently."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from .middleware import PUBLIC_PATHS


def openapi_of(app: FastAPI, *, has_key: bool) -> Callable[[], dict[str, Any]]:
    """Returns the function to assign to `app.openapi`. `has_key` says whether the server requires a key.

    The document names no 422 responses, since requests that do not fit the schema are answered with 400.
    """

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
            components = schema["components"]
            for name in ("HTTPValidationError", "ValidationError"):
                components["schemas"].pop(name, None)
            if has_key:
                components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
            for path, operations in schema["paths"].items():
                for operation in operations.values():
                    operation["responses"].pop("422", None)
                    if has_key and path not in PUBLIC_PATHS:
                        operation["security"] = [{"key": []}]
                    if not has_key or path in PUBLIC_PATHS:
                        operation["responses"].pop("401", None)
            app.openapi_schema = schema
        return app.openapi_schema

    return openapi
