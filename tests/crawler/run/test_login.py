"""Subscriber access: a login form, an expired session, a teaser completed, and no secret anywhere."""

from __future__ import annotations

import gzip
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest

from crawler.run.login import LoginError, load_access
from tests.pages import Reply, article_page, sentences

if TYPE_CHECKING:
    from http.server import BaseHTTPRequestHandler
    from pathlib import Path

    from tests.crawler.commands import Commands
    from tests.pages import LocalSite

STORY = "/news/2026/03/05/the-quay-is-open-again"
PASSWORD, SESSION = "canary-password-4711", "canary-session-0815"
WALL = '<div class="wall"><p>Subscribe to continue reading. Already a subscriber? Log in.</p></div>'
FORM = ('<form action="/enter" method="post"><input type="hidden" name="csrf" value="t1"><input type="email" name="mail">'
        '<input type="password" name="pw"></form>')  # fmt: skip


class Paper:
    """A paper whose story only subscribers see whole."""

    def __init__(self, site: LocalSite) -> None:
        self.logins = 0
        self.valid = ""
        self.expire_after: int | None = None
        teaser = sentences(3, 1)[0][:120] + "…"
        self.short = article_page("The quay is open again", [teaser]).replace(
            "</article>", f"{WALL}</article>"
        )
        self.whole = article_page("The quay is open again", sentences(3, 8))
        site.set("/login", f"<html><title>Log in</title><h1>Log in</h1>{FORM}</html>")
        site.pages["/enter"] = self.enter
        site.pages[STORY] = self.story

    def enter(self, handler: BaseHTTPRequestHandler) -> Reply:
        length = int(handler.headers.get("Content-Length") or 0)
        sent = parse_qs(handler.rfile.read(length).decode())
        if sent != {"csrf": ["t1"], "mail": ["me@example.org"], "pw": [PASSWORD]}:
            return Reply(FORM.encode())
        self.logins += 1
        self.valid = f"{SESSION}-{self.logins}"
        return Reply(b"<h1>Welcome</h1>", headers={"Set-Cookie": f"sid={self.valid}; Path=/"})

    def story(self, handler: BaseHTTPRequestHandler) -> Reply:
        cookie = SimpleCookie(handler.headers.get("Cookie") or "").get("sid")
        if cookie is None or cookie.value != self.valid:
            return Reply(self.short.encode())
        return Reply(self.whole.encode())


def credentials(folder: Path, base: str, password: str = PASSWORD) -> Path:
    path = folder / "credentials.toml"
    path.write_text(
        f'[paper]\nlogin = "{base}/login"\nusername = "me@example.org"\npassword = "{password}"\n'
    )
    path.chmod(0o600)
    return path


@pytest.mark.crawl
def test_a_teaser_is_completed_once_there_is_access(
    dateline_sqlite: Commands, site: LocalSite
) -> None:
    dateline = dateline_sqlite
    paper = Paper(site)
    url = site.base + STORY
    assert dateline("add", url, "--name", "paper", "--delay", "0").code == 0
    assert dateline("crawl").code == 0
    assert dateline("show", url, "--json").json["access"] == "teaser"

    credentials(dateline.folder, site.base)
    second = dateline("crawl", "--json")
    assert second.json[0]["revised"] == 1, second.out + second.err
    shown = dateline("show", url, "--json").json
    assert shown["access"] == "full"
    assert "access" in shown["revisions"][-1]["changed"]
    assert paper.logins == 1
    said = second.out + second.err + dateline("show", url).out
    for secret in (PASSWORD, SESSION):
        assert secret not in said
        for path in dateline.folder.rglob("*"):
            if path.is_file() and path.name != "credentials.toml":
                body = path.read_bytes()
                kept = gzip.decompress(body) if path.name.endswith(".gz") else body
                assert secret.encode() not in kept, path


