"""The main job, end to end: add, crawl, search, crawl again; on both databases."""

from __future__ import annotations

import gzip
import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from storage.archive import open_archive
from tests.pages import Reply, article_page, sentences

if TYPE_CHECKING:
    from http.server import BaseHTTPRequestHandler
    from pathlib import Path

    from tests.crawler.commands import Commands
    from tests.pages import LocalSite

pytestmark = pytest.mark.crawl

SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"


def newspaper(site: LocalSite, count: int = 6) -> None:
    """RSS with relative links and CDATA, a gzipped sitemap in an index, and the usual faults."""
    for i in range(count):
        site.set(f"/news/{2000 + i}/story-of-the-harbour-{i}", article_page(
            f"Story {i} of the harbour & town", sentences(i),
            published=f"2026-03-{i + 1:02d}T08:00:00+01:00",
            canonical=f"/news/{2000 + i}/story-of-the-harbour-{i}",
        ))  # fmt: skip
    first = site.pages["/news/2000/story-of-the-harbour-0"]
    site.pages["/a/2000"] = first
    site.pages["/news/2000/story-of-the-harbour-0?ref=home"] = first
    site.set("/gone/soft-404-page-of-the-site", "<html><head><title>Page not found</title></head>"
             "<body><h1>Page not found</h1><p>Sorry, we could not find it.</p></body></html>")  # fmt: skip
    items = "".join(
        f"<item><title><![CDATA[Story {i} of the harbour & town]]></title>"
        f"<link>/news/{2000 + i}/story-of-the-harbour-{i}</link><guid>g{i}</guid></item>"
        for i in (0, 1, 2, 2)
    )
    site.set("/feed.xml", f'<?xml version="1.0"?><rss version="2.0"><channel><title>Herald</title>'
             f"<link>/</link>{items}</channel></rss>", "application/rss+xml")  # fmt: skip
    urls = [f"/news/{2000 + i}/story-of-the-harbour-{i}" for i in range(3, count)]
    urls += ["/a/2000", "/news/2000/story-of-the-harbour-0?ref=home",
             "/gone/soft-404-page-of-the-site"]  # fmt: skip
    locs = "".join(f"<url><loc>{site.base}{url}</loc></url>" for url in urls)
    site.set("/map1.xml.gz", gzip.compress(
        f'<urlset xmlns="{SITEMAP}">{locs}</urlset>'.encode()), "application/gzip")  # fmt: skip
    site.set("/sitemap.xml", f'<sitemapindex xmlns="{SITEMAP}"><sitemap><loc>{site.base}/map1.xml.gz'
             "</loc></sitemap></sitemapindex>", "application/xml")  # fmt: skip
    site.set("/robots.txt", f"User-agent: *\nSitemap: {site.base}/sitemap.xml\n", "text/plain")
    site.set("/", '<html lang="en"><head><title>The Test Herald</title><link rel="alternate" '
             'type="application/rss+xml" href="/feed.xml"/></head><body><a href="/feed.xml">RSS</a>'
             "</body></html>")  # fmt: skip


def held(dateline: Commands) -> dict[str, tuple[str, str | None, int]]:
    """What the archive holds: text, moment and revisions by headline."""
    from storage.models import Article
    from storage.queries import items as reading

    with open_archive(str(dateline.folder), dateline.database) as archive:
        with archive.reading() as session:
            ids = [row.item_id for row in session.query(Article).all()]
        records = [reading.read_item(archive, item_id) for item_id in ids]
    assert len({r["headline"] for r in records}) == len(records)
    return {r["headline"]: (r["text"], r.get("published"), len(r["revisions"])) for r in records}


@pytest.mark.parametrize("status", [203, 206])
def test_a_feed_that_is_answered_as_a_proxy_does_is_read(
    dateline: Commands, site: LocalSite, status: int
) -> None:
    newspaper(site)
    feed = site.pages["/feed.xml"]
    assert isinstance(feed, Reply)
    site.set("/feed.xml", Reply(feed.body, status, content_type="application/rss+xml"))
    assert dateline("add", f"{site.base}/").code == 0
    assert dateline("crawl").code == 0
    # Stories 1 and 2 are in the feed only.
    assert {f"Story {n} of the harbour & town" for n in range(6)} <= set(held(dateline))


