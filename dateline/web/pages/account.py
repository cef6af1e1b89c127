"""Logging in and out, the reader's settings, passwords and tokens."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from dateline.web.dependencies import ArchiveDep, IdPath, sessions_of
from dateline.web.i18n.catalogue import LANGUAGES
from dateline.web.pages.frame import (
    LANGUAGE_COOKIE,
    THEME_COOKIE,
    THEMES,
    Form,
    Visitor,
    back,
    page,
)
from dateline.web.sessions import MIN_PASSWORD, hashed
from storage.clock import utc_now
from storage.errors import ArchiveError
from storage.users import accounts

router = APIRouter()
_YEAR = 365 * 86_400
_LONGEST = 1_000


@router.get("/login")
def login(request: Request, next: str = "/") -> Response:
    """The form to log in with."""
    return page(request, "login.html", {"next": next, "wrong": False, "name": ""})


@router.post("/login")
def logged_in(request: Request, form: Form) -> Response:
    """Begin a session."""
    name, password = form.get("name", "")[:_LONGEST], form.get("password", "")[:_LONGEST]
    if not sessions_of(request).log_in(request, name, password):
        values = {"next": form.get("next", "/"), "wrong": True, "name": name}
        return page(request, "login.html", values, status=403)
    return back(request, form.get("next", "/"))


@router.post("/logout")
def logged_out(request: Request, form: Form) -> Response:
    """End the session."""
    del form
    sessions_of(request).log_out(request)
    return back(request, "/")


@router.post("/settings")
def settings(request: Request, form: Form) -> Response:
    """Choose language and appearance."""
    response = back(request, form.get("back", "/"))
    language, theme = form.get("language"), form.get("theme")
    if language in LANGUAGES:
        response.set_cookie(LANGUAGE_COOKIE, language, max_age=_YEAR, samesite="lax", httponly=True)
    if theme in THEMES:
        response.set_cookie(THEME_COOKIE, theme, max_age=_YEAR, samesite="lax", httponly=True)
    return response


@router.get("/account")
def account(request: Request, archive: ArchiveDep, reader: Visitor) -> Response:
    """Who one is, and the tokens."""
    return _account(request, archive, reader)


def _account(
    request: Request,
    archive: ArchiveDep,
    reader: Visitor,
    *,
    secret: str | None = None,
    changed: bool = False,
) -> Response:
    return page(request, "account.html", {
        "tokens": accounts.list_tokens(archive), "secret": secret, "changed": changed,
        "least": MIN_PASSWORD,
    }, reader=reader)  # fmt: skip


@router.post("/account/tokens")
def make_token(request: Request, archive: ArchiveDep, reader: Visitor, form: Form) -> Response:
    """Make a token; the answer is the only page that ever shows it."""
    scope: accounts.Scope = "write" if form.get("scope") == "write" else "read"
    secret = accounts.add_token(archive, form.get("name", ""), scope, utc_now())
    return _account(request, archive, reader, secret=secret)


@router.post("/account/tokens/{number}/revoke")
def revoke(
    request: Request, archive: ArchiveDep, reader: Visitor, form: Form, number: IdPath
) -> Response:
    """Let a token open nothing more."""
    del reader, form
    accounts.revoke_token(archive, number, utc_now())
    return back(request, "/account")


@router.post("/account/password")
def password(request: Request, archive: ArchiveDep, reader: Visitor, form: Form) -> Response:
    """Change one's own password."""
    if reader.name is None:
        raise HTTPException(403, "Only a user account has a password. Log in first.")
    new = form.get("new", "")
    if not MIN_PASSWORD <= len(new) <= _LONGEST:
        raise ArchiveError(
            f"The new password needs {MIN_PASSWORD} to {_LONGEST} characters.",
            "Choose another one.",
        )
    sessions = sessions_of(request)
    if not sessions.log_in(request, reader.name, form.get("present", "")[:_LONGEST]):
        raise HTTPException(403, "The current password is wrong. Nothing was changed.")
    accounts.set_password(archive, reader.name, hashed(new))
    sessions.log_in(request, reader.name, new)
    return _account(request, archive, reader, changed=True)
