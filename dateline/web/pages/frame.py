"""What every page shares: its frame, language, reader, forms and templates."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import Depends, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from dateline.web.dependencies import archive_of, sessions_of
from dateline.web.pages import texts
from dateline.web.pages.words import LANGUAGES, translate
from dateline.web.sessions import Reader
from storage.crawl.sources import source_names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LANGUAGE_COOKIE = "dateline-language"
THEME_COOKIE = "dateline-theme"
THEMES = ("auto", "light", "dark")
_FORM_FIELDS = 200


@lru_cache(maxsize=1)
def _templates() -> Environment:
    folder = Path(__file__).parent.with_name("templates")
    environment = Environment(
        loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters |= {
        "safe_url": texts.safe_url,
        "pieces": texts.pieces,
        "path": lambda text: quote(text, ""),
    }
    environment.globals |= {"marked": texts.marked, "parameters": parameters}
    return environment


def parameters(**values: object) -> str:
    """The query of an address; what is empty is left out, lists are repeated."""
    pairs = {name: value for name, value in values.items() if value not in (None, "", [], False)}
    return urlencode(pairs, doseq=True)


def language_of(request: Request) -> str:
    """The language of a page: as chosen, else as the browser prefers."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    if chosen in LANGUAGES:
        return str(chosen)
    for part in request.headers.get("accept-language", "").split(","):
        tag = part.partition(";")[0].strip().lower().partition("-")[0]
        if tag in LANGUAGES:
            return tag
    return "en"


def visitor_of(request: Request) -> Reader:
    """Who reads a page.

    Raises:
        HTTPException: 303 to the login, where one is needed; 403 for a token.
    """
    reader = sessions_of(request).reader(request)
    if reader is None:
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        asked = {"next": here} if request.method == "GET" else {}
        raise HTTPException(303, "log in", {"Location": f"/login?{urlencode(asked)}"})
    if reader.kind == "token":
        raise HTTPException(403, "a token opens the API and the feeds, not the pages")
    return reader


async def _form_of(request: Request) -> FormData:
    return await request.form(max_files=0, max_fields=_FORM_FIELDS)


def form_of(request: Request, form: Annotated[FormData, Depends(_form_of)]) -> dict[str, str]:
    """The fields of a form that a page of ours made for this browser.

    Raises:
        HTTPException: 403 where it did not.
    """
    sessions_of(request).check_csrf(request, form.get("csrf"))
    return {
        name: value.replace("\x00", "")
        for name, value in form.multi_items()
        if not isinstance(value, UploadFile)
    }


Visitor = Annotated[Reader, Depends(visitor_of)]
Form = Annotated[dict[str, str], Depends(form_of)]


def page(
    request: Request, template: str, values: Mapping[str, Any] | None = None, *, status: int = 200,
    reader: Reader | None = None,
) -> Response:  # fmt: skip
    """A page of the reading room."""
    sessions = sessions_of(request)
    session = sessions.read(request)
    language = language_of(request)

    def words(text: str, **filled: object) -> str:
        return translate(text, language, **filled)

    theme = request.cookies.get(THEME_COOKIE, "auto")
    context = {
        "request": request, "_": words, "language": language, "languages": LANGUAGES,
        "theme": theme if theme in THEMES else "auto", "csrf": session.csrf, "reader": reader,
        "number": lambda value: texts.number(value, language),
        "moment": lambda value: texts.moment(value, language),
        "dated": lambda published, archived: texts.dated(
            published, archived, language, words("no date, archived on {day}")),
        "day": lambda value: texts.day(value, language),
        "titled": _titles(request),
        "here": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        **(values or {}),
    }  # fmt: skip
    body = _templates().get_template(template).render(context)
    response = HTMLResponse(body, status, headers={"Cache-Control": "private, no-store"})
    sessions.write(session, response)
    return response


def _titles(request: Request) -> Callable[[str], str]:
    """What readers call a source, by its name; read once per page, where a page asks."""

    @lru_cache(maxsize=1)
    def titles() -> dict[str, str]:
        with archive_of(request).reading() as session:
            return dict(source_names(session))

    return lambda name: titles().get(name, name)


def back(request: Request, to: str) -> Response:
    """Lead on after a form, to a page of ours."""
    response = RedirectResponse(own_path(to), 303)
    sessions_of(request).write(sessions_of(request).read(request), response)
    return response


def own_path(to: str) -> str:
    """``to`` where it is a path of ours, else the home page: no form leads elsewhere."""
    fine = to.startswith("/") and not to.startswith(("//", "/\\"))
    return to if fine and not any(ord(c) < 32 or c == "\\" for c in to) else "/"
