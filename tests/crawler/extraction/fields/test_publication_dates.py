"""Which of a page's dates is the article's."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from crawler.extraction.article import Known, extract
from crawler.extraction.dates.formats import from_url
from tests.pages import article_page, sentences

URL = "https://herald.example/news/lock-gate-at-selmere"


def _published(above: str = "", below: str = "", head: str = "", **known: Any) -> str | None:
    text = "".join(f"<p>{sentences(4)}</p>" for _ in range(4))
    page = (f"<html lang='en'><head><title>Lock gate repaired</title>{head}</head><body>{above}"
            f"<article><h1>Lock gate repaired</h1>@@{text}</article>{below}</body></html>")  # fmt: skip
    above_in, _, rest = page.partition("@@")
    made = extract(f"{above_in}{known.pop('line', '')}{rest}".encode(), URL, "", Known(**known))
    assert made.article is not None
    return made.article.published.isoformat() if made.article.published else None


def _json_ld(moment: str) -> str:
    return ('<script type="application/ld+json">{"@type": "NewsArticle", "headline": '
            f'"Lock gate repaired", "datePublished": "{moment}"}}</script>')  # fmt: skip


_COMMENTS = ("<section class='comments'><article><h4>Jan</h4><time class='published' "
             "datetime='2026-05-09T10:00:00Z'>9 May 2026</time><p>Well done.</p></article></section>")  # fmt: skip
_TEASERS = ("<div class='more'><article><h3><a href='/x'>Bridge painted</a></h3>"
            "<time datetime='2026-05-08T10:00:00Z'>8 May 2026</time></article></div>")  # fmt: skip


@pytest.mark.parametrize("below", [_COMMENTS, _TEASERS, _COMMENTS + _TEASERS])
def test_the_moment_of_a_comment_or_teaser_is_not_the_articles(below: str) -> None:
    assert _published(below=below) is None
    assert _published(below=below, line="<p>12 March 2026</p>") == "2026-03-12"
    assert _published(above=_TEASERS, line="<time datetime='2026-03-12'>x</time>") == "2026-03-12"


@pytest.mark.parametrize(
    "where",
    [{"line": "<p class='intro'>On 5 May 2026 the fair opens and all are welcome to it.</p>"},
     {"below": "<h3>Related</h3><p><a href='/z'>An older thing</a> <span>3 January 2026</span></p>"}],
)  # fmt: skip
def test_a_day_in_a_sentence_or_under_another_heading_is_not_the_articles(
    where: dict[str, str],
) -> None:
    assert _published(**where) is None


def test_an_invisible_first_heading_is_not_the_headline() -> None:
    hidden = ("<h1 class='visually-hidden'>The Herald</h1><p>Weather of 1 May 2026</p>"
              + "<nav>" + "<p><a href='/n'>Notice</a></p>" * 30 + "</nav>")  # fmt: skip
    assert _published(above=hidden, line="<p>12 March 2026</p>") == "2026-03-12"


@pytest.mark.parametrize(
    ("written", "iso"),
    [("12.03.2026 14:30", "2026-03-12T14:30:00"), ("March 12, 2026 2:30 PM EST", "2026-03-12T14:30:00-05:00"),
     ("20260312T143000+0100", "2026-03-12T14:30:00+01:00"), ("12. März 2026", "2026-03-12"),
     ("Published: 2026-03-12", "2026-03-12"), ("1773325800", "2026-03-12T14:30:00+00:00"),
     ("2026-03-12T14:30:60Z", "2026-03-12T14:30:59+00:00"), ("2026 оны 3 сарын 12", "2026-03-12"),
     ("2026-03-12 14:30 XYZ", None)],
)  # fmt: skip
def test_dates_in_metadata_that_are_not_iso(written: str, iso: str | None) -> None:
    assert _published(head=_json_ld(written)) == iso
    assert _published(head=f'<meta property="article:published_time" content="{written}">') == iso
    assert _published(line=f"<time datetime='{written}'>x</time>") == iso


@pytest.mark.parametrize(
    ("written", "zone", "day"),
    [("2026-03-12T00:00:00Z", "America/New_York", "2026-03-12"), ("2026-03-11T23:00:00Z", "Europe/Paris", "2026-03-12"),
     ("2026-03-11T15:00:00+00:00", "Asia/Tokyo", "2026-03-12")],
)  # fmt: skip
def test_midnight_in_utc_moves_no_day(written: str, zone: str, day: str) -> None:
    assert _published(head=_json_ld(written), timezone=zone) == day


def test_a_local_midnight_is_the_day_that_the_page_shows() -> None:
    shown = "<p>12 March 2026</p>"
    assert _published(head=_json_ld("2026-03-11T23:00:00Z"), line=shown) == "2026-03-12"
    assert _published(head=_json_ld("2026-03-11T23:00:00Z")) == "2026-03-11T23:00:00+00:00"
    assert (
        _published(head=_json_ld("2026-03-12T09:00:00Z"), line=shown) == "2026-03-12T09:00:00+00:00"
    )


def test_a_worded_date_needs_no_declared_language() -> None:
    now = datetime(2026, 4, 1, tzinfo=UTC)
    assert _published(line="<p>2026. március 12., csütörtök</p>", now=now) == "2026-03-12"


@pytest.mark.parametrize(
    ("before", "after", "day", "source"),
    [
        # A label in an element of its own.
        ("<h4>Published</h4><div>July 8, 2025</div>", "", "2025-07-08", "text"),
        ("<div class='item'><h3>Publish date</h3><time datetime='2018-11-15'></time></div>", "",
         "2018-11-15", "time"),
        ("<p class='x'>Veröffentlicht</p><p>5. März 2025</p>", "", "2025-03-05", "text"),
        # A short aside of the article is a line of metadata.
        ("<aside><time datetime='2021-06-06'>June 6, 2021</time></aside>", "", "2021-06-06", "time"),
        ("<aside><p>Published June 6, 2021</p></aside>", "", "2021-06-06", "text"),
        # The beginning of the text.
        ("", "<p>27.1.2022 - The council met at the quay that day, and it decided on what to build there.</p>",
         "2022-01-27", "text"),
        ("", "<p>(21. November 2022) The council met at the quay that day, and it decided on much.</p>",
         "2022-11-21", "text"),
        # Only the last change is told, in words or for machines.
        ("<p>Updated: December 09, 2025</p>", "", "2025-12-09", "modified"),
        ("<p>Zuletzt aktualisiert: 30.12.2016</p>", "", "2016-12-30", "modified"),
        ("<meta itemprop='x'><p>Last updated 17 December 2025</p><p>Published 2 May 2024</p>", "",
         "2024-05-02", "text"),
    ],
)  # fmt: skip
def test_where_a_page_shows_its_day(
    before: str, after: str, day: str | None, source: str | None
) -> None:
    page = article_page("The quay is open again", sentences(3), published=None)
    page = page.replace("</h1>", f"</h1>{before}{after}")
    found = extract(page.encode(), "https://a.example/news/the-quay-is-open-again").article
    assert found is not None
    assert (found.published.isoformat() if found.published else None) == day
    assert found.provenance.get("published") == source


@pytest.mark.parametrize(
    ("path", "day"),
    [
        ("/2023/october/03/quay", "2023-10-03"), ("/2023/mar/03/quay", "2023-03-03"),
        ("/news/29-10-2021", "2021-10-29"), ("/~21-02-2022-quay", "2022-02-21"),
        # Either number may be the month; no month at all.
        ("/news/02-01-2022", None), ("/2023/marketing/03/quay", None),
    ],
)  # fmt: skip
def test_the_day_of_an_address(path: str, day: str | None) -> None:
    found = from_url(f"https://a.example{path}")
    assert (found.isoformat() if found else None) == day
