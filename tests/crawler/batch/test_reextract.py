"""Re-extraction: revisions of the same capture, nothing overwritten, going on where it stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from crawler.batch import reextract
from crawler.extraction.article import EXTRACTOR
from storage.maintenance.integrity import check_archive
from storage.models import Article, Capture
from storage.queries import items
from tests.pages import article_page, sentences
from tests.storage.values import NOW, article, new_source, real_capture, task_for

if TYPE_CHECKING:
    from storage.archive import Archive

HOME = "https://herald.example"


@pytest.fixture
def held(archive: Archive) -> Archive:
    """Six pages, of which an older extractor saw only the first paragraph and no author."""
    from storage.types.pages import PageStored

    source = new_source(archive)
    outcomes = []
    for n in range(6):
        url = f"{HOME}/news/{n}/a-story-of-the-harbour"
        page = article_page(f"Story {n}", sentences(n))
        capture = real_capture(archive, url, page.encode())
        task = task_for(archive, source, url)
        content = article(f"Story {n}", sentences(n)[0])
        outcomes.append(PageStored(task, (url,), capture, content, "dateline-0"))
    archive.record(source, None, outcomes, NOW)
    return archive


def test_what_differs_becomes_a_revision_of_the_same_capture(held: Archive) -> None:
    done = reextract.reextract(held, older=True)
    assert (done.seen, done.changed, done.causes) == (6, 6, {})
    assert done.fields["text"] == 6
    record = items.read_item(held, 1)
    one, two = record["revisions"]
    assert (one["origin"], two["origin"]) == ("crawl", "reextraction")
    assert (one["extractor"], two["extractor"]) == ("dateline-0", EXTRACTOR)
    assert one["capture"] == two["capture"]
    assert record["text"] == "\n".join(sentences(0))
    assert items.read_item(held, 1, 1)["text"] == sentences(0)[0]
    assert check_archive(held) == []
    # Nothing is older now, and reading all of it again changes nothing.
    assert reextract.reextract(held, older=True, restart=True).seen == 0
    again = reextract.reextract(held)
    assert (again.seen, again.changed) == (6, 0)
    with held.reading() as session:
        assert session.query(Capture).count() == 6
        assert {a.extractor for a in session.query(Article)} == {EXTRACTOR}


def test_it_goes_on_where_it_was_cut_short(held: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reextract, "_BATCH", 2)
    seen: list[tuple[int, int]] = []

    def stop(done: int, total: int) -> None:
        seen.append((done, total))
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reextract.reextract(held, observer=stop)
    done = reextract.reextract(held, observer=lambda *at: seen.append(at))
    assert seen == [(2, 6), (4, 6), (6, 6)]
    assert (done.seen, done.changed) == (6, 6)


def test_a_lost_capture_is_counted_and_the_rest_goes_on(held: Archive) -> None:
    path = next(held.location.captures.glob("*.gz"))
    path.unlink()
    done = reextract.reextract(held)
    assert (done.seen, done.changed, done.causes) == (6, 5, {"capture-unreadable": 1})


def test_only_a_source_or_a_time(held: Archive) -> None:
    from datetime import timedelta

    def other(session: Any) -> int:
        from storage.crawl.sources import add_source

        return add_source(session, name="o", home_url="https://o.example/", now=NOW).id

    assert reextract.reextract(held, held.write(other)).seen == 0
    assert reextract.reextract(held, since=NOW + timedelta(days=1)).seen == 0
    assert reextract.reextract(held, since=NOW).seen == 6
