"""Chooses the compiler for the database of a connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.search.index.partitions import partition_sizes
from storage.search.query.fts5 import Fts5Compiler
from storage.search.query.lookups import cached_per_transaction
from storage.search.query.tsquery import TsqueryCompiler

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from storage.search.query.ast import Expression
    from storage.search.query.compiled import CompiledQuery
    from storage.search.query.compiler import Compiler


def compile_query(connection: Connection, expression: Expression) -> CompiledQuery:
    """Compile ``expression`` for the database of ``connection``.

    Raises:
        BadQuery: the expression names an unknown source, directory entry or dossier.
    """
    compiler: Compiler
    if connection.dialect.name == "sqlite":
        compiler = Fts5Compiler(connection)
    else:
        compiler = TsqueryCompiler(connection, _prepared(connection))
    return compiler.query(expression)


# PostgreSQL's cost model ignores that each vector must be fetched and unpacked: for a common word
# it would rather read every row than its index. JIT compilation takes longer than most queries.
_PLANNED = (
    "SET LOCAL enable_seqscan = off; SET LOCAL jit = off;"
    " SET LOCAL max_parallel_workers_per_gather = 0"
)


@cached_per_transaction
def _prepared(connection: Connection) -> dict[int, float]:
    """Set the planner options of this transaction; return the partitions of the index."""
    connection.exec_driver_sql(_PLANNED)
    return partition_sizes(connection)