def test_each_article_once_then_nothing_then_one_revision(
    dateline: Commands, site: LocalSite
) -> None:
    newspaper(site)
    added = dateline("add", f"{site.base}/", "--name", "herald", "--json")
    assert added.code == 0, added.err
    assert [e["kind"] for e in added.json["endpoints"]] == ["feed", "sitemap"]
    assert added.json["headlines"][0] == "Story 0 of the harbour & town"

    first = dateline("crawl", "--json")
    assert first.code == 0, first.err
    summary = first.json[0]
    assert (summary["new"], summary["failed"]) == (6, 0)
    assert summary["causes"] == {"error": 1}
    before = held(dateline)
    assert len(before) == 6
    text, published, revisions = before["Story 1 of the harbour & town"]
    assert text == "\n".join(sentences(1))
    assert published == "2026-03-02T08:00:00+01:00"
    assert revisions == 1

    second = dateline("crawl", "--json").json[0]
    assert (second["new"], second["revised"], second["duplicate"]) == (0, 0, 0)
    assert held(dateline) == before

    edited = sentences(1)
    edited[2] = "This paragraph was put in afterwards by the editor."
    site.set("/news/2001/story-of-the-harbour-1", article_page(
        "Story 1 of the harbour & town", edited, published="2026-03-02T08:00:00+01:00",
        canonical="/news/2001/story-of-the-harbour-1"))  # fmt: skip
    third = dateline("crawl", "--json").json[0]
    assert (third["new"], third["revised"]) == (0, 1)
    assert held(dateline)["Story 1 of the harbour & town"][2] == 2

    found = dateline("search", "put in afterwards", "--json")
    assert [hit["headline"] for hit in found.json] == ["Story 1 of the harbour & town"]
    raw = dateline("show", f"{site.base}/news/2001/story-of-the-harbour-1", "--raw")
    page = site.pages["/news/2001/story-of-the-harbour-1"]
    assert raw.out == page
    check = dateline("db", "check")
    assert check.code == 0, check.err


def test_a_killed_crawl_is_completed_by_the_next(dateline: Commands, site: LocalSite) -> None:
    newspaper(site, 24)
    slow = 0.05

    def slowly(path: str) -> None:
        page = site.pages[path]

        def answer(_: BaseHTTPRequestHandler) -> object:
            time.sleep(slow)
            return page

        site.pages[path] = answer  # type: ignore[assignment]

    for path in [p for p in site.pages if p.startswith("/news/")]:
        slowly(path)
    assert dateline("add", f"{site.base}/", "--name", "herald").code == 0
    for wait in (1.2, 1.8):
        crawl = dateline.start("crawl", "herald")
        time.sleep(wait)
        os.kill(crawl.pid, signal.SIGKILL)
        crawl.wait()
        sound = dateline("db", "check")
        assert sound.code == 0, sound.err
    last = dateline("crawl", "--json")
    assert last.json[0]["failed"] == 0
    assert len(held(dateline)) == 24
    assert all(revisions == 1 for _, _, revisions in held(dateline).values())


def test_linked_items_are_followed_to_the_depth_asked_for(
    dateline_sqlite: Commands, site: LocalSite
) -> None:
    dateline = dateline_sqlite

    def related(path: str, title: str) -> str:
        return (f'<aside class="related"><h2>Related articles</h2><article><h3><a href="{path}">'
                f"{title}</a></h3></article></aside>")  # fmt: skip

    site.set("/news/1/the-first-story-of-all", article_page(
        "The first story of all", sentences(1),
        extra=related("/news/2/the-second-story-of-all", "The second story of all")))  # fmt: skip
    site.set("/news/2/the-second-story-of-all", article_page(
        "The second story of all", sentences(2),
        extra=related("/news/3/the-third-story-of-all", "The third story of all")))  # fmt: skip
    site.set("/news/3/the-third-story-of-all", article_page(
        "The third story of all", sentences(3),
        extra=related("/news/1/the-first-story-of-all", "The first story of all")))  # fmt: skip
    site.set("/rss", '<rss version="2.0"><channel><title>x</title><item><title>The first story</title>'
             "<link>/news/1/the-first-story-of-all</link></item></channel></rss>", "text/xml")  # fmt: skip
    site.set("/", "<html><title>Home</title><p>Nothing here</p></html>")
    assert dateline("add", site.base, "--name", "x").code == 0
    assert dateline("crawl", "--depth", "0", "--json").json[0]["new"] == 1
    assert set(held(dateline)) == {"The first story of all"}
    site.set("/news/1/the-first-story-of-all", article_page(
        "The first story of all", [*sentences(1), "And a line more."],
        extra=related("/news/2/the-second-story-of-all", "The second story of all")))  # fmt: skip
    assert dateline("crawl", "--depth", "2", "--json").json[0]["new"] == 2
    assert len(held(dateline)) == 3


