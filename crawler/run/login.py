"""Log in to a source that has subscriber access: by a form, or with a browser's cookies.

Credentials come from ``credentials.toml`` in the archive's folder (mode 600) or the environment;
they are never in the database, a log, a capture or an error. A section a source::

    [agency]
    login = "https://agency.example/login"
    username = "archive@example.org"
    password = "…"
    # or, instead of the three lines above:
    cookies = "agency-cookies.txt"

``DATELINE_AGENCY_USERNAME`` and ``DATELINE_AGENCY_PASSWORD`` win over the file.
"""

from __future__ import annotations

import logging
import os
import re
import stat
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from scrapy import FormRequest, Request

from crawler.extraction.linked.link_rules import same_site
from crawler.extraction.page.parse import BadPage, parse_html
from crawler.http import failures
from crawler.http.cookies import ChainCookiesMiddleware
from crawler.http.fetch import content_type, fetch
from crawler.sites import site_for
from storage.config import find_folder
from storage.crawl.frontier import schedule_teasers
from storage.text.urls import is_web_url, resolve_url

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.http.request import VerboseCookie

    from crawler.extraction.article import Extraction
    from crawler.run.tally import Tally
    from storage import Archive

logger = logging.getLogger(__name__)
FILE = "credentials.toml"
_USER_FIELD = re.compile(r"user|mail|login|ident|account|compte|name|nom", re.IGNORECASE)
_SESSION_COOKIE = re.compile(
    r"sess|sid$|^s?id$|auth|token|login|logged|user|member|remember|jwt|account|subscri|abo|sso"
    r"|identity|ticket",
    re.IGNORECASE,
)
_LOGOUT = re.compile(
    r"log-?_?out|sign-?_?out|logoff|abmeld|ausloggen|deconnexion|déconnexion|cerrar-?sesion|esci|uitloggen",
    re.IGNORECASE,
)
_REFUSED = re.compile(
    r"(?:wrong|invalid|incorrect|unknown|not recogni[sz]ed|does ?n[o'’]t match|login failed"
    r"|failed to log|could not log|try again|access denied|falsch|ungültig|fehlgeschlagen"
    r"|nicht korrekt|erroné|échoué|contraseña no|no es válid|errat[ao]|non valid|onjuist"
    r"|ongeldig|inválid|błędn)",
    re.IGNORECASE,
)
# An answer that tells of a refusal does so at its beginning.
_MAX_WORDS = 2_000
# A person asked for this page by name; robots.txt speaks to those who wander.
_IGNORE_ROBOTS = {"dont_obey_robotstxt": True}
_READABLE_BY_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class LoginError(Exception):
    """A source's access cannot be used; the message says what to do, and holds no secret."""


@dataclass(frozen=True, slots=True)
class SourceAccess:
    """How to log in to a source. Its ``repr`` shows no secret."""

    source: str
    login: str | None = None
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    cookies: tuple[VerboseCookie, ...] = field(default=(), repr=False)


def load_access(folder: Path, source: str) -> SourceAccess | None:
    """Return the access of ``source``; ``None`` where none is configured.

    Raises:
        BadAccess: the file is readable by others, broken or incomplete.
    """
    section = _section(folder / FILE, source)
    prefix = f"DATELINE_{re.sub(r'[^A-Z0-9]', '_', source.upper())}_"
    username = os.environ.get(f"{prefix}USERNAME", str(section.get("username", "")))
    password = os.environ.get(f"{prefix}PASSWORD", str(section.get("password", "")))
    login = os.environ.get(f"{prefix}LOGIN", section.get("login"))
    if section.get("cookies"):
        path = folder / str(section["cookies"])
        return SourceAccess(source, cookies=tuple(_cookies(path)))
    if not (username or password or login):
        return None
    if not (username and password and login):
        raise LoginError(f"access of {source}: login, username and password must all be set")
    if not is_web_url(str(login)):
        raise LoginError(f"access of {source}: login must be the URL of the login page")
    return SourceAccess(source, str(login), username, password)


