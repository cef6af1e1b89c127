"""What imports need: the source of a page, and pages that are stored already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from storage.crawl.endpoints import add_endpoints
from storage.crawl.sources import add_source, list_sources, require_new, suggest_name
from storage.models import Capture, Source
from storage.text.url_rules import normalize_host
from storage.text.urls import host_of, url_key

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from storage.database.handle import Database
    from storage.types.endpoints import FoundEndpoint


class SourceFinder:
    """Finds the source of a page: the one with its host, or the nearest parent domain."""

    def __init__(self, database: Database) -> None:
        self._archive = database
        with database.reading() as session:
            newest_first = list(session.scalars(select(Source).order_by(Source.id.desc())))
        self._by_host = {normalize_host(host_of(s.home_url)): s for s in newest_first}

    def of(self, url: str) -> Source | None:
        """Return the source of ``url``; ``None`` where there is none."""
        host = normalize_host(host_of(url))
        while host:
            if host in self._by_host:
                return self._by_host[host]
            host = host.partition(".")[2]
        return None

    def made(self, url: str, now: datetime) -> Source:
        """Create a source for the host of ``url``; it is paused, since no one asked to crawl it."""
        host = host_of(url)
        home = f"https://{host}/"

        def work(session: Any) -> Source:
            name = suggest_name(home, [s.name for s in list_sources(session)])
            source = add_source(session, name=name, home_url=home, now=now)
            source.state = "paused"
            session.flush()
            return source

        source = self._archive.write(work)
        self._by_host[normalize_host(host)] = source
        return source


def stored_captures(
    database: Database, source_id: int, pages: Sequence[tuple[str, datetime, str]]
) -> set[tuple[str, datetime, str]]:
    """Return those of (URL, timestamp, SHA-256 of the body) that are stored captures already."""
    keys = {url_key(url) for url, _, _ in pages}
    with database.reading() as session:
        rows = session.execute(
            select(Capture.key, Capture.fetched_at, Capture.digest).where(
                Capture.source_id == source_id, Capture.key.in_(keys)
            )
        ).all()
    known = {(key, moment, digest) for key, moment, digest in rows}
    return {page for page in pages if (url_key(page[0]), page[1], page[2]) in known}


def follow_listed_source(
    database: Database, home_url: str, title: str | None, endpoint: FoundEndpoint, now: datetime
) -> str | None:
    """Add a source of a list by its feed; return its name, ``None`` where it is known already.

    A second feed is added to the known source.
    """
    from storage.errors import SourceExists

    def work(session: Any) -> str | None:
        try:
            require_new(session, None, home_url)
        except SourceExists:
            source = next(
                s
                for s in session.scalars(select(Source))
                if url_key(s.home_url) == url_key(home_url)
            )
            add_endpoints(session, source.id, [endpoint], now)
            return None
        name = suggest_name(home_url, [s.name for s in list_sources(session)])
        source = add_source(session, name=name, home_url=home_url, now=now, title=title)
        add_endpoints(session, source.id, [endpoint], now)
        return name

    return database.write(work)