def test_every_status_and_body_is_counted_by_its_cause(
    dateline_sqlite: Commands, site: LocalSite
) -> None:
    good = article_page("The good story of the day", sentences(5))
    latin = article_page("Un été à l’île", ["Élève, déjà, forêt, où ça : " * 12], language="fr")
    pages: dict[str, Reply | str] = {
        "good-story-of-the-day": good,
        "not-found-at-all-here": Reply(b"<h1>no</h1>", 404),
        "server-error-on-this-one": Reply(b"oops", 500),
        "empty-page-with-status-200": "",
        "white-space-only-in-there": "  \n ",
        "redirect-loop-for-ever-and": Reply(b"", 302, {"Location": "redirect-loop-for-ever-and"}),
        "picture-that-is-no-page": Reply(b"\x89PNG....", content_type="image/png"),
        "page-of-thirteen-megabytes": Reply(b"<p>" + b"x" * 13_000_000),
        "wrong-charset-in-this-page": Reply(latin.replace("’", "'").encode("latin-1"),
                                            content_type="text/html; charset=utf-8"),
        "truncated-body-of-a-page": Reply(good.encode()[:500], headers={"Content-Length": "9999",
                                                                       "Connection": "close"}),
    }  # fmt: skip
    items = "".join(f"<item><link>/{name}</link></item>" for name in pages)
    items += "<item><link>http://[broken</link></item><item><title>no link</title></item>"
    for name, reply in pages.items():
        site.pages[f"/{name}"] = reply
    site.set(
        "/rss", f"<rss version='2.0'><channel><title>x</title>{items}</channel></rss>", "text/xml"
    )
    site.set("/sitemap.xml", "<html><body>no sitemap</body></html>")
    site.set("/", "<html><title>Home</title></html>")
    assert dateline_sqlite("add", site.base, "--name", "x").code == 0
    done = dateline_sqlite("crawl", "--json")
    assert done.code == 3
    summary = done.json[0]
    assert summary["new"] == 2, done.err
    assert summary["causes"] == {
        "http-404": 1, "http-500": 1, "empty": 2, "redirect-loop": 1, "not-html": 1,
        "too-large": 1, "truncated": 1, "announcement-url": 2,
    }  # fmt: skip
    assert dateline_sqlite("search", "déjà forêt", "--json").json[0]["headline"] == "Un été à l'île"
    status = dateline_sqlite("status", "--json").json["sources"][0]
    assert status["last_causes"] == summary["causes"]


def test_a_sitemap_of_sixty_thousand_urls_leaves_the_rest_for_later(
    dateline_sqlite: Commands, site: LocalSite
) -> None:
    newspaper(site, 4)
    locs = "".join(f"<url><loc>{site.base}/archive/{i}/an-old-story-of-ours-{i}</loc></url>"
                   for i in range(60_000))  # fmt: skip
    site.set("/sitemap.xml", f'<urlset xmlns="{SITEMAP}">{locs}</urlset>', "application/xml")
    assert dateline_sqlite("add", f"{site.base}/", "--name", "herald").code == 0
    done = dateline_sqlite("crawl", "--limit", "5", "--json")
    summary = done.json[0]
    assert summary["announced"] == 60_003
    # Two of the five answered 404, and are asked for again.
    assert summary["waiting"] == 60_003 - 3


def test_robots_txt_is_obeyed_and_counted(dateline_sqlite: Commands, site: LocalSite) -> None:
    newspaper(site, 4)
    site.set("/robots.txt", "User-agent: Dateline\nDisallow: /news/2001/\n", "text/plain")
    assert dateline_sqlite("add", f"{site.base}/", "--name", "herald").code == 0
    summary = dateline_sqlite("crawl", "--json").json[0]
    assert summary["causes"]["robots"] == 1
    assert site.asked("/news/2001/story-of-the-harbour-1") == 0
    # What a site refuses is no failure, and is not tried again in every run.
    assert summary["failed"] == 0
    assert "robots" not in dateline_sqlite("crawl", "--json").json[0]["causes"]


