"""Turns what goes wrong in a request into a response in OpenAI's format."""

from __future__ import annotations

from http import HTTPStatus
from typing import cast

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from .protocol.errors import ApiError, api_error, unsupported

_LONGEST_PATH = 200  # of a path that an error repeats, in characters
_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
# The codes of errors that the framework itself raises.
_STATUS_CODES = {404: "not_found", 405: "method_not_allowed", 413: "request_too_large"}


async def on_error(_request: Request, error: Exception) -> Response:
    """Handles every error that a route raises."""
    return api_error(error).response


async def on_http_exception(request: Request, error: Exception) -> Response:
    """Handles HTTPException, which the framework raises for an unknown path or method."""
    raised = cast(HTTPException, error)
    if isinstance(raised, ApiError):
        return raised.response
    status = raised.status_code
    message = raised.detail if raised.detail != HTTPStatus(status).phrase else _sentence(request, status)
    headers = {**(raised.headers or {}), **({"Allow": _allowed_methods(request)} if status == 405 else {})}
    return ApiError(status, message, _STATUS_CODES.get(status), headers=headers).response


async def on_invalid_request(_request: Request, error: Exception) -> Response:
    """Handles requests that do not fit the schema."""
    first, *more = cast(RequestValidationError, error).errors()
    param = _param(first["loc"])
    if first["type"] == "union_tag_invalid":
        return unsupported(
            param, f"{param}: content of type {first['ctx']['tag']} cannot be read here; text and files can"
        ).response
    others = f" (and {len(more)} more of the kind)" if more else ""
    code = "invalid_json" if first["type"] == "json_invalid" else "invalid_value"
    return ApiError(400, f"{param or 'body'}: {first['msg']}{others}", code, param or None).response


def _sentence(request: Request, status: int) -> str:
    path = request.url.path if len(request.url.path) <= _LONGEST_PATH else f"{request.url.path[:_LONGEST_PATH]}…"
    if status == 405:
        return f"{path} does not take {request.method}"
    return f"there is nothing at {path}" if status == 404 else HTTPStatus(status).phrase


def _allowed_methods(request: Request) -> str:
    """Returns the methods of all routes of this path. The framework names only those of the first route."""
    routes = request.app.routes
    scopes = ({**request.scope, "method": method} for method in _METHODS)
    allowed = (one["method"] for one in scopes if any(route.matches(one)[0] is Match.FULL for route in routes))
    return ", ".join(allowed)


def _param(location: tuple[str | int, ...]) -> str:
    """Writes `("body", "messages", 0, "role")` as `messages[0].role`.

    Pydantic puts the name of the part's type after the index of a content part. The request has no such name, so it
    is left out.
    """
    path = ""
    for index, step in enumerate(location[1:], 1):
        if location[index - 2] == "content" and isinstance(location[index - 1], int):
            continue
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
    return path
