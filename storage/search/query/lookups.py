"""Small lookups in the tables that compiling a query needs."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import text

from storage.text.normalize import name_key
from storage.text.stemming import stemming_language

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection, RootTransaction

T = TypeVar("T")

# One index step per language, however many articles have it
# (https://www.sqlite.org/lang_with.html; PostgreSQL's wiki calls it a loose index scan).
_LANGUAGES = text(
    "WITH RECURSIVE known(language) AS ("
    " SELECT min(language) FROM articles"
    " UNION ALL SELECT (SELECT min(language) FROM articles WHERE language > known.language)"
    " FROM known WHERE known.language IS NOT NULL"
    ") SELECT language FROM known WHERE language IS NOT NULL"
)


def cached_per_transaction(ask: Callable[[Connection], T]) -> Callable[[Connection], T]:
    """Cache the result of a lookup for one transaction: one search compiles several queries."""
    known: WeakKeyDictionary[RootTransaction, T] = WeakKeyDictionary()

    @wraps(ask)
    def asked(connection: Connection) -> T:
        transaction = connection.get_transaction()
        if transaction is not None and transaction in known:
            return known[transaction]
        answer = ask(connection)
        # The lookup may have begun the transaction.
        transaction = connection.get_transaction()
        if transaction is not None:
            known[transaction] = answer
        return answer

    return asked


@cached_per_transaction
def stemmed_languages(connection: Connection) -> list[str]:
    """Return the languages of the archive's articles that have stems."""
    found = {stemming_language(tag) for tag in connection.scalars(_LANGUAGES)}
    return sorted(one for one in found if one is not None)


def entry_ids_named(connection: Connection, name: str) -> list[int]:
    """Return the directory entries with this name, alias, acronym or number."""
    key = name_key(name)
    found = list(
        connection.scalars(
            text("SELECT DISTINCT item_id FROM entry_names WHERE key = :key"), {"key": key}
        )
    )
    # A number of more digits exceeds the item numbers of any database.
    if not found and name.isdecimal() and len(name) < 10:
        found = list(
            connection.scalars(
                text("SELECT id FROM items WHERE id = :id AND kind = 'entry'"), {"id": int(name)}
            )
        )
    return found
