"""Compiles a search: query text and filter become SQL and the phrases to rank by."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from storage.errors import unknown_source
from storage.search.query.ast import (
    And,
    FromSource,
    Near,
    Or,
    Phrase,
    TimeRange,
    all_of,
    ranked_phrases,
)
from storage.search.query.dialects import compile_query
from storage.search.query.lookups import stemmed_languages
from storage.search.query.parser import parse
from storage.search.results import bm25

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from storage.search.query.ast import Expression
    from storage.search.query.compiled import CompiledQuery
    from storage.search.results.bm25 import Term


@dataclass(frozen=True, slots=True)
class Filter:
    """Limits of a search beside its query. Timestamps are aware; ``until`` is exclusive."""

    source: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class CompiledSearch:
    """A parsed query with its filter, the SQL of its matches, and the terms that rank them."""

    expression: Expression
    query: CompiledQuery
    terms: tuple[Term, ...]


def compile_search(
    connection: Connection, query: str, where: Filter, now: datetime
) -> CompiledSearch:
    """Parse a query and compile it, with its filter, for the database of ``connection``.

    Raises:
        BadQuery: the query cannot be parsed, or names an unknown entry or dossier.
        UnknownSource: ``where`` names a source that is not followed.
    """
    limits: list[Expression] = []
    if where.source is not None:
        require_source(connection, where.source)
        limits.append(FromSource(where.source))
    if where.since is not None or where.until is not None:
        limits.append(TimeRange(where.since, where.until))
    expression = all_of(parse(query, now), *limits)
    terms = bm25.terms_of(expression, stemmed_languages(connection))
    return CompiledSearch(expression, compile_query(connection, expression), tuple(terms))


def matching_keys_sql(
    connection: Connection, query: str, where: Filter, now: datetime
) -> tuple[str, dict[str, Any]]:
    """Return SQL of the search keys that match, and its parameters, to join with other tables."""
    return compile_search(connection, query, where, now).query.statement("{key}")


def headline_only(expression: Expression) -> Expression:
    """Return ``expression`` with its words searched in headlines only."""
    inside = set(map(id, ranked_phrases(expression)))

    def restricted(node: Expression) -> Expression:
        match node:
            case And(parts):
                return And(tuple(restricted(part) for part in parts))
            case Or(parts):
                return Or(tuple(restricted(part) for part in parts))
            # A word that is searched in the text alone would not match in a headline.
            case Near(first, second, words) if first.field == second.field == "any":
                return Near(replace(first, field="title"), replace(second, field="title"), words)
            case Phrase(field="any") if id(node) in inside:
                return replace(node, field="title")
        return node

    return restricted(expression)


def require_source(connection: Connection, name: str) -> None:
    """Raise :class:`UnknownSource` where no source has this name."""
    names = list(connection.execute(text("SELECT name FROM sources ORDER BY name")).scalars())
    if name not in names:
        raise unknown_source(name, names)
