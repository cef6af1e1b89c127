"""What is due, and who may crawl it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from storage.crawl import due, leases
from storage.crawl.endpoints import add_endpoints
from storage.models import Endpoint
from storage.monitoring import health
from storage.types.endpoints import Announcement, EndpointRead, FoundEndpoint
from tests.storage.values import NOW, later, new_source

if TYPE_CHECKING:
    from storage.archive import Archive


def _with_feed(archive: Archive, name: str) -> int:
    source = new_source(archive, name, f"https://{name}.example/")
    feed = FoundEndpoint(f"https://{name}.example/feed", "feed")
    archive.write(lambda session: add_endpoints(session, source, [feed], NOW))
    return source


def _read(archive: Archive, source: int, *, digest: str, **step: float) -> None:
    with archive.reading() as session:
        number = session.scalar(select(Endpoint.id).where(Endpoint.source_id == source))
    assert number is not None
    archive.record_endpoint(
        source, EndpointRead(number, 200, digest=digest, announcements=()), later(**step)
    )


def _names(archive: Archive, **step: float) -> list[str]:
    return [one.name for one in due.due_sources(archive, later(**step))]


def test_an_endpoint_calls_for_a_crawl_when_it_is_due(archive: Archive) -> None:
    source = _with_feed(archive, "herald")
    _with_feed(archive, "courier")
    assert _names(archive) == ["herald", "courier"]
    _read(archive, source, digest="a")
    assert _names(archive) == ["courier"]
    following = due.next_due_at(archive, NOW)
    assert following is not None
    assert later(minutes=27) <= following <= later(minutes=33)
    assert _names(archive, minutes=34) == ["herald", "courier"]
    health.set_state(archive, "courier", "paused")
    assert _names(archive, minutes=34) == ["herald"]


def test_waiting_pages_call_for_a_crawl_once_it_rested(archive: Archive) -> None:
    source = _with_feed(archive, "herald")
    _read(archive, source, digest="a")
    archive.add_announcements(source, [Announcement("https://herald.example/1")], NOW)
    assert _names(archive, minutes=1) == ["herald"]
    from storage.crawl.runs import begin_run, end_run

    run = archive.write(lambda session: begin_run(session, source, NOW).id)
    archive.write(lambda s: end_run(s, run, NOW, state="finished", reason="", counts={}, causes={}))
    assert _names(archive, minutes=1) == []
    assert _names(archive, minutes=16) == ["herald"]


def test_a_lease_is_one_holder_s_until_it_runs_out(archive: Archive) -> None:
    assert leases.acquire(archive, "herald.example", "one", NOW)
    assert leases.acquire(archive, "herald.example", "one", NOW)
    assert not leases.acquire(archive, "herald.example", "two", later(minutes=1))
    assert leases.renew(archive, ["herald.example"], "one", later(minutes=1)) == set()
    assert not leases.acquire(archive, "herald.example", "two", later(minutes=2.5))
    assert leases.acquire(archive, "herald.example", "two", later(minutes=4))
    assert leases.renew(archive, ["herald.example"], "one", later(minutes=4)) == {"herald.example"}
    leases.release(archive, "herald.example", "one")
    assert not leases.acquire(archive, "herald.example", "three", later(minutes=4))
    leases.release(archive, "herald.example", "two")
    assert leases.acquire(archive, "herald.example", "three", later(minutes=4))


def test_what_a_killed_run_left_is_taken_up_at_once(archive: Archive) -> None:
    from storage.crawl.runs import begin_run, end_run

    source = _with_feed(archive, "herald")
    _read(archive, source, digest="a")
    archive.add_announcements(source, [Announcement("https://herald.example/1")], NOW)
    run = archive.write(lambda session: begin_run(session, source, NOW).id)
    assert _names(archive, minutes=1) == ["herald"]
    archive.write(
        lambda s: end_run(
            s, run, later(minutes=1), state="finished", reason="", counts={}, causes={}
        )
    )
    assert _names(archive, minutes=2) == []
    assert _names(archive, minutes=16) == ["herald"]
