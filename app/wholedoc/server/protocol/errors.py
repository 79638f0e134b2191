"""Errors in OpenAI's shape: what is wrong, with which parameter, and a code that programs can tell apart."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import cast

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from parallelcomp import MemoryPlanError, WindowError

from ...errors import (
    DocumentError,
    ExtractionLimitError,
    LibraryError,
    ModelError,
    NoTextError,
    PasswordError,
    PromptError,
    QuestionError,
    TextError,
    UnknownDocumentError,
    explain,
)

log = logging.getLogger(__name__)
TOO_LONG = "context_length_exceeded"
# The most particular first.
_CODES: tuple[tuple[type[Exception], int, str], ...] = (
    (WindowError, 400, TOO_LONG),
    (MemoryPlanError, 400, TOO_LONG),
    (PasswordError, 400, "encrypted_file"),
    (ExtractionLimitError, 400, "file_limit_exceeded"),
    (NoTextError, 400, "no_text"),
    (TextError, 400, "invalid_text"),
    (DocumentError, 400, "unreadable_file"),
    (QuestionError, 400, "invalid_question"),
    (PromptError, 400, "unsupported_parameter"),
    (UnknownDocumentError, 404, "file_not_found"),
    (LibraryError, 507, "insufficient_storage"),
    (ModelError, 503, "model_unavailable"),
)
# Codes of what the framework itself refuses.
_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
_STATUS_CODES = {404: "not_found", 405: "method_not_allowed", 413: "request_too_large"}


class ErrorDetail(BaseModel):
    """`type` is the kind of error, `code` the error; `param` names what of the request is wrong."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorBody(BaseModel):
    """What every error answers."""

    error: ErrorDetail


class ApiError(HTTPException):
    """An error with OpenAI's fields. An HTTPException, so that it passes through the framework's own handlers."""

    def __init__(
        self,
        status: int,
        message: str,
        code: str | None = None,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, message, headers=headers)
        self.code = code
        self.param = param

    @property
    def body(self) -> ErrorBody:
        detail = ErrorDetail(message=self.detail, type=_kind(self.status_code), param=self.param, code=self.code)
        return ErrorBody(error=detail)

    @property
    def response(self) -> Response:
        return JSONResponse(self.body.model_dump(), self.status_code, headers=self.headers)


def unsupported(param: str, message: str) -> ApiError:
    """A parameter that would change the answer, and that nobody here can honour."""
    return ApiError(400, message, "unsupported_parameter", param)


def api_error(error: Exception) -> ApiError:
    """The answer to an error; the details of an unexpected one go to the log only."""
    if isinstance(error, ApiError):
        return error
    # A conversation that fills the window is a QuestionError with the window's as its cause.
    cause = error.__cause__ if isinstance(error.__cause__, WindowError) else error
    for kind, status, code in _CODES:
        if isinstance(cause, kind):
            param = "messages" if code == TOO_LONG else None
            return ApiError(status, str(error).replace("max_new_tokens", "max_tokens"), code, param)
    known = explain(error)
    if known is None:
        log.error("unexpected error", exc_info=error)
    return ApiError(500, known or "something unexpected went wrong; the server's log has the details")


async def on_error(_request: Request, error: Exception) -> Response:
    """The handler of everything that a route raises."""
    return api_error(error).response


class AnswerFaults:
    """Answers what nobody foresaw like any other error. The framework's own handler raises it again once it has
    answered, and the connection is closed on a client that may be sending its next request over it already."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def send_noted(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive, send_noted)
        except Exception as error:
            if started:
                raise
            await api_error(error).response(scope, receive, send)


async def on_refusal(request: Request, error: Exception) -> Response:
    """The handler of what the framework refuses: no such route, no such method."""
    refused = cast(HTTPException, error)
    if isinstance(refused, ApiError):
        return refused.response
    status = refused.status_code
    message = refused.detail if refused.detail != HTTPStatus(status).phrase else _sentence(request, status)
    headers = {**(refused.headers or {}), **({"Allow": _allowed(request)} if status == 405 else {})}
    return ApiError(status, message, _STATUS_CODES.get(status), headers=headers).response


async def on_invalid(_request: Request, error: Exception) -> Response:
    """The handler of requests that do not fit the schema."""
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
    if status == 405:
        return f"{request.url.path} does not take {request.method}"
    return f"there is nothing at {request.url.path}" if status == 404 else HTTPStatus(status).phrase


def _allowed(request: Request) -> str:
    """The methods of all routes of this path; the framework names those of the first."""
    routes = request.app.routes
    scopes = ({**request.scope, "method": method} for method in _METHODS)
    taken = (one["method"] for one in scopes if any(route.matches(one)[0] is Match.FULL for route in routes))
    return ", ".join(taken)


def _param(place: tuple[str | int, ...]) -> str:
    """`("body", "messages", 0, "role")` as `messages[0].role`. A part of a content is followed by its type's name,
    which is no name in the request."""
    path = ""
    for index, step in enumerate(place[1:], 1):
        if place[index - 2] == "content" and isinstance(place[index - 1], int):
            continue
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
    return path


def _kind(status: int) -> str:
    if status == 401:
        return "authentication_error"
    if status == 429:
        return "rate_limit_error"
    return "invalid_request_error" if status < 500 else "server_error"