def _section(path: Path, source: str) -> dict[str, Any]:
    if not path.is_file():
        return {}
    _refuse_readable(path)
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        # The parser's own words may quote the line, and with it a password.
        raise LoginError(f"{path} is not valid TOML. Put the values in quotes") from error
    section = data.get(source, {})
    if not isinstance(section, dict):
        raise LoginError(f"{path}: [{source}] must be a table with its settings below it")
    return section


def _refuse_readable(path: Path) -> None:
    if os.name == "posix" and path.stat().st_mode & _READABLE_BY_OTHERS:
        raise LoginError(f"{path} can be read by other users. Run `chmod 600 {path}`")


def _cookies(path: Path) -> list[VerboseCookie]:
    """Read a file of cookies in Netscape format, as browser extensions export it."""
    try:
        _refuse_readable(path)
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise LoginError(f"{path} cannot be read: {error.strerror}") from error
    found: list[VerboseCookie] = []
    for line in lines:
        parts = line.removeprefix("#HttpOnly_").split("\t")
        if len(parts) == 7 and not line.startswith("# "):
            domain, _, cookie_path, secure, _, name, value = parts
            found.append(
                {
                    "name": name,
                    "value": value,
                    "domain": domain.lstrip("."),
                    "path": cookie_path,
                    "secure": secure == "TRUE",
                }
            )
    if not found:
        raise LoginError(
            f"{path} contains no cookies in Netscape format (cookies.txt). Export them again"
        )
    return found


class LoginSession:
    """A source's session in one run: opened at its start, renewed once if it expires."""

    def __init__(self, crawler: Crawler, access: SourceAccess) -> None:
        self.crawler = crawler
        self.access = access
        self._renewals = 1

    async def open(self) -> None:
        """Log in, or load the cookies.

        Raises:
            BadAccess: it did not work; says what the site answered, nothing secret.
        """
        access = self.access
        if access.login is None:
            jars = self.crawler.get_downloader_middleware(ChainCookiesMiddleware)
            if jars is None:
                raise LoginError(
                    f"access of {access.source}: cookies are disabled. Set COOKIES_ENABLED"
                )
            jars.add(access.cookies)
            return
        page = await fetch(
            self.crawler, Request(access.login, dont_filter=True, meta=_IGNORE_ROBOTS)
        )
        if isinstance(page, failures.Failure):
            raise LoginError(
                f"access of {access.source}: the login page could not be fetched: {page.detail}"
            )
        before = self._cookies()
        answer = await fetch(self.crawler, self._form(page))
        if isinstance(answer, failures.Failure):
            raise LoginError(
                f"access of {access.source}: the login request failed: {answer.detail}"
            )
        if not await self._is_logged_in(page, answer, before):
            raise LoginError(
                f"access of {access.source}: the login was rejected; check username and password"
            )

    async def _is_logged_in(self, page: Response, answer: Response, before: set[str]) -> bool:
        """Tell whether ``answer`` was sent to a user who is logged in.

        The site's own sign decides where its file names one; else a new form or the words of a
        refusal say no, a way to log out says yes. Where nothing is said, a login must have
        changed something: a cookie named as sessions are (counters of visitors set theirs with
        any answer), or that the login page asks for a password.
        """
        selector = site_for(page.url).logged_in_selector
        if selector:
            return bool(answer.css(selector))
        if _password_form(answer) is not None:
            return False
        words = " ".join(" ".join(answer.css("body *::text").getall()).split())[:_MAX_WORDS]
        if any(_LOGOUT.search(href) for href in answer.css("a::attr(href)").getall()):
            return True
        if _REFUSED.search(words):
            return False
        changed = self._cookies() - before
        if any(_SESSION_COOKIE.search(cookie.split(" ")[1]) for cookie in changed):
            return True
        again = await fetch(self.crawler, Request(page.url, dont_filter=True, meta=_IGNORE_ROBOTS))
        return not isinstance(again, failures.Failure) and _password_form(again) is None

    def _cookies(self) -> set[str]:
        """Return names and digests of the session's cookies, to tell whether they changed."""
        jars = self.crawler.get_downloader_middleware(ChainCookiesMiddleware)
        jar = jars.jars.session.jar if jars is not None else ()
        return {f"{cookie.domain} {cookie.name} {hash(cookie.value)}" for cookie in jar}

    async def renew(self) -> bool:
        """Log in again, once per run; returns whether it did.

        Raises:
            BadAccess: it did not work.
        """
        if self._renewals == 0 or self.access.login is None:
            return False
        self._renewals -= 1
        await self.open()
        return True

    def _form(self, page: Response) -> FormRequest:
        form = _password_form(page)
        if form is None:
            raise LoginError(
                f"access of {self.access.source}: {self.access.login} has no login form"
            )
        target = resolve_url(page.url, form.get("action") or page.url) or page.url
        if not same_site(target, page.url) and not same_site(page.url, target):
            raise LoginError(f"access of {self.access.source}: the form leads to another site")
        data: dict[str, str] = {}
        user = None
        for element in form.iter("input"):
            name, kind = element.get("name"), (element.get("type") or "text").lower()
            if not name or kind in ("submit", "button", "image", "reset", "file"):
                continue
            if kind == "password":
                data[name] = self.access.password
            elif kind in ("email", "text", "tel") and (
                user is None and (kind == "email" or _USER_FIELD.search(name))
            ):
                user = name
                data[name] = self.access.username
            elif kind not in ("checkbox", "radio") or element.get("checked") is not None:
                data[name] = element.get("value") or ""
        if user is None:
            raise LoginError(
                f"access of {self.access.source}: the form has no field for the username"
            )
        method = (form.get("method") or "POST").upper()
        return FormRequest(
            target,
            method=method,
            formdata=data,
            dont_filter=True,
            headers={"Referer": page.url},
            meta=_IGNORE_ROBOTS,
        )


