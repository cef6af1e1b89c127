"""The archive: opened once, written by one transaction for what belongs together, read by many."""

from __future__ import annotations

import random
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from storage import config as places
from storage.clock import utc_now
from storage.database import migrations
from storage.database.engine import (
    check_reachable,
    lock_source,
    make_engine,
    read_session,
    reason_of,
    unless_locked,
    unless_unreachable,
    write_session,
)
from storage.errors import ArchiveError, FolderNotWritable, NotStorable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date, datetime

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from storage.config import Location
    from storage.ingest.media import FetchedMedia
    from storage.search.results.executor import Sort
    from storage.search.results.hits import Hit
    from storage.search.results.results import Answer
    from storage.types.endpoints import Announcement, EndpointFailed, EndpointRead, Taken
    from storage.types.pages import Outcome, Recorded

T = TypeVar("T")

# PostgreSQL's answers to two writers that met (its manual, appendix A): serialization failure,
# deadlock, and a row that the other one inserted or deleted meanwhile. Run the transaction again.
_OTHER_WRITER = frozenset({"40001", "40P01", "23505", "23503"})
_TRIES = 6


class Archive:
    """An open archive. Cheap to open; close it, or use it as a context manager."""

    def __init__(self, location: Location, engine: Engine) -> None:
        self.location = location
        self.engine = engine

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()

    def load_rules(self) -> None:
        """Let the sources' own rules say what their addresses are."""
        from sqlalchemy import text

        with self.engine.connect() as connection:
            some = connection.execute(text("SELECT 1 FROM sources WHERE rules IS NOT NULL LIMIT 1"))
            if some.first() is not None:
                from storage.jobs.rekey import load_rules

                load_rules(connection)

    def optimize(self, took: float = 0.0) -> None:
        """Keep questions quick as the archive grows.

        SQLite looks at a sample of its tables, so that it plans queries by what is there: cheap
        where little has changed (https://www.sqlite.org/lang_analyze.html, 6). Segments of its
        search index are merged for a tenth of the seconds that what is written ``took``, or for
        one. PostgreSQL does this by itself; its search index is divided where it has grown.
        """
        from storage.search.index.optimize import merge

        if self.engine.dialect.name != "sqlite":
            from storage.search.index.partitions import divide

            divide(self.engine)
            return
        with self.engine.connect() as connection, unless_locked():
            raw: Any = connection.connection.driver_connection
            raw.execute("PRAGMA analysis_limit = 1000")
            raw.execute("PRAGMA optimize = 0x10002")
        merge(self.engine, max(1.0, took / 10))

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session over one consistent state.

        Raises:
            DatabaseUnreachable: the server was stopped, or its connection broke.
        """
        with unless_unreachable(self.engine), read_session(self.engine) as session:
            yield session

    def write(self, work: Callable[[Session], T]) -> T:
        """Run ``work`` in one transaction, again where another writer got in its way.

        Raises:
            NotStorable: the database refuses something of what was to be written.
            ArchiveError: the database is locked for good, full, or cannot be written.
        """
        from sqlalchemy.exc import StatementError

        from storage.ingest.fallback import is_refusal

        for attempt in range(_TRIES):
            try:
                with write_session(self.engine) as session, session.begin():
                    return work(session)
            except (StatementError, UnicodeError, OverflowError) as error:
                state = getattr(getattr(error, "orig", None), "sqlstate", None)
                if state in _OTHER_WRITER and attempt + 1 < _TRIES:
                    time.sleep(0.05 * 2**attempt * random.uniform(0.5, 1.5))  # noqa: S311
                    continue
                if is_refusal(error):
                    raise NotStorable(
                        f"the database refused what was to be written: {reason_of(error)}",
                        "nothing of it was stored; this is a fault of Dateline's, please report it",
                    ) from error
                raise FolderNotWritable(
                    f"the database cannot be written: {reason_of(error)}",
                    "check space, rights and other users of the database; "
                    "what was reported stored is safe",
                ) from error
        raise ArchiveError("the database stayed busy", "try again")

    def record(
        self, source_id: int, run_id: int | None, outcomes: Sequence[Outcome], now: datetime,
        counts: dict[str, int] | None = None,
    ) -> list[Recorded]:  # fmt: skip
        """Write what became of fetched pages, all or none of them, and the run's counts so far.

        Where the database refuses something of them, each is written by itself.
        """
        from storage.crawl.runs import note_counts
        from storage.ingest.batch import Writing
        from storage.ingest.bulk import record_all
        from storage.ingest.fallback import one_by_one

        def written(some: Sequence[Outcome]) -> list[Recorded]:
            def work(session: Session) -> list[Recorded]:
                lock_source(session, source_id)
                if run_id is not None and counts is not None:
                    note_counts(session, run_id, counts)
                return record_all(Writing(session.connection(), source_id, run_id, now), some)

            return self.write(work)

        try:
            return written(outcomes)
        except NotStorable:
            return one_by_one(written, outcomes)

    def record_media(self, fetched: Sequence[FetchedMedia], now: datetime) -> None:
        """Write what became of pictures and attachments."""
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
        except NotStorable:
            each_media(written, fetched)

    def record_endpoint(
        self, source_id: int, outcome: EndpointRead | EndpointFailed, now: datetime
    ) -> Taken:
        """Note a visit to an endpoint and take in what it announced, all or none of it."""
        from storage.crawl.endpoints import record_visit
        from storage.ingest.fallback import failed_endpoint

        def written(visit: EndpointRead | EndpointFailed) -> Taken:
            def work(session: Session) -> Taken:
                lock_source(session, source_id)
                return record_visit(session, visit, now)

            return self.write(work)

        try:
            return written(outcome)
        except NotStorable as error:
            return written(failed_endpoint(outcome, error))

    def offer(self, source_id: int, said: Sequence[Announcement], now: datetime) -> int:
        """Take in announcements that no endpoint made; returns how many are new."""
        from storage.crawl import frontier

        def work(session: Session) -> int:
            lock_source(session, source_id)
            return frontier.offer(session.connection(), source_id, said, now)

        return self.write(work)

    def ask(self, source_id: int, urls: Sequence[str], now: datetime) -> None:
        """Make pages due that a person asks for, whatever became of them before."""
        from storage.crawl import frontier

        def work(session: Session) -> None:
            lock_source(session, source_id)
            frontier.ask(session.connection(), source_id, urls, now)

        self.write(work)

    def search(
        self, query: str, *, source: str | None = None, since: datetime | date | str | None = None,
        until: datetime | date | str | None = None, sort: Sort = "best", limit: int | None = None,
        duplicates: bool = False,
    ) -> Answer:  # fmt: skip
        """The articles that ``query`` finds (``""``: all); of ``duplicates`` one, or all of them.

        ``since`` and ``until`` are moments, days (both included) or texts such as ``2021-09``.

        Raises:
            BadQuery: the query cannot be understood.
            UnknownSource: ``source`` is not followed.
        """
        from storage.search.results.executor import Filter
        from storage.search.results.results import Answer, moment

        now = utc_now()
        where = Filter(source, moment(since, now), moment(until, now, end=True))
        return Answer(
            self.engine, query, where, sort=sort, limit=limit, duplicates=duplicates, now=now
        )

    def by_ids(self, ids: Sequence[int]) -> list[Hit]:
        """Articles as lists show them, in the order of ``ids``; what is none is left out."""
        from storage.search.results.results import by_ids

        return by_ids(self.engine, ids)

    def similar(self, item_id: int, limit: int = 10) -> list[Hit]:
        """The articles most like another, without its duplicates.

        Raises:
            UnknownItem: ``item_id`` is no article that may be found.
        """
        from storage.search.results.results import similar

        return similar(self.engine, item_id, limit)


def open_archive(folder: str | None = None, database: str | None = None) -> Archive:
    """Open the archive in ``folder`` (default: as the environment says, or the nearest upwards).

    Raises:
        ArchiveNotFound: there is none.
        DatabaseUnreachable: the database does not answer.
        DatabaseOutdated: it wants ``dateline db upgrade``.
        DatabaseTooNew: a newer Dateline made it.
    """
    archive = open_unchecked(folder, database)
    try:
        migrations.require_head(archive.engine)
    except ArchiveError:
        archive.close()
        raise
    archive.load_rules()
    return archive


def open_unchecked(folder: str | None = None, database: str | None = None) -> Archive:
    """As :func:`open_archive`, whatever version the database has."""
    location = places.locate(folder, database)
    places.require_archive(location)
    engine = make_engine(location.database_url)
    check_reachable(engine)
    return Archive(location, engine)


def create_archive(folder: str | None = None, database: str | None = None) -> Archive:
    """Make the folder, its settings file and the database; complete what is there already.

    Raises:
        FolderNotWritable: the folder cannot be made or written.
        DatabaseUnreachable: the database does not answer.
        DatabaseTooNew: a newer Dateline made what lies there.
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
            "name a folder of your own: `dateline init DIR`",
        ) from error
    engine = make_engine(location.database_url)
    try:
        check_reachable(engine)
        older = migrations.current(engine) not in (None, migrations.HEAD)
        migrations.upgrade(engine)
    except ArchiveError:
        engine.dispose()
        raise
    archive = Archive(location, engine)
    if older:
        from storage.jobs.reindex import complete

        complete(archive)
    return archive
