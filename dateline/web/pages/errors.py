"""Errors as pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse, Response

from dateline.web.i18n.explain import filled
from dateline.web.pages.frame import page as framed
from dateline.web.pages.frame import words_of
from dateline.web.problems import framework_message

if TYPE_CHECKING:
    from fastapi import Request

    from dateline.web.problems import Problem


async def page(request: Request, problem: Problem, error: Exception) -> Response:
    """A page that says what is wrong and what to do next."""
    if problem.status == 303:
        # Its Location is put on by the caller.
        return RedirectResponse("/login", 303)
    refused = framework_message(error)
    if refused is not None:
        message, values = refused
        detail = filled(words_of(request).gettext(message), **values)
        problem = problem.model_copy(update={"detail": detail})
    return framed(request, "error.html", {"problem": problem}, status=problem.status)
