"""Sitemaps: indexes, news fields, gzip, plain text; broken and hostile ones."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.discovery import markup
from crawler.discovery.endpoints import read_endpoint
from crawler.discovery.errors import NotASitemap
from crawler.discovery.sitemaps import parse_sitemap
from tests.profiles import examples

URL = "https://herald.example/sitemap.xml"
SET = """<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"
xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"><url>
<loc>https://herald.example/news/1</loc><lastmod>2026-03-06</lastmod><news:news><news:publication>
<news:name>Herald</news:name><news:language>en</news:language></news:publication>
<news:publication_date>2026-03-05T09:30:00+01:00</news:publication_date>
<news:title>Tide &amp; time</news:title></news:news>
<image:image><image:loc>https://herald.example/1.jpg</image:loc></image:image></url>
<url><loc> /news/2 </loc></url><url><loc></loc></url></urlset>"""


def test_news_fields_become_hints() -> None:
    found = parse_sitemap(SET.encode(), URL)
    first, second = found.announcements
    assert first.url == "https://herald.example/news/1"
    assert first.published == datetime(2026, 3, 5, 8, 30, tzinfo=UTC)
    assert first.modified == datetime(2026, 3, 6, tzinfo=UTC)
    assert first.hints["headline"] == "Tide & time"
    assert second.url == "https://herald.example/news/2"
    assert found.skipped == {"announcement-url": 1}


def test_gzip_is_undone_whatever_its_name() -> None:
    assert len(parse_sitemap(gzip.compress(SET.encode()), URL).announcements) == 2


def test_an_index_names_its_children_until_the_end_of_the_day() -> None:
    index = ("<sitemapindex><sitemap><loc>/a.xml</loc><lastmod>2026-03-05</lastmod></sitemap>"
             "<sitemap><loc>/b.xml</loc></sitemap></sitemapindex>")  # fmt: skip
    one, two = parse_sitemap(index.encode(), URL).children
    assert one.changed == datetime(2026, 3, 5, 23, 59, 59, 999999, tzinfo=UTC)
    assert (two.url, two.changed) == ("https://herald.example/b.xml", None)


def test_a_list_of_urls_is_a_sitemap_too() -> None:
    text = b"https://herald.example/a\nhttps://herald.example/b\n"
    assert len(parse_sitemap(text, URL).announcements) == 2


def test_what_breaks_off_keeps_what_came_before() -> None:
    found = parse_sitemap(SET.encode()[:-60], URL)
    assert len(found.announcements) >= 1
    cut = parse_sitemap(gzip.compress(SET.encode() * 1)[:-12], URL)
    assert cut.cut is not None


def test_a_gzip_bomb_is_cut_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(markup, "MAX_UNPACKED_BYTES", 100_000)
    body = f"<urlset>{'<url><loc>https://herald.example/a</loc></url>' * 9000}</urlset>"
    found = parse_sitemap(gzip.compress(body.encode()), URL)
    assert found.cut is not None
    assert len(found.announcements) < 9000


def test_entities_are_not_resolved() -> None:
    body = ('<!DOCTYPE u [<!ENTITY x SYSTEM "file:///etc/passwd"><!ENTITY b "bbbb">]><urlset><url>'
            "<loc>https://herald.example/&x;&b;</loc></url></urlset>")  # fmt: skip
    assert "root:" not in str(parse_sitemap(body.encode(), URL))


@pytest.mark.parametrize(
    "body", [b"", b"<html><body/></html>", b"<rss/>", b"words only", b"\x1f\x8bxx", b"<"]
)
def test_what_is_no_sitemap_says_why(body: bytes) -> None:
    with pytest.raises(NotASitemap) as caught:
        parse_sitemap(body, URL)
    assert "\n" not in str(caught.value)


def test_urls_of_other_sites_and_of_no_pages_are_counted_out() -> None:
    urls = ("https://elsewhere.example/news/a-b-c-d", "https://herald.example/", "/logo.png",
            "/tag/harbour", "/news/a-story-of-the-harbour")  # fmt: skip
    body = "".join(f"<url><loc>{u}</loc></url>" for u in urls)
    content = read_endpoint("sitemap", f"<urlset>{body}</urlset>".encode(), URL)
    assert len(content.announcements) == 1
    assert content.note.startswith("4 URLs")


_LOC = "<loc>https://herald.example/news/1</loc>"
_NEWS = ("<news:news><news:publication_date>2026-03-05T09:30:00+01:00</news:publication_date>"
         "<news:title>Own</news:title></news:news>")  # fmt: skip
_IMAGE = "<image:image><image:loc>https://herald.example/i.jpg</image:loc><image:title>A dog</image:title></image:image>"
_VIDEO = ("<video:video><video:title>Old</video:title><video:publication_date>2019-01-05</video:publication_date>"
          "</video:video>")  # fmt: skip


@pytest.mark.parametrize(
    "inside", [_LOC + _VIDEO + _NEWS, _IMAGE + _LOC + _NEWS, _LOC + _IMAGE + _NEWS + _VIDEO]
)
@pytest.mark.parametrize("declared", [True, False])
def test_fields_are_known_by_what_holds_them(inside: str, declared: bool) -> None:
    spaces = 'xmlns:news="n" xmlns:image="i" xmlns:video="v"' if declared else ""
    (entry,) = parse_sitemap(
        f"<urlset {spaces}><url>{inside}</url></urlset>".encode(), URL
    ).announcements
    assert entry.url == "https://herald.example/news/1"
    assert entry.hints["headline"] == "Own"
    assert entry.published == datetime(2026, 3, 5, 8, 30, tzinfo=UTC)


def test_the_moment_of_a_video_is_not_the_pages() -> None:
    (entry,) = parse_sitemap(
        f"<urlset><url>{_LOC}{_VIDEO}</url></urlset>".encode(), URL
    ).announcements
    assert (entry.published, entry.hints) == (None, {})


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2026-03", 1),
        ("2026-3-2", 2),
        ("2026/03/12", 12),
        ("2026-03-12T10:00:00 UTC", 12),
        ("2026-03-12T24:00:00Z", 13),
    ],
)
def test_moments_that_are_not_iso(written: str, day: int) -> None:
    body = f"<urlset><url>{_LOC}<lastmod>{written}</lastmod></url></urlset>".encode()
    modified = parse_sitemap(body, URL).announcements[0].modified
    assert modified is not None
    assert (modified.year, modified.month, modified.day) == (2026, 3, day)


@pytest.mark.parametrize("written", ["9999-12-31", "0001-01-01T00:00:00+01:00", "²", "9" * 5000])
def test_a_bad_moment_costs_nothing_and_is_counted(written: str) -> None:
    body = f"<urlset><url>{_LOC}<lastmod>{written}</lastmod></url><url><loc>/b</loc></url></urlset>"
    found = parse_sitemap(body.encode(), URL)
    assert len(found.announcements) == 2
    assert found.skipped == {"announcement-timestamp": 1}
    index = f"<sitemapindex><sitemap><loc>/a.xml</loc><lastmod>{written}</lastmod></sitemap></sitemapindex>"
    assert parse_sitemap(index.encode(), URL).children[0].changed is None


def test_all_members_of_a_gzip_are_read() -> None:
    body = SET.encode()
    packed = gzip.compress(body[:150]) + gzip.compress(body[150:300]) + gzip.compress(body[300:])
    assert len(parse_sitemap(packed + b"\0\0", URL).announcements) == 2
    assert len(parse_sitemap(gzip.compress(gzip.compress(body)), URL).announcements) == 2


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32", "utf-8-sig"])
def test_encodings(encoding: str) -> None:
    assert len(parse_sitemap(SET.encode(encoding), URL).announcements) == 2
    text = "https://herald.example/a\r\nhttps://herald.example/b\r\n"
    if encoding in ("utf-16", "utf-8-sig"):
        assert len(parse_sitemap(text.encode(encoding), URL).announcements) == 2


def test_bare_ampersands_are_part_of_an_address() -> None:
    locs = ("/a?id=1&cat=2", "/a?id=1&lang=en&copy=2", "/terms-&-rules-7", "/a?id=1&amp;cat=3")
    body = "".join(f"<url><loc>{loc}</loc></url>" for loc in locs)
    found = parse_sitemap(f"<urlset>{body}</urlset>".encode(), URL).announcements
    assert [a.url.removeprefix("https://herald.example") for a in found] == [
        loc.replace("&amp;", "&") for loc in locs
    ]


@settings(max_examples=examples(150))
@given(st.one_of(st.binary(max_size=300), st.text(max_size=60).map(
    lambda t: SET.replace("Herald", t).encode("utf-8", "surrogatepass"))))  # fmt: skip
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        parse_sitemap(body, URL)
    except NotASitemap:
        return
