"""Ways into the past: pages of lists, archive pages, dates in addresses, numbers between."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.discovery.archives import (
    Template,
    dated_pages,
    is_within,
    may_hold,
    numbers_between,
    read_list,
    template_of_articles,
)
from storage.types.endpoints import Announcement

SINCE = datetime(2021, 9, 10, tzinfo=UTC)
UNTIL = datetime(2021, 10, 3, tzinfo=UTC)
HOME = "https://herald.example"


def _list(body: str, url: str = f"{HOME}/news") -> str | None:
    return read_list(f"<html><body>{body}</body></html>".encode(), url).next_url


@pytest.mark.parametrize(
    ("body", "url", "next_url"),
    [
        ('<a href="/news?page=2">2</a>', f"{HOME}/news", f"{HOME}/news?page=2"),
        ('<a href="/news?page=2">2</a><a href="/news?page=4">4</a>', f"{HOME}/news?page=3",
         f"{HOME}/news?page=4"),
        ('<a href="/news/page/3/">3</a>', f"{HOME}/news/page/2/", f"{HOME}/news/page/3/"),
        ('<a rel="next" href="/x?c=abc">…</a>', f"{HOME}/news", f"{HOME}/x?c=abc"),
        ('<link rel="next" href="/x"/>', f"{HOME}/news", f"{HOME}/x"),
        ('<a href="/news?from=20">Page suivante »</a>', f"{HOME}/news", f"{HOME}/news?from=20"),
        ('<a href="/o">Ältere Artikel</a>', f"{HOME}/news", f"{HOME}/o"),
        ('<a href="/o" aria-label="Next page"><svg></svg></a>', f"{HOME}/news", f"{HOME}/o"),
        ('<a href="/news?page=1">1</a><a href="/about">About</a>', f"{HOME}/news?page=2", None),
        ('<a rel="next" href="https://other.example/2">Next</a>', f"{HOME}/news", None),
    ],
)  # fmt: skip
def test_the_next_page_of_a_list(body: str, url: str, next_url: str | None) -> None:
    assert _list(body, url) == next_url


def test_archive_pages_are_learned_from_a_link_to_one_of_them() -> None:
    page = read_list(
        b'<html><a href="/archives/2024/05">May</a><a href="/archives/2024/04/">April</a>'
        b'<a href="/2024/05/03/a-story-of-the-quay">A story</a></html>', f"{HOME}/",
    )  # fmt: skip
    assert page.templates[0] == Template(f"{HOME}/archives/{{year}}/{{month:02d}}", by_day=False)
    assert dated_pages(page.templates[:1], SINCE, UNTIL) == [
        f"{HOME}/archives/2021/10", f"{HOME}/archives/2021/09",
    ]  # fmt: skip
    daily = read_list(b'<html><a href="/archiv/2024-05-03.html">3. Mai</a></html>', f"{HOME}/")
    days = dated_pages(daily.templates, SINCE, UNTIL)
    assert days[0] == f"{HOME}/archiv/2021-10-04.html"
    assert days[-1] == f"{HOME}/archiv/2021-09-09.html"
    assert len(days) == 26


def test_a_blog_has_pages_by_month_where_its_articles_lie_under_one() -> None:
    urls = [f"{HOME}/blog/2024/0{n}/a-story" for n in range(1, 6)]
    template = template_of_articles(urls)
    assert template is not None
    assert list(template.pages(SINCE, UNTIL)) == [
        f"{HOME}/blog/2021/10/", f"{HOME}/blog/2021/09/",
    ]  # fmt: skip
    assert template_of_articles(urls[:2]) is None
    assert template_of_articles([f"{HOME}/news/{n}" for n in range(9)]) is None


@pytest.mark.parametrize(
    ("path", "held"),
    [
        ("/sitemap-2021-09.xml", True), ("/sitemap-2021-11.xml", False), ("/sitemap-2020.xml", False),
        ("/sitemap/2021/", True), ("/sitemap_20210915.xml", True), ("/sitemap_20210901.xml", False),
        ("/post-sitemap12.xml", True), ("/sitemap.xml?yyyy=2021&mm=09", True),
        ("/sitemap.xml?year=2019", False), ("/sitemap-1234567.xml", True),
    ],
)  # fmt: skip
def test_a_sitemap_s_address_tells_whether_it_may_hold_a_stretch(path: str, held: bool) -> None:
    assert may_hold(HOME + path, SINCE, UNTIL) is held


def test_what_is_of_a_stretch_is_told_by_its_date_or_its_address() -> None:
    def said(path: str, **dates: datetime) -> bool | None:
        return is_within(Announcement(HOME + path, **dates), SINCE, UNTIL)

    assert said("/a", published=SINCE + timedelta(days=3)) is True
    assert said("/a", published=UNTIL + timedelta(days=3)) is False
    assert said("/2021/09/15/a") is True
    assert said("/2021/08/15/a") is False
    assert said("/2021/09/a") is True
    assert said("/2021/13/a") is None
    assert said("/a") is None
    assert said("/a", modified=SINCE - timedelta(days=9)) is False
    assert said("/a", modified=UNTIL + timedelta(days=900)) is None


def test_the_numbers_between_are_tried_where_one_number_tells_addresses_apart() -> None:
    before = [f"{HOME}/depeche/{n}.html" for n in (1041, 1040, 1038)]
    after = [f"{HOME}/depeche/{n}.html" for n in (1045, 1046)]
    assert numbers_between(before, after) == [
        f"{HOME}/depeche/{n}.html" for n in (1042, 1043, 1044)
    ]
    assert numbers_between(before, [f"{HOME}/depeche/9{n}.html" for n in range(1000, 1003)]) == []
    slugs = [f"{HOME}/news/{n}/a-story-{n}" for n in range(1000, 1005)]
    assert numbers_between(slugs, slugs) == []
    zeros = [f"{HOME}/n?id=00{n}" for n in (107, 108)], [f"{HOME}/n?id=00{n}" for n in (110, 111)]
    assert numbers_between(*zeros) == [f"{HOME}/n?id=00109"]
    assert numbers_between([], after) == []


@given(st.text(max_size=60), st.text(max_size=30))
def test_no_address_and_no_page_breaks_it(path: str, words: str) -> None:
    url = f"{HOME}/{path}"
    may_hold(url, SINCE, UNTIL)
    numbers_between([url] * 4, [url] * 4)
    template_of_articles([url] * 5)
    body = f'<html><a href="{path}">{words}</a><time datetime="{words}"></time></html>'
    read_list(body.encode("utf-8", "replace"), f"{HOME}/")
