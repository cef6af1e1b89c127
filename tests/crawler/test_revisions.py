"""What counts as a change of an article: over thirty days of its page, as extraction reads it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from crawler.extraction.article import Known
from crawler.sites import extract_for_site
from storage.crawl.frontier import next_tasks
from storage.queries import items
from storage.types.pages import PageStored
from tests.pages import article_page, sentences
from tests.storage.values import NOW, capture, new_source, task_for

if TYPE_CHECKING:
    from storage.archive import Archive

URL = "https://herald.example/news/2000/story-of-the-harbour"


def _teasers(day: int) -> str:
    cards = "".join(
        f'<li><a href="/news/{day * 10 + n}/most-read-story-{n}">{sentences(day * 7 + n, 1)[0][:70]}'
        f'</a><span>{day + n} views</span></li>'
        for n in range(6)
    )  # fmt: skip
    return (f'<aside class="most-read"><h2>Most read</h2><ul>{cards}</ul></aside>'
            f'<div class="related"><h3>Read also</h3><ul>{cards}</ul></div>')  # fmt: skip


def _seen(archive: Archive, source: int, day: int, page: str) -> str:
    now = NOW + timedelta(days=day)
    if day == 0:
        task = task_for(archive, source, URL)
    else:
        with archive.reading() as session:
            (task,) = next_tasks(session, source, now + timedelta(days=99), count=1, rechecks=1)
    found = extract_for_site(page.encode(), URL, "text/html", Known(now=now))
    assert found.article is not None
    outcome = PageStored(task, (URL,), capture(URL), found.article, "test-1")
    return archive.record(source, None, [outcome], now)[0].verdict


def test_thirty_days_of_new_teasers_make_one_revision(archive: Archive) -> None:
    source = new_source(archive)
    verdicts = [
        _seen(archive, source, day, article_page("A story", sentences(3), extra=_teasers(day)))
        for day in range(30)
    ]
    assert verdicts == ["new", *["unchanged"] * 29]
    assert len(items.read_item(archive, items.find_item(archive, URL))["revisions"]) == 1


def test_a_changed_second_paragraph_yields_exactly_that(archive: Archive) -> None:
    source = new_source(archive)
    paragraphs = sentences(3)
    _seen(archive, source, 0, article_page("A story", paragraphs, extra=_teasers(0)))
    paragraphs[1] = paragraphs[1].replace("had been", "was never")
    page = article_page("A story", paragraphs, extra=_teasers(1))
    assert _seen(archive, source, 1, page) == "revised"
    item = items.find_item(archive, URL)
    record = items.read_item(archive, item)
    assert record["revisions"][1]["changed"] == ["text"]
    from storage.text.word_diff import diff_contents

    found = diff_contents(
        items.read_content(archive, item, 1), items.read_content(archive, item, 2)
    )
    assert found["fields"] == {}
    assert [part.get("same") for part in found["text"]] == [1, None, 6]
    changes = [piece for piece in found["text"][1]["pieces"] if piece[0] != "="]
    assert changes == [("-", "had been"), ("+", "was never")]
