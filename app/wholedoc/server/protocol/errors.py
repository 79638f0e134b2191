"""Errors in OpenAI's format: a message, the parameter that is wrong, and a code for programs."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping

from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from parallelcomp import DeviceMemoryError, MemoryPlanError, WindowError

from ...errors import (
    DocumentError,
    ExtractionLimitError,
    LibraryError,
    ModelError,
    NoTextError,
    PageError,
    PasswordError,
    PromptError,
    QuestionError,
    ShelfQuotaError,
    TextError,
    TokenQuotaError,
    UnknownDocumentError,
    explain,
)

log = logging.getLogger(__name__)
TOO_LONG = "context_length_exceeded"
NO_QUOTA = "insufficient_quota"
# The most specific classes come first, because the first match counts.
_CODES: tuple[tuple[type[Exception], int, str], ...] = (
    (WindowError, 400, TOO_LONG),
    (MemoryPlanError, 400, TOO_LONG),
    (DeviceMemoryError, 503, "out_of_memory"),
    (PasswordError, 400, "encrypted_file"),
    (ExtractionLimitError, 400, "file_limit_exceeded"),
    (NoTextError, 400, "no_text"),
    (TextError, 400, "invalid_text"),
    (PageError, 400, "unreachable_page"),
    (DocumentError, 400, "unreadable_file"),
    (QuestionError, 400, "invalid_question"),
    (PromptError, 400, "unsupported_parameter"),
    (UnknownDocumentError, 404, "file_not_found"),
    (TokenQuotaError, 429, NO_QUOTA),
    (ShelfQuotaError, 400, "storage_quota_exceeded"),  # OpenAI answers 400, too
    (LibraryError, 507, "insufficient_storage"),
    (ModelError, 503, "model_unavailable"),
)


class ErrorDetail(BaseModel):
    """`type` is the kind of error and `code` the error itself.

    `param` names the part of the request that is wrong.
    """

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorBody(BaseModel):
    """The body of every error response."""

    error: ErrorDetail


class ApiError(HTTPException):
    """An error with OpenAI's fields. It is an HTTPException so that the framework's own handlers let it through."""

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
        detail = ErrorDetail(
            message=self.detail, type=_kind(self.status_code, self.code), param=self.param, code=self.code
        )
        return ErrorBody(error=detail)

    @property
    def response(self) -> Response:
        return JSONResponse(self.body.model_dump(), self.status_code, headers=self.headers)


def unsupported(param: str, message: str) -> ApiError:
    """Returns the error for a parameter that would change the answer and that this server cannot honour."""
    return ApiError(400, message, "unsupported_parameter", param)


def api_error(error: Exception) -> ApiError:
    """Returns the response to any error. The details of an unexpected one go to the log only."""
    if isinstance(error, ApiError):
        return error
    # A conversation that fills the window is a QuestionError whose cause is a WindowError.
    cause = error.__cause__ if isinstance(error.__cause__, WindowError) else error
    for kind, status, code in _CODES:
        if isinstance(cause, kind):
            param = "messages" if code == TOO_LONG else None
            headers = _until_free(cause) if isinstance(cause, TokenQuotaError) else None
            return ApiError(status, str(error).replace("max_new_tokens", "max_tokens"), code, param, headers)
    known = explain(error)
    if known is None:
        log.error("unexpected error", exc_info=error)
    return ApiError(500, known or "something unexpected went wrong; the server's log has the details")


def _until_free(error: TokenQuotaError) -> dict[str, str]:
    """Returns the headers that say when there are tokens again, and that no client is to try by itself before."""
    return {"Retry-After": str(math.ceil(error.wait_s)), "X-Should-Retry": "false"}


def _kind(status: int, code: str | None) -> str:
    if status == 401:
        return "authentication_error"
    if status == 429:
        return NO_QUOTA if code == NO_QUOTA else "rate_limit_error"
    return "invalid_request_error" if status < 500 else "server_error"
