"""Small questions that a query asks of the tables before it is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from storage.search.index import numbers
from storage.search.stems import language_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

# One step of the index for each language there is, however many articles have it
# (https://www.sqlite.org/lang_with.html; PostgreSQL's wiki calls it a loose index scan).
_LANGUAGES = text(
    "WITH RECURSIVE known(language) AS ("
    " SELECT min(language) FROM articles"
    " UNION ALL SELECT (SELECT min(language) FROM articles WHERE language > known.language)"
    " FROM known WHERE known.language IS NOT NULL"
    ") SELECT language FROM known WHERE language IS NOT NULL"
)


def languages(connection: Connection) -> list[str]:
    """The languages of the archive's articles that have stems."""
    found = {language_of(tag) for tag in connection.scalars(_LANGUAGES)}
    return sorted(one for one in found if one is not None)


def entries_called(connection: Connection, name: str) -> list[int]:
    """The directory entries of this name, alias or acronym, or with this number in the archive."""
    from storage.identity import name_key

    key = name_key(name)
    found = list(connection.scalars(
        text("SELECT DISTINCT item_id FROM entry_names WHERE key = :key"), {"key": key}
    ))  # fmt: skip
    # A number of more digits is no item of any database.
    if not found and name.isdecimal() and len(name) < 10:
        found = list(connection.scalars(
            text("SELECT id FROM items WHERE id = :id AND kind = 'entry'"), {"id": int(name)}
        ))  # fmt: skip
    return found


# {ids} is a list of numbers of ours. A union's first row comes once all are known: this one's come
# one by one, so that a frequent entry is left early.
_NAMING = (
    "SELECT item_id FROM mentions WHERE entry_id IN ({ids})"
    " UNION ALL SELECT item_id FROM links WHERE relation = 'entry' AND target_id IN ({ids})"
    " LIMIT {most}"
)
# An article may name an entry several times, and link it too.
_TIMES = 4


def keys_naming(
    connection: Connection, entries: Sequence[int], most: int = 10**9
) -> list[int] | None:
    """The keys of the articles that name one of ``entries``, ascending; ``None`` past ``most``."""
    rows = _NAMING.format(ids=numbers(entries), most=most * _TIMES + 1)
    named = connection.scalar(text(f"SELECT count(*) FROM ({rows}) AS named"))  # noqa: S608
    if (named or 0) > most * _TIMES:
        return None
    # In one statement: a list of so many numbers would take longer to read than to answer.
    by = " INDEXED BY ix_articles_item_key" if connection.dialect.name == "sqlite" else ""
    sql = f"SELECT search_key FROM articles{by} WHERE item_id IN ({rows})"  # noqa: S608
    found = [key for (key,) in connection.exec_driver_sql(sql).all() if key is not None]
    return sorted(found) if len(found) <= most else None
