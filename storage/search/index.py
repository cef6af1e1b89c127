"""The full-text index: FTS5 on SQLite, a tsvector on PostgreSQL, behind the same functions.

Both hold tokens made by ``analysis``; no text of a reader or a page reaches either database
as query syntax, for tokens are letters and digits only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from storage.search.analysis import tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from storage.search.query import Term

# FTS5's bm25 weights and PostgreSQL's classes for headline, standfirst, body.
FTS_WEIGHTS = "8.0, 3.0, 1.0"
# tsvector keeps positions up to 16,383; a later word is found, but not as part of a phrase.
_PG_MAX_POSITION = 16_383


_INSERT = {
    "sqlite": text(
        "INSERT INTO search_index (rowid, headline, standfirst, body)"
        " VALUES (:id, :headline, :standfirst, :body)"
    ),
    "postgresql": text(
        "INSERT INTO search_index (item_id, document) VALUES (:id, CAST(:document AS tsvector))"
    ),
}
_DELETE = {
    "sqlite": text("DELETE FROM search_index WHERE rowid = :id"),
    "postgresql": text("DELETE FROM search_index WHERE item_id = :id"),
}


def put(
    connection: Connection, item_id: int, *, headline: str, standfirst: str, body: str,
    fresh: bool = False,
) -> None:  # fmt: skip
    """Index an item, in place of what was indexed of it; ``fresh`` says that nothing was."""
    if not fresh:
        remove(connection, item_id)
    put_new(connection, [(item_id, headline, standfirst, tuple(tokens(body)))])


def put_new(connection: Connection, items: Sequence[tuple[int, str, str, Sequence[str]]]) -> None:
    """Index items of which nothing was: (id, headline, standfirst, the body's tokens) each."""
    rows = [_row(connection.dialect.name, *item) for item in items]
    if rows:
        connection.execute(_INSERT[connection.dialect.name], rows)


def _row(
    dialect: str, item_id: int, headline: str, standfirst: str, body: Sequence[str]
) -> dict[str, object]:
    parts = (tuple(tokens(headline)), tuple(tokens(standfirst)), body)
    if dialect != "sqlite":
        return {"id": item_id, "document": _document(*parts)}
    names = ("headline", "standfirst", "body")
    return {"id": item_id, **{n: " ".join(p) for n, p in zip(names, parts, strict=True)}}


_HELD = {
    "sqlite": text(
        "SELECT headline = :headline AND standfirst = :standfirst AND body = :body"
        " FROM search_index WHERE rowid = :id"
    ),
    "postgresql": text(
        "SELECT document = CAST(:document AS tsvector) FROM search_index WHERE item_id = :id"
    ),
}


def holds(
    connection: Connection, item_id: int, wanted: tuple[str, str, Sequence[str]] | None
) -> bool:
    """Whether an item is indexed as (headline, standfirst, the body's tokens); ``None``: not."""
    dialect = connection.dialect.name
    row = _row(dialect, item_id, *(wanted or ("", "", ())))
    found = connection.execute(_HELD[dialect], row).first()
    return found is None if wanted is None else found is not None and bool(found[0])


def remove(connection: Connection, item_id: int) -> None:
    """Take an item out of the index."""
    connection.execute(_DELETE[connection.dialect.name], {"id": item_id})


def _document(*parts: Sequence[str]) -> str:
    places: dict[str, list[str]] = {}
    position = 0
    for weight, part in zip("ABD", parts, strict=True):
        for token in part:
            position += 1
            if position <= _PG_MAX_POSITION:
                places.setdefault(token, []).append(f"{position}{weight}")
            else:
                places.setdefault(token, [])
        # A phrase must not run from one part into the next.
        position += 1
    # PostgreSQL keeps 256 positions of a lexeme and drops the rest itself.
    return " ".join(
        f"'{token}':{','.join(at[:255])}" if at else f"'{token}'" for token, at in places.items()
    )


def sqlite_match(terms: Sequence[Term]) -> str:
    """The FTS5 expression of a query: every token quoted, so that none is an operator."""
    wanted = " AND ".join(_sqlite_term(term) for term in terms if not term.without)
    unwanted = " OR ".join(_sqlite_term(term) for term in terms if term.without)
    return f"({wanted}) NOT ({unwanted})" if unwanted else wanted


def _sqlite_term(term: Term) -> str:
    return f'"{" ".join(term.tokens)}"' + ("*" if term.prefix else "")


def postgres_match(terms: Sequence[Term]) -> str:
    """The tsquery of a query: every token quoted."""
    return " & ".join(("!" if term.without else "") + _postgres_term(term) for term in terms)


def _postgres_term(term: Term) -> str:
    quoted = [f"'{token}'" for token in term.tokens]
    if term.prefix:
        quoted[-1] += ":*"
    return f"({' <-> '.join(quoted)})"
