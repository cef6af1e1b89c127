"""The archive: the operations that join the layers of storage, on one database handle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from storage import config as places
from storage.clock import utc_now
from storage.database import migrations
from storage.database.engine import check_reachable, lock_source, make_engine
from storage.database.handle import Database
from storage.errors import ArchiveError, DataRejected, FolderNotWritable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from sqlalchemy.orm import Session

    from storage.ingest.media import FetchedMedia
    from storage.search.results.executor import Sort
    from storage.search.results.hits import Hit
    from storage.search.results.results import SearchResults
    from storage.types.endpoints import Announcement, EndpointFailed, EndpointRead, EndpointResult
    from storage.types.pages import Outcome, Recorded


class Archive(Database):
    """An open archive: what the crawler stores and what users read."""

    def record(
        self,
        source_id: int,
        run_id: int | None,
        outcomes: Sequence[Outcome],
        now: datetime,
        counts: dict[str, int] | None = None,
    ) -> list[Recorded]:
        """Write the outcomes of fetched pages in one transaction, with the run's counts so far.

        Where the database rejects a value, each outcome is written by itself.
        """
        from storage.crawl.runs import save_counts
        from storage.ingest.batch import write_batch
        from storage.ingest.change import IngestBatch
        from storage.ingest.fallback import one_by_one

        def written(some: Sequence[Outcome]) -> list[Recorded]:
            def work(session: Session) -> list[Recorded]:
                lock_source(session, source_id)
                if run_id is not None and counts is not None:
                    save_counts(session, run_id, counts)
                return write_batch(session.connection(), IngestBatch(source_id, run_id, now), some)

            return self.write(work)

        try:
            return written(outcomes)
        except DataRejected:
            return one_by_one(written, outcomes)

    def record_media(self, fetched: Sequence[FetchedMedia], now: datetime) -> None:
        """Write the outcomes of fetched pictures and attachments."""
        from storage.ingest import media
        from storage.ingest.fallback import each_media

        def written(some: Sequence[FetchedMedia]) -> None:
            def work(session: Session) -> None:
                for source_id in media.sources_of(session, [one.media_id for one in some]):
                    lock_source(session, source_id)
                media.record(session, some, now)

            self.write(work)

        try:
            written(fetched)
        except DataRejected:
            each_media(written, fetched)

    def record_endpoint(
        self, source_id: int, outcome: EndpointRead | EndpointFailed, now: datetime
    ) -> EndpointResult:
        """Record a visit to an endpoint with its announcements, in one transaction."""
        from storage.crawl.endpoints import record_visit
        from storage.ingest.fallback import failed_endpoint

        def written(visit: EndpointRead | EndpointFailed) -> EndpointResult:
            def work(session: Session) -> EndpointResult:
                lock_source(session, source_id)
                return record_visit(session, visit, now)

            return self.write(work)

        try:
            return written(outcome)
        except DataRejected as error:
            return written(failed_endpoint(outcome, error))

    def add_announcements(self, source_id: int, said: Sequence[Announcement], now: datetime) -> int:
        """Store announcements that no endpoint made; return how many are new."""
        from storage.crawl import frontier

        def work(session: Session) -> int:
            lock_source(session, source_id)
            return frontier.add_announcements(session.connection(), source_id, said, now)

        return self.write(work)

    def request_urls(self, source_id: int, urls: Sequence[str], now: datetime) -> None:
        """Make pages due that a user requests by URL, whatever their state."""
        from storage.crawl import frontier

        def work(session: Session) -> None:
            lock_source(session, source_id)
            frontier.request_urls(session.connection(), source_id, urls, now)

        self.write(work)

    def search(
        self,
        query: str,
        *,
        source: str | None = None,
        since: datetime | date | str | None = None,
        until: datetime | date | str | None = None,
        sort: Sort = "best",
        limit: int | None = None,
        duplicates: bool = False,
    ) -> SearchResults:
        """Search articles; an empty ``query`` finds all, and ``duplicates`` includes duplicates.

        ``since`` and ``until`` are timestamps, days (both included) or texts such as ``2021-09``.

        Raises:
            BadQuery: the query cannot be parsed.
            UnknownSource: no source has the name ``source``.
        """
        from storage.search.results.compiled_search import Filter
        from storage.search.results.results import SearchResults, to_datetime

        now = utc_now()
        where = Filter(source, to_datetime(since, now), to_datetime(until, now, end=True))
        return SearchResults(
            self.engine, query, where, sort=sort, limit=limit, duplicates=duplicates, now=now
        )

    def item(self, reference: int | str, revision: int | None = None) -> dict[str, Any]:
        """One item whole, JSON-ready: text blocks, links, media, mentions, revisions, capture.

        ``reference`` is the item's id or a URL under which it was met; ``revision`` counts from 1
        and is the newest where it is left out.

        Raises:
            UnknownItem: no item has this id or URL, or it has no such revision.
        """
        from storage.queries import items

        return items.read_item(self, items.find_item(self, str(reference)), revision)

    def by_ids(self, ids: Sequence[int]) -> list[Hit]:
        """Return articles as hits, in the order of ``ids``; unknown ids are left out."""
        from storage.search.results.results import by_ids

        return by_ids(self.engine, ids)

    def more_like_this(self, item_id: int, limit: int = 10) -> list[Hit]:
        """Return the articles most similar to another, without its duplicates.

        Raises:
            UnknownItem: the item is not an article of the search index.
        """
        from storage.search.results.results import more_like_this

        return more_like_this(self.engine, item_id, limit)


def open_archive(folder: str | None = None, database: str | None = None) -> Archive:
    """Open the archive in ``folder`` (default: DATELINE_ARCHIVE, or the nearest parent folder).

    Raises:
        ArchiveNotFound: the folder holds no archive.
        DatabaseUnreachable: the database does not answer.
        DatabaseOutdated: the database needs ``dateline db upgrade``.
        DatabaseTooNew: a newer Dateline made the archive.
    """
    archive = open_any_version(folder, database)
    try:
        migrations.require_head(archive.engine)
    except ArchiveError:
        archive.close()
        raise
    load_url_rules(archive)
    return archive


def open_any_version(folder: str | None = None, database: str | None = None) -> Archive:
    """Open as :func:`open_archive`, whatever the version of the database."""
    location = places.locate(folder, database)
    places.require_archive(location)
    engine = make_engine(location.database_url)
    check_reachable(engine)
    return Archive(location, engine)


def create_archive(folder: str | None = None, database: str | None = None) -> Archive:
    """Create the folder, its settings file and the database; complete an existing archive.

    Raises:
        FolderNotWritable: the folder cannot be created or written.
        DatabaseUnreachable: the database does not answer.
        DatabaseTooNew: a newer Dateline made the archive.
    """
    location = places.locate(folder, database)
    try:
        location.folder.mkdir(parents=True, exist_ok=True)
        location.captures.mkdir(exist_ok=True)
        config = location.folder / places.CONFIG_NAME
        if not config.exists():
            config.write_text(places.CONFIG_TEMPLATE, encoding="utf-8")
    except OSError as error:
        raise FolderNotWritable(
            f"cannot write to {location.folder}: {error.strerror}",
            "choose a writable folder: `dateline init DIR`",
        ) from error
    engine = make_engine(location.database_url)
    try:
        check_reachable(engine)
        older = migrations.current_version(engine) not in (None, migrations.HEAD)
        from storage.jobs.upgrade import apply_current_rules

        migrations.upgrade(engine, after=apply_current_rules())
    except ArchiveError:
        engine.dispose()
        raise
    archive = Archive(location, engine)
    if older:
        from storage.jobs.reindex import complete_deferred_work

        complete_deferred_work(archive)
    return archive


def load_url_rules(archive: Archive) -> None:
    """Apply the URL rules of the archive's sources to all URL keys made from now on."""
    from sqlalchemy import text

    with archive.engine.connect() as connection:
        some = connection.execute(text("SELECT 1 FROM sources WHERE rules IS NOT NULL LIMIT 1"))
        if some.first() is not None:
            # Most archives have no rules; they can skip this slow import.
            from storage.jobs.rekey import load_url_rules as load

            load(connection)
