"""Integrity checks of an archive: schema, rows, histories, search index, captures, media."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, text

from storage.captures.care import verify
from storage.database.migrations import include_name
from storage.duplicates import lsh, minhash
from storage.models import (
    Article,
    DirectoryEntry,
    Item,
    Revision,
    Signature,
    SignatureBand,
    Takedown,
)
from storage.monitoring.metrics import database_bytes
from storage.search.index import indexer, store
from storage.text.json_delta import replay_deltas
from storage.text.tokens import tokenize

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from storage.database.handle import Database

_TOGETHER = 200
# Problems of one kind that are listed; the rest is a count.
_NAMED = 50
_QUICKLY_READ = 2_000_000_000


def check_archive(database: Database) -> list[str]:
    """Return one line per problem; empty where the archive is sound."""
    problems = [f"schema: {difference}" for difference in schema_differences(database.engine)]
    with database.reading() as session:
        for look in (_database, _rows, _histories, _index, _signatures):
            problems += _shortened(list(look(session)))
    return problems + _shortened(verify.verify(database).problems)


def quick_check(database: Database) -> list[str]:
    """Return the problems of the database that a check of a few seconds finds."""
    problems = [f"schema: {difference}" for difference in schema_differences(database.engine)]
    if database.location.is_sqlite:
        with database.reading() as session:
            # It reads the whole file.
            if database_bytes(session) < _QUICKLY_READ:
                said = session.execute(text("PRAGMA quick_check(3)")).scalars()
                problems += [line for line in said if line != "ok"]
    return problems


def _shortened(problems: list[str]) -> list[str]:
    if len(problems) <= _NAMED:
        return problems
    return [*problems[:_NAMED], f"and {len(problems) - _NAMED} more like the last one"]


def _database(session: Session) -> Iterator[str]:
    if session.get_bind().dialect.name != "sqlite":
        return
    integrity = session.execute(text("PRAGMA integrity_check")).scalar()
    if integrity != "ok":
        yield f"database: {integrity}"
    for row in session.execute(text("PRAGMA foreign_key_check")):
        yield f"row {row[1]} of {row[0]} refers to nothing in {row[2]}"


def _rows(session: Session) -> Iterator[str]:
    for item_id in session.scalars(
        select(Item.id).where(
            Item.state == "stored",
            ~select(Article.item_id).where(Article.item_id == Item.id).exists(),
            ~select(DirectoryEntry.item_id).where(DirectoryEntry.item_id == Item.id).exists(),
        )
    ):
        yield f"item {item_id} is said to be stored and is not"
    leading = Article.__table__.alias("leading")
    lost = (
        select(Article.item_id)
        .outerjoin(leading, leading.c.item_id == Article.cluster_id)
        .where(
            Article.cluster_id.is_not(None),
            func.coalesce(leading.c.cluster_id, 0) != Article.cluster_id,
        )
    )
    for item_id in session.scalars(lost):
        yield f"article {item_id} is in a cluster that nothing leads"
    begun = session.scalars(select(Takedown.id).where(Takedown.state == "begun"))
    for number in begun:
        yield f"takedown {number} was cut short; run `dateline forget --finish`"


def _histories(session: Session) -> Iterator[str]:
    """Check that revisions are consecutive and that the last one equals the item."""
    for table in (Article, DirectoryEntry):
        last = 0
        while rows := _next(session, table, last):
            last = rows[-1].item_id
            history: dict[int, list[Any]] = {row.item_id: [] for row in rows}
            for revision in session.execute(
                select(Revision.item_id, Revision.number, Revision.content, Revision.delta)
                .where(Revision.item_id.in_(history))
                .order_by(Revision.item_id, Revision.number)
            ):
                history[revision.item_id].append(revision)
            for row in rows:
                problem = _history(history[row.item_id], row)
                if problem is not None:
                    yield f"item {row.item_id} {problem}"


def _next(session: Session, table: Any, last: int) -> list[Any]:
    columns = [table.item_id, table.blocks]
    columns += [table.revision] if table is Article else []
    query = select(*columns).where(table.item_id > last).order_by(table.item_id)
    return list(session.execute(query.limit(_TOGETHER)))


def _history(revisions: list[Any], row: Any) -> str | None:
    if not revisions:
        return "has no revision"
    if [r.number for r in revisions] != list(range(1, len(revisions) + 1)):
        return "has a gap in its revisions"
    newest = getattr(row, "revision", len(revisions))
    if newest != len(revisions):
        return f"shows revision {newest} of {len(revisions)}"
    try:
        content = replay_deltas((r.content, r.delta) for r in revisions)
    except (KeyError, IndexError, ValueError, TypeError) as error:
        return f"has a revision that does not follow from the one before: {error!r}"
    if content.get("blocks", []) != row.blocks:
        return "shows another text than its newest revision"
    return None


def _index(session: Session) -> Iterator[str]:
    """Check that the search index holds each article with its current words."""
    connection = session.connection()
    for key in store.stray_keys(connection):
        yield f"search index: {key} is no article's"
    last = 0
    while True:
        ids = list(
            connection.scalars(
                select(Article.item_id)
                .where(Article.item_id > last)
                .order_by(Article.item_id)
                .limit(_TOGETHER)
            )
        )
        if not ids:
            return
        last = ids[-1]
        yield from (f"search index: {fault}" for fault in indexer.index_faults(connection, ids))


def _signatures(session: Session) -> Iterator[str]:
    unsigned = (
        select(Article.item_id, Article.text)
        .outerjoin(Signature, Signature.item_id == Article.item_id)
        .where(Signature.id.is_(None), Article.word_count >= minhash.FEWEST_WORDS)
    )
    for item_id, body in session.execute(unsigned):
        if len(list(tokenize(body))) >= minhash.FEWEST_WORDS:
            yield f"article {item_id} has no signature; run `dateline db upgrade`"
    counts = dict(
        session.execute(
            select(SignatureBand.signature_id, func.count()).group_by(SignatureBand.signature_id)
        ).all()
    )
    connection = session.connection()
    for number in session.scalars(select(Signature.id)).all():
        if not counts.pop(number, 0):
            # All bands may be held by enough other signatures: the text is found through those.
            stored = session.scalar(select(Signature.signature).where(Signature.id == number))
            if not lsh.all_held(connection, minhash.bands_stored(stored or b"")):
                yield f"signature {number} has no bands"
    for number in counts:
        yield f"there are bands of signature {number}, which is not there"
    yield from lsh.band_faults(connection)


def schema_differences(engine: Engine) -> list[object]:
    """Return the differences between models and database; empty where they agree."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from storage.models import Base

    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"include_name": include_name, "compare_type": True}
        )
        return list(compare_metadata(context, Base.metadata))
