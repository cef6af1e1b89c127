"""An expression compiled for a database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.search.index.partitions import sizes
from storage.search.query.fts5 import Sqlite
from storage.search.query.lookups import once_a_transaction
from storage.search.query.tsquery import Postgres

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from storage.search.query.ast import Expression
    from storage.search.query.compiled import Query
    from storage.search.query.compiler import Compiler


def compile_query(connection: Connection, expression: Expression) -> Query:
    """``expression`` for the database of ``connection``.

    Raises:
        BadQuery: it names a source that is not followed, or an entry that is not known.
    """
    compiler: Compiler
    if connection.dialect.name == "sqlite":
        compiler = Sqlite(connection)
    else:
        compiler = Postgres(connection, _prepared(connection))
    return compiler.query(expression)


# Its costs do not count that each vector must be fetched and unpacked: for a common word PostgreSQL
# would rather read every row than its index. Compiling a plan takes longer than most answers.
_PLANNED = (
    "SET LOCAL enable_seqscan = off; SET LOCAL jit = off;"
    " SET LOCAL max_parallel_workers_per_gather = 0"
)


@once_a_transaction
def _prepared(connection: Connection) -> dict[int, float]:
    """Have this transaction plan as its queries need it; the index's slices."""
    connection.exec_driver_sql(_PLANNED)
    return sizes(connection)