@pytest.mark.crawl
def test_a_session_that_expired_is_renewed_once(dateline_sqlite: Commands, site: LocalSite) -> None:
    paper = Paper(site)
    credentials(dateline_sqlite.folder, site.base)
    first = paper.story

    def expired(handler: BaseHTTPRequestHandler) -> Reply:
        # The server forgets the session before the first page; a new login is remembered.
        if paper.logins == 1:
            paper.valid = "forgotten"
        return first(handler)

    site.pages[STORY] = expired
    url = site.base + STORY
    assert dateline_sqlite("add", url, "--name", "paper", "--delay", "0").code == 0
    assert dateline_sqlite("crawl").code == 0
    assert paper.logins == 2
    assert dateline_sqlite("show", url, "--json").json["access"] == "full"


@pytest.mark.crawl
def test_a_wrong_password_is_said_and_the_crawl_goes_on(
    dateline_sqlite: Commands, site: LocalSite
) -> None:
    Paper(site)
    credentials(dateline_sqlite.folder, site.base, "wrong-canary")
    url = site.base + STORY
    assert dateline_sqlite("add", url, "--name", "paper", "--delay", "0").code == 0
    done = dateline_sqlite("crawl", "--json")
    assert done.code == 3
    assert done.json[0]["causes"] == {"access-failed": 1}
    assert "check username and password" in done.err
    assert "wrong-canary" not in done.err + done.out
    assert dateline_sqlite("show", url, "--json").json["access"] == "teaser"


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = credentials(tmp_path, "https://a.example")
    path.chmod(0o644)
    with pytest.raises(LoginError, match="chmod 600"):
        load_access(tmp_path, "paper")


def test_cookies_of_a_browser_and_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "c.txt").write_text(
        "# Netscape HTTP Cookie File\n#HttpOnly_.a.example\tTRUE\t/\tTRUE\t0\tsid\tx1\n"
    )
    (tmp_path / "c.txt").chmod(0o600)
    path = tmp_path / "credentials.toml"
    path.write_text('[paper]\ncookies = "c.txt"\n')
    path.chmod(0o600)
    access = load_access(tmp_path, "paper")
    assert access is not None
    assert access.cookies[0]["name"] == "sid"
    assert "x1" not in repr(access)
    monkeypatch.setenv("DATELINE_OTHER_1_USERNAME", "me")
    monkeypatch.setenv("DATELINE_OTHER_1_PASSWORD", "canary")
    monkeypatch.setenv("DATELINE_OTHER_1_LOGIN", "https://b.example/login")
    other = load_access(tmp_path, "other-1")
    assert other is not None
    assert other.username == "me"
    assert "canary" not in repr(other)
    assert load_access(tmp_path, "nobody") is None


REFUSALS = {
    "words": Reply(b"<h1>Login failed</h1><p>Wrong password.</p>", headers={"Set-Cookie": "v=1"}),
    "nothing": Reply(b"<h1>Welcome to the paper</h1><a href=/login>Log in</a>"),
    "form": Reply(FORM.encode()),
}


@pytest.mark.crawl
@pytest.mark.parametrize("how", REFUSALS)
def test_a_wrong_password_is_told_whatever_the_answer(
    dateline_sqlite: Commands, site: LocalSite, how: str
) -> None:
    paper = Paper(site)
    site.set("/enter", REFUSALS[how])
    credentials(dateline_sqlite.folder, site.base)
    assert dateline_sqlite("add", site.base + STORY, "--name", "paper").code == 0
    done = dateline_sqlite("crawl", "--json")
    assert done.json[0]["causes"]["access-failed"] == 1, done.err
    assert "check username and password" in done.err
    assert paper.logins == 0


@pytest.mark.crawl
def test_a_cookie_file_needs_no_home_page(dateline_sqlite: Commands, site: LocalSite) -> None:
    paper = Paper(site)
    paper.valid = SESSION
    site.set("/", Reply(b"closed", 503))
    credentials(dateline_sqlite.folder, site.base).write_text('[paper]\ncookies = "c.txt"\n')
    jar = dateline_sqlite.folder / "c.txt"
    jar.write_text(f"127.0.0.1\tFALSE\t/\tFALSE\t0\tsid\t{SESSION}\n")
    jar.chmod(0o600)
    assert dateline_sqlite("add", site.base + STORY, "--name", "paper").code == 0
    assert dateline_sqlite("crawl").code == 0
    assert dateline_sqlite("show", site.base + STORY, "--json").json["access"] == "full"
