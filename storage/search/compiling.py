"""An expression compiled for a database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.search.fts5 import Sqlite
from storage.search.tsquery import Postgres

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from storage.search.compiler import Compiler, Query
    from storage.search.expression import Expression


def compile_query(connection: Connection, expression: Expression) -> Query:
    """``expression`` for the database of ``connection``.

    Raises:
        BadQuery: it names a source that is not followed, or an entry that is not known.
    """
    sqlite = connection.dialect.name == "sqlite"
    compiler: Compiler = Sqlite(connection) if sqlite else Postgres(connection)
    return compiler.query(expression)
