"""Telling article links from the rest, and what a home page announces."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from crawler.discovery.autodiscover import parse_home, sitemaps_in_robots, usual_places
from crawler.discovery.listings import parse_listing
from crawler.extraction.linked.link_rules import classify, is_page, same_site

if TYPE_CHECKING:
    from pathlib import Path

HOME = "https://herald.example/"


@pytest.mark.parametrize(
    ("url", "anchor", "kind"),
    [
        ("/2026/03/05/ferry-bell-returns", "", "article"),
        ("/news/a-story-of-the-old-harbour", "", "article"),
        ("/politique/article/2026/03/05/titre_6123456_823448.html", "", "article"),
        ("/artikel/123456", "Der Hafen bekommt eine neue Brücke im Sommer", "article"),
        ("/news.php?id=4711", "", "article"), ("/story/12345678", "", "article"),
        ("/sport/", "Sport", "section"), ("/politique", "Politique", "section"),
        ("/tag/harbour-and-town-hall", "harbour", "other"), ("/", "Home", "other"),
        ("/about-us", "About", "section"), ("/logo.png", "", "other"),
        ("/wp-login.php", "Log in", "other"), ("/author/jane-doe-of-the-herald", "", "other"),
        ("/feed", "RSS", "other"), ("/page/12", "12", "other"),
        ("/archives/2024/10/16/2003825372", "", "article"),
    ],
)  # fmt: skip
def test_links_are_told_apart(url: str, anchor: str, kind: str) -> None:
    assert classify(f"https://herald.example{url}", anchor) == kind


def test_addresses_of_real_articles_are_taken_for_articles(shared: Path) -> None:
    lines = (shared / "bench" / "truth.jsonl").read_text(encoding="utf-8").splitlines()
    urls = [json.loads(line)["url"] for line in lines]
    assert sum(is_page(url) for url in urls) >= 0.98 * len(urls)
    assert sum(classify(url) == "article" for url in urls) >= 0.94 * len(urls)


def test_same_site_counts_subdomains_and_www() -> None:
    assert same_site("https://sport.herald.example/a", "https://www.herald.example/")
    assert not same_site("https://notherald.example/a", "https://herald.example/")


def test_a_listing_gives_articles_with_their_longest_words() -> None:
    page = (
        '<html lang="fr"><title>Une</title><body><nav><a href="/sport/">Sport</a></nav>'
        '<a href="/news/le-port-recoit-un-quai-neuf"><img src="a.jpg"></a>'
        '<h2><a href="/news/le-port-recoit-un-quai-neuf#x">Le port reçoit un quai neuf</a></h2>'
        '<a href="https://elsewhere.example/news/une-autre-chose-encore">Ailleurs</a>'
        '<a href="javascript:void(0)">x</a><a href="mailto:a@b">y</a></body></html>'
    )
    listing = parse_listing(page.encode(), HOME)
    assert [(a.url, a.hints.get("headline")) for a in listing.articles] == [
        ("https://herald.example/news/le-port-recoit-un-quai-neuf#x", "Le port reçoit un quai neuf")
    ]
    assert listing.sections == ("https://herald.example/sport/",)
    assert listing.language == "fr"


def test_a_home_page_announces_its_feeds_without_comments() -> None:
    page = (
        '<html lang="en-GB"><head><title>Front | Herald</title>'
        '<meta property="og:site_name" content="Herald"/>'
        '<link rel="alternate" type="application/rss+xml" title="All" href="/feed.xml"/>'
        '<link rel="alternate" type="application/rss+xml" href="/comments/feed/"/>'
        '<link rel="alternate" type="application/atom+xml" href="atom.xml"/>'
        '<link rel="alternate" hreflang="fr" href="/fr/"/></head>'
        '<body><a href="/rss/sport.xml">Sport RSS</a></body></html>'
    )
    home = parse_home(page.encode(), HOME)
    assert [url for url, _ in home.feeds] == [
        "https://herald.example/feed.xml", "https://herald.example/atom.xml",
        "https://herald.example/rss/sport.xml",
    ]  # fmt: skip
    assert (home.title, home.language) == ("Herald", "en-gb")


def test_sitemaps_are_read_from_robots_txt() -> None:
    body = b"User-agent: *\nSITEMAP:  /a.xml\nSitemap: https://herald.example/b.xml\nsitemap: x:y\n"
    assert sitemaps_in_robots(body, HOME) == [
        "https://herald.example/a.xml", "https://herald.example/b.xml",
    ]  # fmt: skip


def test_usual_places_lie_below_the_home_pages_folder_too() -> None:
    places = usual_places("https://herald.example/blog/", ("/feed",))
    assert places == ["https://herald.example/feed", "https://herald.example/blog/feed"]
