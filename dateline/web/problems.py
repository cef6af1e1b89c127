"""Error responses: RFC 9457 problem documents for API clients, an error page for browsers."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from dateline.web.i18n.catalogue import N_
from storage.errors import (
    ArchiveError,
    BadCursor,
    BadQuery,
    CaptureUnreadable,
    DatabaseUnreachable,
    QueryTooSlow,
    UnknownItem,
    UnknownSource,
)
from storage.users.accounts import AccountExists, UnknownAccount
from storage.users.saved_searches import NameTaken, UnknownSearchOrDossier

if TYPE_CHECKING:
    from fastapi import FastAPI, Request
    from starlette.responses import Response

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
_STATUS: tuple[tuple[type[ArchiveError], int], ...] = (
    (BadQuery, 400),
    (BadCursor, 400),
    (QueryTooSlow, 503),
    (DatabaseUnreachable, 503),
    (UnknownItem, 404),
    (UnknownSource, 404),
    (UnknownSearchOrDossier, 404),
    (UnknownAccount, 404),
    (NameTaken, 409),
    (AccountExists, 409),
    (CaptureUnreadable, 410),
)


class Problem(BaseModel):
    """An error (RFC 9457): the cause, a hint what to do, and the position in a query."""

    title: str
    status: int
    detail: str
    hint: str = ""
    position: int | None = None


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe the error responses of a route for the OpenAPI document."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {"description": _TITLES[status], "content": {MEDIA_TYPE: {"schema": schema}}}
        for status in (*statuses, 401, 422)
    }


_TITLES = {
    400: N_("Invalid request"),
    401: N_("Not logged in"),
    403: N_("Not allowed"),
    404: N_("Not found"),
    405: N_("Method not allowed"),
    409: N_("Already exists"),
    410: N_("No longer available"),
    413: N_("Request too large"),
    422: N_("Invalid request"),
    429: N_("Too many requests"),
    500: N_("Server error"),
    503: N_("Temporarily unavailable"),
}
_OTHER = N_("Request failed")
# What is wrong with a parameter, by pydantic's names for it (https://errors.pydantic.dev).
_INVALID = {
    "greater_than_equal": N_("The parameter “%(name)s” is too small."),
    "int_parsing": N_("The parameter “%(name)s” is not a whole number."),
    "less_than_equal": N_("The parameter “%(name)s” is too large."),
    "bool_parsing": N_("The parameter “%(name)s” is neither true nor false."),
    "literal_error": N_("The parameter “%(name)s” has an unknown value."),
    "missing": N_("The parameter “%(name)s” is missing."),
    "string_too_long": N_("The parameter “%(name)s” is too long."),
    "too_long": N_("The parameter “%(name)s” has too many values."),
}
_INVALID_OTHER = N_("The parameter “%(name)s” has an invalid value.")
# What Starlette says where it refuses a request itself.
_STARLETTE = {
    "Not Found": N_("There is no such page."),
    "Method Not Allowed": N_("This page does not accept this method."),
}


def of(error: Exception) -> Problem:
    """Convert an error to a problem document."""
    if isinstance(error, ArchiveError):
        status = next((code for kind, code in _STATUS if isinstance(error, kind)), 400)
        position = error.position if isinstance(error, BadQuery) else None
        return Problem(
            title=_TITLES[status],
            status=status,
            detail=error.message,
            hint=error.hint,
            position=position,
        )
    if isinstance(error, RequestValidationError):
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
        return Problem(title=_TITLES[422], status=422, detail=f"{place}: {first['msg']}")
    if isinstance(error, HTTPException):
        title = _TITLES.get(error.status_code, _OTHER)
        return Problem(title=title, status=error.status_code, detail=str(error.detail))
    return Problem(
        title=_TITLES[500],
        status=500,
        detail="The server failed to answer the request.",
        hint="Read the server's log for the cause.",
    )


def framework_message(error: Exception) -> tuple[str, dict[str, str]] | None:
    """The message and its values for what FastAPI or Starlette refused, for a page to translate."""
    if isinstance(error, HTTPException) and str(error.detail) in _STARLETTE:
        return _STARLETTE[str(error.detail)], {}
    if not isinstance(error, RequestValidationError):
        return None
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
    return _INVALID.get(first["type"], _INVALID_OTHER), {"name": name}


def install(app: FastAPI, page: Any) -> None:
    """Register the error handlers; ``page`` renders the error page for browsers."""

    async def answer(request: Request, error: Exception) -> Response:
        problem = of(error)
        if problem.status == 500:
            log.exception("%s %s failed", request.method, request.url.path, exc_info=error)
        headers = dict(getattr(error, "headers", None) or {})
        if request.url.path.startswith("/api"):
            return JSONResponse(problem.model_dump(), problem.status, headers, MEDIA_TYPE)
        rendered: Response = await page(request, problem, error)
        rendered.headers.update(headers)
        return rendered

    for kind in (ArchiveError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, answer)
