"""Gates before pages: cookies that they set and look for, and pages that only lead on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.pages import Reply, article_page, sentences

if TYPE_CHECKING:
    from http.server import BaseHTTPRequestHandler

    from tests.crawler.commands import Commands
    from tests.pages import LocalSite

pytestmark = pytest.mark.crawl


def _gate(site: LocalSite, path: str, gate: Reply, cookie: str | None = None) -> None:
    """Serve an article at ``path`` to those that bring ``cookie``, and ``gate`` to others."""
    story = Reply(article_page(f"Story of {path}", sentences(len(path))).encode())

    def answer(asked: BaseHTTPRequestHandler) -> Reply:
        return story if cookie in (asked.headers.get("Cookie") or "").split("; ") else gate

    site.pages[path] = answer if cookie else gate


def test_gates_are_passed_and_loops_are_not(dateline_sqlite: Commands, site: LocalSite) -> None:
    def to(where: str, **headers: str) -> Reply:
        return Reply(b"", 302, {"Location": where, **headers})

    def leads(where: str, **headers: str) -> Reply:
        return Reply(f'<meta http-equiv=refresh content="0;{where}">'.encode(), headers=headers)

    _gate(site, "/itself", to("/itself", **{"Set-Cookie": "a=1"}), "a=1")
    _gate(site, "/gated", to("/gate"), "b=1")
    site.set("/gate", to("/gated", **{"Set-Cookie": "b=1; Path=/"}))
    _gate(site, "/consent", leads("/consent", **{"Set-Cookie": "c=1"}), "c=1")
    _gate(site, "/round", leads("/round?1"))
    _gate(site, "/round?1", leads("/round"))
    _gate(site, "/forbidden", leads("/secret/page"))
    site.set("/secret/page", article_page("Secret", sentences(3)))
    site.set("/robots.txt", "User-agent: *\nDisallow: /secret/\n", "text/plain")
    paths = ("/itself", "/gated", "/consent", "/round", "/forbidden")
    items = "".join(f"<item><link>{path}</link></item>" for path in paths)
    site.set(
        "/rss", f"<rss version='2.0'><channel><title>x</title>{items}</channel></rss>", "text/xml"
    )
    assert dateline_sqlite("add", f"{site.base}/rss", "--name", "x").code == 0
    summary = dateline_sqlite("crawl", "--json").json[0]
    assert summary["new"] == 3, summary
    assert summary["causes"]["robots"] == 1
    assert summary["causes"]["redirect-loop"] == 1
    assert site.asked("/secret/page") == 0
    assert site.asked("/round") + site.asked("/round?1") <= 10
    # Pages that only lead on are not kept: no row would name their records.
    verified = dateline_sqlite("captures", "verify")
    assert verified.code == 0
    assert "without a database row" not in verified.out
