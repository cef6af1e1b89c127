"""An expression compiled for a database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.search.fts5 import Sqlite
from storage.search.tsquery import Postgres

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from storage.search.compiler import Compiler
    from storage.search.expression import Expression
    from storage.search.querying import Query


def compile_query(connection: Connection, expression: Expression) -> Query:
    """``expression`` for the database of ``connection``.

    Raises:
        BadQuery: it names a source that is not followed, or an entry that is not known.
    """
    sqlite = connection.dialect.name == "sqlite"
    if not sqlite:
        # Its costs do not count that each vector must be fetched and unpacked: for a common word it
        # would rather read every row than its index.
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    compiler: Compiler = Sqlite(connection) if sqlite else Postgres(connection)
    return compiler.query(expression)
