"""Takedown: erases items or a source from every file of the archive, and keeps them from returning.

The order makes a kill at any time harmless: first the tombstones and the list of what to erase
(record ids and paths, which reveal nothing) are committed, then the rows are deleted in one
transaction, then captures and files are rewritten. :func:`resume_takedowns` continues after an
interruption.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, text, update

from storage.captures import warc, zstd_dictionaries
from storage.captures.care import rewrite
from storage.captures.files import DICTIONARIES
from storage.crawl import tombstones
from storage.database.engine import chunked, insert_ignore
from storage.duplicates import clusters, minhash
from storage.errors import ArchiveError, UnknownItem
from storage.maintenance.takedown_plan import TakedownPlan, names_of, plan_takedown
from storage.models import (
    Address,
    Article,
    Candidate,
    Capture,
    CrawlRun,
    DirectoryEntry,
    Item,
    Link,
    Media,
    Mention,
    Revision,
    Source,
    Takedown,
    Tombstone,
)
from storage.search.index import indexer, store
from storage.text.urls import is_web_url, url_key
from storage.users import alerts

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy import Connection
    from sqlalchemy.orm import Session

    from storage.database.handle import Database

_BLANK = "about:blank#forgotten"
# What one item shows of another, in content as it is kept.
_SHOWN = ("anchor", "teaser", "number", "kind", "published", "caption", "credit",
          "alternative_text", "full_name", "expansion")  # fmt: skip


def erase_items(database: Database, ids: Sequence[int], why: str, now: datetime) -> dict[str, int]:
    """Erase items; return counts of what was erased.

    Raises:
        ArchiveError: a crawl is writing to a file with one of them; nothing erased so far
            returns, and the same call continues.
    """
    return _forget(database, list(ids), None, why, now)


def erase_source(database: Database, source_id: int, why: str, now: datetime) -> dict[str, int]:
    """Erase a source with everything that was stored of it.

    Raises:
        ArchiveError: as for :func:`erase_items`.
    """
    with database.reading() as session:
        ids = list(session.scalars(select(Item.id).where(Item.source_id == source_id)))
    return _forget(database, ids, source_id, why, now)


def resume_takedowns(database: Database) -> int:
    """Continue interrupted takedowns; return their number."""
    with database.reading() as session:
        begun = list(session.scalars(select(Takedown.id).where(Takedown.state == "begun")))
    for number in begun:
        _sweep(database, number)
    return len(begun)


def apply_takedowns_of(database: Database, other: Database, now: datetime) -> int:
    """Apply the takedowns of another archive, and copy its tombstones; return the items erased.

    For backups that are older than the takedowns.
    """
    with other.reading() as session:
        rows = session.execute(select(Tombstone.kind, Tombstone.digest)).all()
    names = {(kind, digest) for kind, digest in rows}
    if not names:
        return 0
    with database.reading() as session:
        connection = session.connection()
        ids = [
            item_id
            for item_id, key in session.execute(select(Address.item_id, Address.key))
            if ("address", tombstones.tombstone_digest("address", key)) in names
        ]
        ids += [
            row.id
            for row in session.execute(select(Item.id, Item.source_id, Item.kind, Item.identity))
            if (
                "identity",
                tombstones.tombstone_digest(
                    "identity",
                    tombstones.identity_value(connection, row.source_id, row.kind, row.identity),
                ),
            )
            in names
        ]
        ids += [
            item_id
            for item_id, digest in session.execute(select(Article.item_id, Article.text_digest))
            if ("text", digest) in names
        ]
    why = f"erased in {other.location.folder.name} before"

    def bury(session: Session) -> None:
        counts = {"items": 0, "captures": 0, "media": 0}
        what = "tombstones of another archive"
        takedown = {"at": now, "why": why, "what": what, "state": "done", "counts": counts}
        number = _insert_takedown(session.connection(), takedown)
        held = [{"forgetting_id": number, "kind": k, "digest": d} for k, d in sorted(names)]
        for some in chunked(held, 1_000):
            insert_ignore(session, Tombstone, some)

    ids = sorted(set(ids))
    if ids:
        erase_items(database, ids, why, now)
    database.write(bury)
    return len(ids)


def sweep_erased(database: Database) -> int:
    """Erase captures of erased items that returned at another URL; return their number."""
    with database.reading() as session:
        query = select(Capture.file, Capture.record_id, Capture.key).where(
            Capture.kind == "forgotten"
        )
        files: dict[str, set[str]] = {}
        keys: set[str] = set()
        for file, record_id, key in session.execute(query):
            files.setdefault(file, set()).add(record_id)
            keys.add(key)
    if keys:
        database.write(lambda session: _unlink(session, keys))
    for file, records in files.items():
        rewrite.rewrite(database, file, records)
    return sum(map(len, files.values()))


def _unlink(session: Session, keys: set[str]) -> None:
    """Remove references of other items to something erased that returned at ``keys``."""
    connection = session.connection()
    stubs: list[int] = []
    for some in chunked(sorted(keys), 1_000):
        stubs += connection.scalars(
            select(Item.id)
            .join(Address, Address.item_id == Item.id)
            .where(Address.key.in_(some), Item.state == "stub")
        )
    others = _scrub_others(connection, TakedownPlan(stubs, keys))
    for some in chunked(sorted(keys), 1_000):
        connection.execute(delete(Link).where(Link.key.in_(some)))
    for part in chunked(stubs, 1_000):
        connection.execute(delete(Item).where(Item.id.in_(part)))
    indexer.index_articles(connection, others)


def revoke_takedown(database: Database, number: int) -> None:
    """Delete the tombstones of a takedown: its items may be found and stored again.

    Raises:
        UnknownItem: no takedown has this number.
    """

    def work(session: Session) -> int:
        done: Any = session.execute(delete(Takedown).where(Takedown.id == number))
        return int(done.rowcount)

    if not database.write(work):
        raise UnknownItem(f"there is no takedown {number}", "`dateline forget --list` has them")


def list_takedowns(database: Database) -> list[dict[str, Any]]:
    """List all takedowns, oldest first, JSON-ready."""
    with database.reading() as session:
        return [
            {
                "id": f.id,
                "at": f.at.isoformat(),
                "why": f.why,
                "what": f.what,
                "state": f.state,
                **{name: count for name, count in f.counts.items() if isinstance(count, int)},
            }
            for f in session.scalars(select(Takedown).order_by(Takedown.id))
        ]


def _forget(
    database: Database, ids: list[int], source_id: int | None, why: str, now: datetime
) -> dict[str, int]:
    plan = plan_takedown(database, ids, source_id)

    def work(session: Session) -> int:
        return _erase_rows(session, plan, source_id, why, now)

    number = database.write(work)
    return _sweep(database, number)


def _insert_takedown(connection: Connection, values: dict[str, Any]) -> int:
    return int(connection.execute(insert(Takedown), values).inserted_primary_key[0])  # type: ignore[index]


def _erase_rows(
    session: Session, plan: TakedownPlan, source_id: int | None, why: str, now: datetime
) -> int:
    connection = session.connection()
    what = "a source" if source_id is not None else f"{len(plan.items)} item(s)"
    pending = {"records": plan.records, "paths": plan.paths, "dictionaries": plan.dictionaries}
    counts = {"items": len(plan.items), "captures": plan.captures, "media": len(plan.media)}
    takedown = {
        "at": now,
        "why": why[:2_000],
        "what": what,
        "state": "begun",
        "counts": {**counts, "pending": pending},
    }
    number = _insert_takedown(connection, takedown)
    _bury(connection, number, plan, source_id)
    others = _scrub_others(connection, plan)
    for some in chunked(plan.items, 1_000):
        clusters.remove_items(connection, list(some))
        keys = connection.scalars(
            select(Article.search_key).where(
                Article.item_id.in_(some), Article.search_key.is_not(None)
            )
        )
        store.write_documents(connection, (), [key for key in keys if key is not None])
        connection.execute(delete(Item).where(Item.id.in_(some)))
    for part in chunked(sorted(plan.keys), 1_000):
        connection.execute(delete(Candidate).where(Candidate.key.in_(part)))
        connection.execute(delete(Link).where(Link.key.in_(part)))
    for media in chunked(plan.media, 1_000):
        connection.execute(delete(Media).where(Media.id.in_(media)))
    source = None if source_id is None else session.get_one(Source, source_id).name
    alerts.erase_from_messages(session, plan.items, source)
    if source_id is not None:
        connection.execute(delete(CrawlRun).where(CrawlRun.source_id == source_id))
    # They name entries that are erased.
    indexer.index_articles(connection, others)
    counts["links_of_others"] = len(others)
    connection.execute(
        update(Takedown)
        .where(Takedown.id == number)
        .values(counts={**counts, "pending": {**pending, "source": source_id}})
    )
    return number


def _bury(connection: Connection, number: int, plan: TakedownPlan, source_id: int | None) -> None:
    tombstones.add_tombstones(connection, number, "address", plan.keys)
    for some in chunked(plan.items, 1_000):
        rows = connection.execute(
            select(Item.source_id, Item.kind, Item.identity).where(Item.id.in_(some))
        ).all()
        tombstones.add_tombstones(
            connection,
            number,
            "identity",
            [tombstones.identity_value(connection, *row) for row in rows],
        )
        digests = connection.scalars(
            select(Revision.digest)
            .join(Article, Article.item_id == Revision.item_id)
            .where(Revision.item_id.in_(some), Article.word_count >= minhash.FEWEST_WORDS)
        )
        tombstones.add_tombstones(connection, number, "text", list(digests))
    _bury_names(connection, number, plan)
    for media in chunked(plan.media, 1_000):
        urls = connection.scalars(select(Media.url).where(Media.id.in_(media)))
        tombstones.add_tombstones(connection, number, "media", list(urls))
    if source_id is not None:
        home = connection.scalar(select(Source.home_url).where(Source.id == source_id))
        tombstones.add_tombstones(connection, number, "source", [url_key(home or "")])


def _bury_names(connection: Connection, number: int, plan: TakedownPlan) -> None:
    """Store tombstones of headlines and GUIDs, and delete waiting candidates that have them.

    They identify the article when a feed announces it at a new URL.
    """
    for source_id, titles, guids in names_of(connection, plan):
        values = tombstones.title_values(connection, source_id, titles)
        tombstones.add_tombstones(connection, number, "title", values.values())
        tombstones.add_tombstones(connection, number, "address", guids)
        rows = connection.execute(
            select(Candidate.id, Candidate.key, Candidate.hints).where(
                Candidate.source_id == source_id, Candidate.hints.is_not(None)
            )
        )
        known = set(values) | set(guids)
        ids = [row.id for row in rows if not known.isdisjoint(_named_by(row.hints))]
        for some in chunked(ids, 1_000):
            connection.execute(delete(Candidate).where(Candidate.id.in_(some)))


def _named_by(hints: dict[str, Any]) -> list[Any]:
    return [hints.get("headline"), *tombstones.keys_of_guid(hints.get("guid"))]


def _scrub_others(connection: Connection, plan: TakedownPlan) -> list[int]:
    """Remove references of other items and their histories; return the items changed."""
    going = set(plan.items)
    others: set[int] = set()
    for some in chunked(plan.items, 1_000):
        others.update(connection.scalars(select(Link.item_id).where(Link.target_id.in_(some))))
        others.update(connection.scalars(select(Mention.item_id).where(Mention.entry_id.in_(some))))
    for part in chunked(sorted(plan.keys), 1_000):
        others.update(connection.scalars(select(Link.item_id).where(Link.key.in_(part))))
    showing = sorted(others - going)
    for item_id in showing:
        for table, names in (
            (Revision, ("content", "delta")),
            (Article, ("blocks",)),
            (DirectoryEntry, ("blocks",)),
        ):
            key = table.__table__.primary_key.columns[0]  # type: ignore[attr-defined]
            columns = [getattr(table, name) for name in names]
            own = getattr(table, "item_id") == item_id  # noqa: B009  # the tables' common column
            rows = connection.execute(select(key, *columns).where(own)).all()
            for number, *values in rows:
                clean = [_scrubbed(value, plan.keys) for value in values]
                if clean != values:
                    connection.execute(
                        update(table)
                        .where(key == number)
                        .values(dict(zip(names, clean, strict=True)))
                    )
        mentions = connection.execute(
            select(Mention.id, Mention.entry_id).where(Mention.item_id == item_id)
        ).all()
        naming = [number for number, entry_id in mentions if entry_id in going]
        for some_names in chunked(naming, 1_000):
            connection.execute(
                update(Mention)
                .where(Mention.id.in_(some_names))
                .values(full_name=None, expansion=None, url=None)
            )
    return showing


def _scrubbed(value: Any, keys: Collection[str]) -> Any:
    """Return ``value`` (JSON) with references to ``keys`` blanked; lists keep their length."""
    if isinstance(value, list):
        return [_scrubbed(part, keys) for part in value]
    if not isinstance(value, dict):
        return value
    url = value.get("url")
    if isinstance(url, str) and is_web_url(url) and url_key(url) in keys:
        kept = {name: part for name, part in value.items() if name not in _SHOWN}
        # The kind of a span is not the kind of what it leads to.
        if "start" in value and "kind" in value:
            kept["kind"] = value["kind"]
        if "anchor" in value and "start" in value:
            kept["anchor"] = value["anchor"]
        return {**kept, "url": _BLANK}
    return {name: _scrubbed(part, keys) for name, part in value.items()}


def _sweep(database: Database, number: int) -> dict[str, int]:
    """Rewrite files without the erased records, then free the pages of the database."""
    rewrite.finish(database)
    with database.reading() as session:
        counts = dict(session.get_one(Takedown, number).counts)
    pending = counts.pop("pending", {})
    for name in pending.get("dictionaries", ()):
        _drop_dictionary(database, name)
    with database.reading() as session:
        records = [r for found in pending.get("records", {}).values() for r in found]
        where: dict[str, set[str]] = {}
        for some in chunked(records, 1_000):
            rows = session.execute(
                select(Capture.file, Capture.record_id).where(Capture.record_id.in_(some))
            )
            for file, record_id in rows:
                where.setdefault(file, set()).add(record_id)
    for file, found in where.items():
        rewrite.rewrite(database, file, found)
    for path in pending.get("paths", ()):
        (database.location.media / path).unlink(missing_ok=True)
    source_id = pending.get("source")

    def close(session: Session) -> None:
        if source_id is not None:
            session.execute(delete(Source).where(Source.id == source_id))
        session.execute(
            update(Takedown).where(Takedown.id == number).values(state="done", counts=counts)
        )

    database.write(close)
    _free_pages(database)
    return {name: count for name, count in counts.items() if isinstance(count, int)}


def _drop_dictionary(database: Database, name: str) -> None:
    """Recompress the files of a dictionary as gzip, and delete it."""
    suffix = f".{name}{warc.ZSTD_SUFFIX}"
    with database.reading() as session:
        files = list(
            session.scalars(select(Capture.file).distinct().where(Capture.file.endswith(suffix)))
        )
    for file in files:
        rewrite.rewrite(database, file, (), warc.GZIP)
    folder = database.location.captures / DICTIONARIES
    (folder / f"{name}.zst").unlink(missing_ok=True)
    zstd_dictionaries.load_codec.cache_clear()


_TABLES = ("items", "addresses", "articles", "directory_entries", "entry_names", "revisions",
           "links", "mentions", "media", "article_media", "candidates", "captures", "events",
           "signatures", "search_index", "dossier_articles")  # fmt: skip


def _free_pages(database: Database) -> None:
    """Leave no deleted row in a free page, an index segment or the write-ahead log.

    Raises:
        ArchiveError: another process keeps using the database.
    """
    from sqlalchemy.exc import OperationalError

    database.engine.dispose()
    sqlite = database.engine.dialect.name == "sqlite"
    try:
        with database.engine.connect() as connection:
            raw = connection.connection.driver_connection
            if raw is None:
                return
            if sqlite:
                # A merge of all segments is what takes deleted words out of FTS5
                # (https://www.sqlite.org/fts5.html, 6.7).
                raw.execute("INSERT INTO search_index(search_index) VALUES('optimize')")
                raw.execute("VACUUM")
                busy = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                if busy and busy[0]:
                    raise ArchiveError(
                        "the erased rows may still be in the database's write-ahead log",
                        "stop other processes of this archive, then run `dateline forget --finish`",
                    )
        if not sqlite:
            with database.engine.connect().execution_options(
                isolation_level="AUTOCOMMIT"
            ) as connection:
                for table in _TABLES:
                    connection.execute(text(f"VACUUM FULL {table}"))
    except OperationalError as error:
        raise ArchiveError(
            f"cannot compact the database: {error.orig}",
            "stop other processes of this archive, then run `dateline forget --finish`",
        ) from error
