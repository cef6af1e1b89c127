"""Sitemaps: indexes, news fields, gzip, plain text; broken and hostile ones."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.discovery import sitemaps
from crawler.discovery.endpoints import read_endpoint
from crawler.discovery.errors import NotASitemap
from crawler.discovery.sitemaps import parse_sitemap

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
    assert found.skipped == 1


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
    monkeypatch.setattr(sitemaps, "MAX_UNPACKED_BYTES", 100_000)
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


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.binary(max_size=300), st.text(max_size=60).map(
    lambda t: SET.replace("Herald", t).encode("utf-8", "surrogatepass"))))  # fmt: skip
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        parse_sitemap(body, URL)
    except NotASitemap:
        return
