"""Errors as pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse, Response

from dateline.web.pages.frame import page as framed

if TYPE_CHECKING:
    from fastapi import Request

    from dateline.web.problems import Problem


async def page(request: Request, problem: Problem) -> Response:
    """A page that says what is wrong and what to do next."""
    if problem.status == 303:
        # Its Location is put on by the caller.
        return RedirectResponse("/login", 303)
    return framed(request, "error.html", {"problem": problem}, status=problem.status)
