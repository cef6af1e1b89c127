"""Applies the current rules to an older archive: URL keys, words and teasers.

Runs inside the transaction of the migrations, because an archive with mixed rules gives wrong
results. Indexing takes long and is done later in parts (storage.jobs.reindex).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, select, update

from storage.database.engine import chunked
from storage.duplicates import clusters
from storage.jobs import rekey
from storage.jobs.reextraction import restore_all_fuller_texts
from storage.models import Article, ArticleMedia, DirectoryEntry, EntryName, Media
from storage.search.index import store
from storage.text.letters import is_plain
from storage.text.normalize import name_key, normalized_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection

# The schema version since which words, URL keys and teasers follow the current rules.
SINCE = "0016"
_TOGETHER = 500


def apply_current_rules(
    tell: Callable[[str], None] = lambda _: None,
) -> Callable[[str, Connection], None]:
    """Build the callback that :func:`storage.database.migrations.upgrade` runs after its steps.

    It updates an archive older than ``SINCE``; ``tell`` is called with the progress.
    """

    def after(version: str, connection: Connection) -> None:
        if version < SINCE:
            _follow(connection, tell)

    return after


def _follow(connection: Connection, tell: Callable[[str], None]) -> None:
    tell("addresses are compared by newer rules …")
    rekey.load_url_rules(connection)
    changed = rekey.rekey(connection)
    tell(f"{changed:,} addresses changed; words of all scripts are read anew …")
    names = _rename(connection)
    articles = _leave_index(connection)
    tell(f"{articles:,} articles and {names:,} names to index anew; looking for teasers …")
    mended = restore_all_fuller_texts(connection, datetime.now(UTC))
    if mended:
        tell(f"{mended:,} articles have their full text again, of which the newest was a teaser")


def _leave_index(connection: Connection) -> int:
    """Remove articles whose words have changed from index and signatures; return their number."""
    count, last = 0, 0
    while True:
        rows = connection.execute(
            select(
                Article.item_id,
                Article.search_key,
                Article.headline,
                Article.standfirst,
                Article.text,
                Article.byline,
                Article.section,
                Article.tags,
                Article.kind,
            )
            .where(Article.item_id > last)
            .order_by(Article.item_id)
            .limit(_TOGETHER)
        ).all()
        if not rows:
            return count
        last = rows[-1].item_id
        attached = _with_attachments(connection, [row.item_id for row in rows])
        left = [row for row in rows if row.item_id in attached or not _reads_plain(row)]
        count += len(left)
        ids = [row.item_id for row in left]
        store.write_documents(
            connection, (), [row.search_key for row in left if row.search_key is not None]
        )
        clusters.remove_items(connection, ids)
        for row in left:
            connection.execute(
                update(Article)
                .where(Article.item_id == row.item_id)
                .values(search_key=None, word_count=len(normalized_words(row.text)))
            )


def _reads_plain(row: Any) -> bool:
    texts = (row.headline, row.standfirst, row.text, row.section, row.kind, *row.byline, *row.tags)
    return all(is_plain(text) for text in texts if text)


def _with_attachments(connection: Connection, ids: list[int]) -> set[int]:
    """Return the articles whose attachments have words of other scripts."""
    rows = connection.execute(
        select(ArticleMedia.item_id, Media.text)
        .join(Media, Media.id == ArticleMedia.media_id)
        .where(ArticleMedia.item_id.in_(ids), Media.text.is_not(None))
    )
    return {item_id for item_id, text in rows if text and not is_plain(text)}


def _rename(connection: Connection) -> int:
    """Update the keys of directory names; return how many changed."""
    changed = list(_stale_names(connection, EntryName, EntryName.id, EntryName.key))
    held = {
        (item_id, key)
        for some in chunked([item_id for _, item_id, _ in changed])
        for item_id, key in connection.execute(
            select(EntryName.item_id, EntryName.key).where(EntryName.item_id.in_(some))
        )
    }
    for number, item_id, key in changed:
        if (item_id, key) in held:
            connection.execute(delete(EntryName).where(EntryName.id == number))
        else:
            held.add((item_id, key))
            connection.execute(update(EntryName).where(EntryName.id == number).values(key=key))
    entries = _stale_names(
        connection, DirectoryEntry, DirectoryEntry.item_id, DirectoryEntry.name_key
    )
    rows = [{"b_id": number, "b_key": key} for number, _, key in entries]
    if rows:
        statement = (
            update(DirectoryEntry.__table__)  # type: ignore[arg-type]
            .where(DirectoryEntry.item_id == bindparam("b_id"))
            .values(name_key=bindparam("b_key"))
        )
        connection.execute(statement, rows)
    return len(changed)


def _stale_names(
    connection: Connection, table: Any, number: Any, held: Any
) -> Iterator[tuple[int, int, str]]:
    """Return (row, item, new key) of the names whose key has changed."""
    rows = connection.execute(select(number, table.item_id, table.name, held).order_by(number))
    for row_id, item_id, name, key in rows.all():
        wanted = name_key(name)
        if wanted and wanted != key:
            yield row_id, item_id, wanted
