"""Gaps that feeds leave are filled, and the past is fetched: by sitemaps, lists, pages by date."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from storage.archive import open_archive
from storage.clock import utc_now
from storage.models import Endpoint, Item
from tests.pages import LocalSite, Reply, article_page, sentences

if TYPE_CHECKING:
    from tests.crawler.commands import Commands

TODAY = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
SHOWN = 5


def _moment(number: int) -> datetime:
    """An article an hour; the last of 40 came out an hour ago."""
    return TODAY - timedelta(hours=41 - number)


def _path(number: int) -> str:
    return f"/news/a-story-of-the-quay-{number}x"


def _publish(site: LocalSite, last: int, first: int = 1) -> None:
    """Publish articles up to a number; the feed shows the last five."""
    for n in range(first, last + 1):
        page = article_page(
            f"Story {n} of the quay", sentences(n), published=_moment(n).isoformat()
        )
        site.set(_path(n), page)
    items = "".join(
        f"<item><title>Story {n}</title><link>{site.base}{_path(n)}</link>"
        f"<pubDate>{_moment(n):%a, %d %b %Y %H:%M:%S} GMT</pubDate></item>"
        for n in range(last, last - SHOWN, -1)
    )
    site.set("/feed.xml", f"<rss version='2.0'><channel><title>Q</title>{items}</channel></rss>",
             "application/rss+xml")  # fmt: skip


def _follow(dateline: Commands, site: LocalSite) -> None:
    site.set(
        "/",
        '<html lang="en"><head><title>Quay</title><link rel="alternate" '
        'type="application/rss+xml" href="/feed.xml"/></head><body></body></html>',
    )
    _publish(site, SHOWN)
    added = dateline("add", f"{site.base}/", "--name", "quay")
    assert added.code == 0, added.err
    assert dateline("crawl", "quay").code == 0
    assert _held(dateline) == set(range(1, SHOWN + 1))


def _held(dateline: Commands) -> set[int]:
    with open_archive(str(dateline.folder)) as archive, archive.reading() as session:
        urls = session.scalars(select(Item.url).where(Item.state == "stored"))
        return {int(url.rpartition("-")[2].rstrip("x")) for url in urls}


def _make_due(dateline: Commands, kind: str) -> None:
    with open_archive(str(dateline.folder)) as archive:
        archive.write(
            lambda s: s.execute(
                update(Endpoint).where(Endpoint.kind == kind).values(next_due_at=utc_now())
            )
        )


def _sitemap(site: LocalSite, numbers: range) -> str:
    entries = "".join(
        f"<url><loc>{site.base}{_path(n)}</loc><lastmod>{_moment(n).isoformat()}</lastmod></url>"
        for n in numbers
    )
    return f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entries}</urlset>'


def _lists(site: LocalSite, last: int, pages: str = "/news?page=%d") -> None:
    """A list of ten articles a page, the newest first, the first of them at the home page."""
    for number, top in enumerate(range(last, 0, -10), 1):
        links = "".join(
            f'<h2><a href="{_path(n)}">Story {n} of the quay that was told again</a></h2>'
            for n in range(top, max(0, top - 10), -1)
        )
        following = f'<a href="{pages % (number + 1)}">Older</a>' if top > 10 else ""
        path = pages % number if number > 1 else "/"
        feed = '<link rel="alternate" type="application/rss+xml" href="/feed.xml"/>'
        site.set(path, f"<html><head>{feed}</head><body>{links}{following}</body></html>")


def test_a_gap_is_filled_from_a_sitemap(dateline_sqlite: Commands, site: LocalSite) -> None:
    dateline = dateline_sqlite
    site.set("/sitemap.xml", _sitemap(site, range(1, 3)), "application/xml")
    _follow(dateline, site)
    _publish(site, 30)
    site.set("/sitemap.xml", _sitemap(site, range(1, 31)), "application/xml")
    _make_due(dateline, "feed")
    done = dateline("crawl", "quay", "--due")
    assert done.code == 0, done.err
    assert "1 gap" in done.out
    assert "left the feed before they were read" in done.err
    assert _held(dateline) == set(range(1, 31))
    listed = dateline("backfill", "--json")
    (gap,) = listed.json
    assert (gap["reason"], gap["state"]) == ("gap", "done")


def test_a_gap_is_filled_from_the_pages_of_a_list(
    dateline_sqlite: Commands, site: LocalSite
) -> None:
    dateline = dateline_sqlite
    _follow(dateline, site)
    _publish(site, 38)
    _lists(site, 38)
    done = dateline("crawl", "quay")
    assert done.code == 0, done.err
    assert _held(dateline) == set(range(1, 39))
    asked = len(site.requests)
    dateline("crawl", "quay", "--rechecks", "0", "--due")
    assert len(site.requests) - asked <= 1


def test_a_gap_that_nothing_fills_is_said(dateline_sqlite: Commands, site: LocalSite) -> None:
    dateline = dateline_sqlite
    _follow(dateline, site)
    site.set("/", Reply(b"", 500))
    _publish(site, 30)
    done = dateline("crawl", "quay")
    assert "could not be filled" in done.err
    assert _held(dateline) == {*range(1, 6), *range(26, 31)}


def test_the_past_is_fetched_by_pages_of_months_and_goes_on_after_a_stop(
    dateline_sqlite: Commands, site: LocalSite
) -> None:
    dateline = dateline_sqlite
    _follow(dateline, site)
    months = {}
    for n in range(101, 113):
        when = datetime(2020, n - 100, 10, 9, tzinfo=UTC)
        page = article_page(f"Old story {n}", sentences(n), published=when.isoformat())
        site.set(_path(n), page)
        months[n] = f"/archives/2020/{n - 100:02d}"
        site.set(months[n], f'<html><body><h2><a href="{_path(n)}">Old story {n} of the quay as it '
                 "was told</a></h2></body></html>")  # fmt: skip
    feed = '<link rel="alternate" type="application/rss+xml" href="/feed.xml"/>'
    site.set("/", f"<html><head>{feed}</head><body><a href='/archives/2024/05'>May 2024</a></body>")
    done = dateline("backfill", "quay", "--from", "2020-03", "--to", "2020-06", "--limit", "2")
    assert done.code == 0, done.err
    assert len(_held(dateline) & set(range(101, 113))) == 2
    assert site.asked(months[109]) == 0
    pages = site.asked(months[104])
    again = dateline("backfill", "quay", "--from", "2020-03", "--to", "2020-06")
    assert again.code == 0, again.err
    assert site.asked(months[104]) == pages == 1
    # A day on each side is looked at too: calendars differ.
    assert {103, 104, 105, 106} <= _held(dateline) & set(range(101, 113)) <= set(range(102, 108))
    assert "done" in again.out


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("quay", "--from", "yesterday"), "is not a date"),
        (("quay", "--from", "2021", "--to", "2020"), "is before --from"),
        (("--from", "2021"), "Name the SOURCE"),
        (("nobody", "--from", "2021"), "nobody"),
    ],
)
def test_a_stretch_that_is_none_is_said(
    dateline_sqlite: Commands, site: LocalSite, words: tuple[str, ...], why: str
) -> None:
    _follow(dateline_sqlite, site)
    done = dateline_sqlite("backfill", *words)
    assert done.code in (1, 2)
    assert why in done.err


def test_a_daily_budget_bounds_what_is_asked(dateline_sqlite: Commands, site: LocalSite) -> None:
    dateline = dateline_sqlite
    _follow(dateline, site)
    used = len(site.requests)
    _publish(site, 30, 6)
    _lists(site, 30)
    assert dateline("sources", "quay", "--daily-requests", "30").code == 0
    with open_archive(str(dateline.folder)) as archive, archive.reading() as session:
        from storage.crawl.runs import requests_since

        spent = requests_since(session, 1, utc_now() - timedelta(days=1))
    done = dateline("crawl", "quay")
    assert "budget" in done.err
    assert "waiting. Run the crawl again" in done.out
    # What is on its way when the budget ends may be some more.
    assert len(site.requests) - used <= 30 - spent + 3
    assert len(_held(dateline)) < 30


def test_robots_txt_is_kept_between_runs(dateline_sqlite: Commands, site: LocalSite) -> None:
    dateline = dateline_sqlite
    site.set("/robots.txt", "User-agent: *\nDisallow: /private\n", "text/plain")
    _follow(dateline, site)
    asked = site.asked("/robots.txt")
    _publish(site, 7, 6)
    dateline("crawl", "quay")
    dateline("crawl", "quay")
    assert site.asked("/robots.txt") == asked
    assert site.asked("/.well-known/tdmrep.json") == 1
    assert _held(dateline) == set(range(1, 8))
