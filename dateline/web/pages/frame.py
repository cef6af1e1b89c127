"""What every page shares: its frame, language, reader, forms and templates."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import Depends, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from dateline.web.dependencies import archive_of, sessions_of
from dateline.web.i18n import explain, formats
from dateline.web.i18n.catalogue import LANGUAGES, Words, words_in
from dateline.web.i18n.labels import facet_value, label
from dateline.web.markup import texts
from dateline.web.sessions import Reader
from storage.crawl.sources import source_names
from storage.types.content import StatedTimestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LANGUAGE_COOKIE = "dateline-language"
THEME_COOKIE = "dateline-theme"
THEMES = ("auto", "light", "dark")
_FORM_FIELDS = 200


@lru_cache(maxsize=len(LANGUAGES))
def _templates(language: str) -> Environment:
    """The templates with the words and formats of one language."""
    words = words_in(language)
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent.with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        words.gettext,
        words.ngettext,
        newstyle=True,
        pgettext=words.pgettext,
        npgettext=words.npgettext,
    )
    environment.filters |= {
        "safe_url": texts.safe_url,
        "pieces": texts.pieces,
        "path": lambda text: quote(text, ""),
    }
    environment.globals |= {"marked": texts.marked, "parameters": parameters}
    environment.globals |= _in_language(words)
    return environment


def _in_language(words: Words) -> dict[str, Any]:
    """What templates call to write numbers, dates, codes and errors in a language."""
    language = words.language

    def dated(published: StatedTimestamp | str | None, archived: datetime | str) -> str:
        """When an article was published; where that is unknown, when it was archived."""
        if published:
            return formats.moment(published, language)
        if isinstance(archived, str):
            archived = datetime.fromisoformat(archived)
        day = formats.day(archived.astimezone(UTC), language)
        return words.gettext("no date, archived on %(day)s") % {"day": day}

    def failures(count: int, last_error: str | None) -> Markup:
        message = words.ngettext("failed %(count)s time", "failed %(count)s times", count)
        times = explain.filled(message, count=formats.number(count, language))
        return Markup("{} · {}").format(times, explain.failure(words, last_error))

    return {
        "language": language,
        "number": lambda value: formats.number(value, language),
        "percent": lambda value, digits=0: formats.percent(value, language, digits),
        "moment": lambda value: formats.moment(value, language),
        "day": lambda value: formats.day(value, language),
        "dated": dated,
        "failures": failures,
        "label": partial(label, words),
        "facet_value": partial(facet_value, words),
        "pair": partial(explain.pair, words),
        "explained": partial(explain.explained, words),
        "trouble_text": partial(explain.trouble, words),
        "run_reason": lambda run: explain.run_reason(words, run["state"], run["reason"]),
    }


def parameters(**values: object) -> str:
    """The query of a URL; what is empty is left out, lists are repeated."""
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


def words_of(request: Request) -> Words:
    """The translator for a request's language."""
    return words_in(language_of(request))


def visitor_of(request: Request) -> Reader:
    """Who reads a page.

    Raises:
        HTTPException: 303 to the login, where one is needed; 403 for a token.
    """
    reader = sessions_of(request).reader(request)
    if reader is None:
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        asked = {"next": here} if request.method == "GET" else {}
        raise HTTPException(303, "Log in first.", {"Location": f"/login?{urlencode(asked)}"})
    if reader.kind == "token":
        raise HTTPException(403, "API tokens do not open pages. Log in with a user account.")
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
    theme = request.cookies.get(THEME_COOKIE, "auto")
    context = {
        "request": request, "languages": LANGUAGES,
        "theme": theme if theme in THEMES else "auto", "csrf": session.csrf, "reader": reader,
        "titled": _titles(request),
        "here": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        **(values or {}),
    }  # fmt: skip
    body = _templates(language_of(request)).get_template(template).render(context)
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