def test_robots_txt_that_fails_means_no(dateline_sqlite: Commands, site: LocalSite) -> None:
    newspaper(site, 4)
    site.set("/robots.txt", Reply(b"", 503))
    added = dateline_sqlite("add", f"{site.base}/", "--name", "herald")
    assert added.code == 1
    assert "robots.txt could not be read (HTTP 503). Try again later." in added.err
    assert "owner" not in added.err


@pytest.mark.parametrize("home", [403, 404])
def test_a_site_without_home_page_is_followed_by_its_feed(
    dateline_sqlite: Commands, site: LocalSite, home: int
) -> None:
    newspaper(site, 4)
    site.set("/rss.xml", site.pages["/feed.xml"])
    site.set("/", Reply(b"no", home))
    added = dateline_sqlite("add", f"{site.base}/", "--name", "herald")
    assert added.code == 0, added.err


def test_private_addresses_are_refused_unless_allowed(
    dateline_sqlite: Commands, site: LocalSite
) -> None:
    newspaper(site, 4)
    port = site.base.rpartition(":")[2]
    spellings = ("127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]")
    for host in spellings:
        done = dateline_sqlite(
            "add", f"http://{host}:{port}/", "--dry-run", DATELINE_ALLOW_PRIVATE=""
        )
        assert done.code == 1, host
        assert "DATELINE_ALLOW_PRIVATE" in done.err, (host, done.err)
    assert site.requests == []


def test_a_redirect_to_a_private_address_is_refused(
    dateline_sqlite: Commands, site: LocalSite
) -> None:
    from scrapy import Request

    from crawler.http.failures import RefusedRequest
    from crawler.middlewares.guard import GuardMiddleware

    guard = GuardMiddleware()
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DATELINE_ALLOW_PRIVATE")
        for url in (f"{site.base}/", "http://169.254.169.254/latest/meta-data/"):
            with pytest.raises(RefusedRequest, match="private IP address"):
                guard.process_request(Request(url))
        guard.process_request(Request("https://news.example/"))


def test_scrapy_itself_works_in_the_checkout(dateline_sqlite: Commands, site: LocalSite) -> None:
    import subprocess
    import sys

    from tests.crawler.forking import ROOT

    def scrapy(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "scrapy", *words], cwd=ROOT, capture_output=True, text=True,
            env=dateline_sqlite.environment, check=False, timeout=60,
        )  # fmt: skip

    newspaper(site, 4)
    assert scrapy("list").stdout.split() == ["discover", "news"]
    assert scrapy("check").returncode == 0
    assert dateline_sqlite("add", f"{site.base}/", "--name", "herald").code == 0
    done = scrapy("crawl", "news", "-a", "source=herald", "-a", "limit=2")
    assert done.returncode == 0, done.stderr
    assert len(held(dateline_sqlite)) == 2
    shell = scrapy("shell", f"{site.base}/", "-c", "response.css('title::text').get()")
    assert "The Test Herald" in shell.stdout


def test_the_seed_site_is_archived_from_one_listing(
    dateline: Commands, site: LocalSite, shared: Path
) -> None:
    import json

    folder = shared / "seed" / "site"
    for path, name in json.loads((folder / "urlmap.json").read_text(encoding="utf-8")).items():
        kind = "text/html; charset=utf-8" if name.endswith(".html") else "application/octet-stream"
        site.set(path, (folder / name).read_bytes(), kind)
    site.set("/", (folder / "pages" / "listing.html").read_bytes(), "text/html; charset=utf-8")
    assert dateline("add", f"{site.base}/", "--name", "hti", "--timezone", "Europe/Paris").code == 0
    first = dateline("crawl", "--json").json[0]
    assert first["failed"] == 0
    articles = held(dateline)
    assert len(articles) == 6
    assert articles["Le Pr Antoine Tesnière nommé à la direction de PariSanté Campus "
                    "(site du Val-de-Grâce)"][1] == "2021-03-19T17:52:00+01:00"  # fmt: skip
    assert first["new"] >= 14  # and the directory entries and terms that they link to
    second = dateline("crawl", "--json").json[0]
    assert (second["new"], second["revised"], second["duplicate"]) == (0, 0, 0)


def test_a_command_that_reaches_beyond_this_machine_fails_the_suite(
    dateline_sqlite: Commands,
) -> None:
    # 192.0.2.0/24 is reserved for documentation (RFC 5737): nothing is there.
    done = dateline_sqlite("add", "http://192.0.2.1/", "--dry-run")
    assert done.code == 97
    assert "a test reached for" in done.err
