"""Alarms of sources: silence, lost fields, walls, errors, gaps; raised once and cleared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from storage.crawl.backfills import close_backfill, open_gap
from storage.crawl.endpoints import add_endpoints
from storage.crawl.rhythm import Rhythm
from storage.crawl.runs import begin_run
from storage.models import Endpoint
from storage.monitoring import alarms, status
from storage.types.endpoints import EndpointFailed, FoundEndpoint
from storage.users import alerts
from tests.storage.values import NOW, article, later, new_source, stored, task_for

if TYPE_CHECKING:
    from storage.archive import Archive


def _articles(archive: Archive, source: int, first: int, last: int, **fields: Any) -> None:
    pages = [
        stored(
            task_for(archive, source, f"https://herald.example/{n}"),
            article(f"Story {n}", *fields.get("texts", [f"Of the quay, {n} times. " * 20]),
                    **{k: v for k, v in fields.items() if k != "texts"}),
        )
        for n in range(first, last)
    ]  # fmt: skip
    archive.record(source, None, pages, NOW)


def _run(archive: Archive, source: int, at: float = 0, **counts: int) -> list[str]:
    run = archive.write(lambda s: begin_run(s, source, later(hours=at)).id)
    causes = {k: v for k, v in counts.items() if "_" in k}
    return alarms.finish_run(
        archive, source, run, later(hours=at), state="finished", reason="finished",
        counts={k: v for k, v in counts.items() if "_" not in k},
        causes={k.replace("_", "-"): v for k, v in causes.items()},
    )  # fmt: skip


def _kinds(archive: Archive, **which: bool) -> list[str]:
    return [one["kind"] for one in alarms.list_alarms(archive, **which)]  # type: ignore[arg-type]


def _feed(archive: Archive, source: int) -> int:
    found = [FoundEndpoint("https://herald.example/feed", "feed")]
    archive.write(lambda s: add_endpoints(s, source, found, NOW))
    with archive.reading() as session:
        return session.scalars(select(Endpoint.id)).one()


def test_a_source_that_goes_silent_raises_an_alarm_once_and_news_clears_it(
    archive: Archive,
) -> None:
    source = new_source(archive)
    _feed(archive, source)
    _articles(archive, source, 0, 3)
    hourly = [later(hours=-n) for n in range(24 * 14)]
    rhythm = Rhythm(later(days=-14)).observed(NOW, hourly).to_stored()
    archive.write(lambda s: s.execute(update(Endpoint).values(rhythm=rhythm)))
    assert _run(archive, source, 3) == []
    (raised,) = _run(archive, source, 40)
    assert raised.startswith("silent: nothing new since 2026-03-10 12:00 UTC")
    assert _run(archive, source, 41) == []
    assert _kinds(archive) == ["silent"]
    (trouble,) = status.problems(archive, later(hours=41))
    assert [one[:50] for one in trouble["why"]] == [raised[:50]]
    _articles(archive, source, 3, 4)
    archive.record(
        source, None,
        [stored(task_for(archive, source, "https://herald.example/9"), article("News"))],
        later(hours=41),
    )  # fmt: skip
    assert _run(archive, source, 42) == []
    assert _kinds(archive) == []
    assert _kinds(archive, cleared=True) == ["silent"]


def test_a_lost_field_is_told_with_how_it_was(archive: Archive) -> None:
    source = new_source(archive)
    _articles(archive, source, 0, 100, byline=("Ada Lowmoor",))
    assert _run(archive, source) == []
    _articles(archive, source, 100, 130)
    (raised,) = _run(archive, source)
    assert raised == "lost-field: lost: byline (of 0% of the newest articles, 100% before)"
    _articles(archive, source, 130, 160, byline=("Ada Lowmoor",), texts=["Short."])
    (again,) = _run(archive, source) or [alarms.list_alarms(archive)[0]["detail"]]
    assert "words where" in again


def test_walls_and_errors_are_told(archive: Archive) -> None:
    source = new_source(archive)
    (raised,) = _run(archive, source, skipped=9, new=3, login_wall=9)
    assert raised.startswith("walls: 9 of the last 12 pages were walls")
    (raised,) = _run(archive, source, failed=20, http_500=20)
    assert raised == "errors: 20 of the last 32 pages failed, most of them: http-500"
    assert _kinds(archive) == ["errors"]


def test_a_source_that_cannot_be_reached_is_told_and_a_gap_that_stays(archive: Archive) -> None:
    source = new_source(archive)
    feed = _feed(archive, source)
    for n in range(3):
        archive.record_endpoint(
            source, EndpointFailed(feed, "timeout", "no answer"), later(hours=n)
        )
    gap = archive.write(lambda s: open_gap(s, source, (NOW, later(hours=9)), NOW))
    archive.write(lambda s: close_backfill(s, gap, NOW))
    raised = _run(archive, source, 4)
    assert [one.partition(":")[0] for one in raised] == ["unreachable", "gap"]
    assert "timeout: no answer" in raised[0]


def test_alarms_are_told_to_whoever_watches(archive: Archive) -> None:
    alerts.add_alert(archive, None, "desk@herald.example", 60, NOW)
    source = new_source(archive)
    _run(archive, source, failed=20, http_500=20)
    (one,) = alerts.due_messages(archive, later(hours=1))
    assert one.payload["source"] == "herald"
    assert one.payload["alarms"][0]["kind"] == "errors"


def test_a_source_that_nobody_crawls_is_in_trouble(archive: Archive) -> None:
    source = new_source(archive)
    _feed(archive, source)
    archive.write(lambda s: s.execute(update(Endpoint).values(next_due_at=NOW)))
    assert status.problems(archive, later(hours=20)) == []
    (trouble,) = status.problems(archive, later(hours=30))
    assert "is `dateline run` running?" in trouble["why"][0]