class SourceLogin:
    """The spider's side of a source's access; does nothing for a source without one."""

    def __init__(self) -> None:
        self.is_logged_in = False
        self._session: LoginSession | None = None
        self._problem: LoginError | None = None
        self._tally: Tally | None = None

    def configure(self, crawler: Crawler, source: str) -> None:
        """Read the access; only a source that has one keeps a session's cookies."""
        try:
            access = load_access(find_folder(crawler.settings.get("DATELINE_ARCHIVE")), source)
        except LoginError as error:
            self._problem = error
            return
        if access is not None:
            crawler.settings.set("DATELINE_SESSION", True, priority="spider")
            self._session = LoginSession(crawler, access)

    def check(self) -> None:
        """Raise the error that :meth:`configure` met.

        Raises:
            BadAccess: what is set up cannot be used.
        """
        if self._problem is not None:
            raise self._problem

    async def log_in(self, archive: Archive, source_id: int, now: datetime, tally: Tally) -> None:
        """Open the session, and schedule items known only as teasers.

        Where that fails the crawl continues as any visitor's, and counts it.
        """
        self._tally = tally
        if self._session is None:
            return
        try:
            await self._session.open()
        except LoginError as error:
            self._report_failure(error, "; the crawl continues without login")
            return
        self.is_logged_in = True
        archive.write(lambda s: schedule_teasers(s.connection(), source_id, now))

    async def refetch_behind_wall(
        self, extraction: Extraction, request: Callable[[], Request]
    ) -> Response | None:
        """Fetch the page again where an expired session showed only its login wall."""
        article = extraction.article
        walled = extraction.kind == "login-wall" or (
            article is not None and article.access == "teaser"
        )
        if not self.is_logged_in or self._session is None or not walled:
            return None
        try:
            if not await self._session.renew():
                return None
        except LoginError as error:
            self._report_failure(error, "")
            return None
        again = await fetch(self._session.crawler, request())
        return None if isinstance(again, failures.Failure) else again

    def _report_failure(self, error: LoginError, consequence: str) -> None:
        logger.error("%s%s", error, consequence)
        if self._tally is not None:
            self._tally.causes["access-failed"] += 1


def _password_form(page: Response) -> Any | None:
    """Return the form with a password field, if the page has one."""
    try:
        root = parse_html(page.body, page.url, content_type(page)).root
    except BadPage:
        return None
    for form in root.iter("form"):
        if any((field.get("type") or "").lower() == "password" for field in form.iter("input")):
            return form
    return None
