"""What readers are told: each new match once, and alarms."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from storage.users import alerts, saved_searches
from storage.users.alerts import InvalidTarget, UnknownAlert, normalize_target
from tests.storage.values import NOW, article, later, new_source, stored, task_for

if TYPE_CHECKING:
    from storage.archive import Archive

HOOK = "https://hooks.example/in"


def _publish(archive: Archive, source: int, name: str, text: str, at: float = 0) -> None:
    url = f"https://herald.example/{name}"
    task = task_for(archive, source, url)
    page = stored(task, article(f"Of {name}", f"{text} It was told at length that day."))
    archive.record(source, None, [page], later(hours=at))


def _watch(archive: Archive, query: str, every: int = 60) -> int:
    number = saved_searches.save_search(archive, query, query, NOW)
    return alerts.add_alert(archive, number, HOOK, every, NOW).id


def _told(archive: Archive, at: float) -> list[list[str]]:
    """What is told at an hour, a list of headlines a message."""
    alerts.queue_matches(archive, later(hours=at))
    found = alerts.due_messages(archive, later(hours=at))
    for one in found:
        alerts.mark_sent(archive, one, later(hours=at))
    return [[a["headline"] for a in one.payload["articles"]] for one in found]


def test_each_new_match_is_told_once(archive: Archive) -> None:
    source = new_source(archive)
    _publish(archive, source, "before", "The ferry was late.")
    _watch(archive, "ferry")
    assert _told(archive, 1) == []
    _publish(archive, source, "one", "The ferry was late again.", 1)
    _publish(archive, source, "two", "The bridge was shut.", 1)
    _publish(archive, source, "three", "Another ferry came.", 1)
    assert _told(archive, 2.5) == [["Of one", "Of three"]]
    assert _told(archive, 5) == []


def test_it_tells_at_most_as_often_as_asked(archive: Archive) -> None:
    source = new_source(archive)
    _watch(archive, "ferry", every=24 * 60)
    assert _told(archive, 0) == []
    _publish(archive, source, "one", "The ferry was late.", 1)
    assert _told(archive, 3) == []
    _publish(archive, source, "two", "The ferry was late.", 20)
    assert _told(archive, 25) == [["Of one", "Of two"]]


def test_an_article_that_comes_to_match_is_told_and_one_of_before_is_not(archive: Archive) -> None:
    source = new_source(archive)
    _publish(archive, source, "old", "The bridge was shut.")
    _watch(archive, "ferry")
    _publish(archive, source, "new", "The bridge was shut, too.", 1)
    assert _told(archive, 2) == []
    for name in ("old", "new"):
        url = f"https://herald.example/{name}"
        with archive.reading() as session:
            from storage.crawl.frontier import next_tasks

            tasks = next_tasks(session, source, later(days=2), count=10, rechecks=10)
        task = next(one for one in tasks if one.url == url)
        page = stored(task, article(f"Of {name}", "The bridge was shut; a ferry goes now."))
        archive.record(source, None, [page], later(days=2))
    assert _told(archive, 60) == [["Of new"]]


def test_what_was_not_sent_is_sent_again_under_the_same_key(archive: Archive) -> None:
    source = new_source(archive)
    number = _watch(archive, "ferry")
    _publish(archive, source, "one", "The ferry was late.", 1)
    alerts.queue_matches(archive, later(hours=2))
    (first,) = alerts.due_messages(archive, later(hours=2))
    alerts.mark_failed(archive, first, "no", later(hours=2))
    assert alerts.due_messages(archive, later(hours=2)) == []
    (again,) = alerts.due_messages(archive, later(hours=2, minutes=2))
    assert (again.key, again.attempts) == (first.key, 1)
    (info,) = alerts.list_alerts(archive)
    assert (info.id, info.told, info.waiting, info.last_error) == (number, 1, 1, "no")
    alerts.mark_sent(archive, again, later(hours=3))
    assert alerts.due_messages(archive, later(days=300)) == []
    alerts.remove_alert(archive, number)
    assert alerts.list_alerts(archive) == []
    with pytest.raises(UnknownAlert):
        alerts.remove_alert(archive, number)


def test_many_matches_are_several_messages(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alerts, "MAX_ARTICLES", 3)
    source = new_source(archive)
    _watch(archive, "ferry")
    for n in range(7):
        _publish(archive, source, f"n{n}", f"The ferry number {n} was late.", 1)
    told = _told(archive, 3)
    assert [len(one) for one in told] == [3, 3, 1]
    assert len({headline for one in told for headline in one}) == 7
    assert _told(archive, 3 + timedelta(hours=9) / timedelta(hours=1)) == []


@pytest.mark.parametrize(
    "bad", ["", "nobody", "a@b", "ftp://x/y", "a b@c.example", "a@b.example,c"]
)
def test_a_target_that_is_none_is_refused(bad: str) -> None:
    with pytest.raises(InvalidTarget):
        normalize_target(bad)


def test_targets_are_kept_as_urls() -> None:
    assert normalize_target("desk@herald.example") == "mailto:desk@herald.example"
    assert normalize_target(f" {HOOK} ") == HOOK


def test_what_is_erased_by_request_leaves_the_messages_too(archive: Archive) -> None:
    source = new_source(archive)
    _watch(archive, "ferry")
    _publish(archive, source, "one", "The ferry was late.", 1)
    _publish(archive, source, "two", "The ferry was late, too.", 1)
    alerts.queue_matches(archive, later(hours=3))
    (before,) = alerts.due_messages(archive, later(hours=3))
    first, second = (one["id"] for one in before.payload["articles"])
    archive.write(lambda s: alerts.erase_from_messages(s, [first], None))
    (after,) = alerts.due_messages(archive, later(hours=4))
    assert [one["id"] for one in after.payload["articles"]] == [second]
    archive.write(lambda s: alerts.erase_from_messages(s, [second], None))
    assert alerts.due_messages(archive, later(hours=4)) == []
