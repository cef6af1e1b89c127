"""What every table shares: naming of constraints, timestamps in UTC, JSON on both databases."""

from __future__ import annotations

from sqlalchemy import JSON, Index, MetaData, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase

from storage.database.types import UtcDateTime

# Alembic can only alter what has a name that both databases agree on.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Base of all tables."""

    metadata = MetaData(naming_convention=NAMING)


Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def index_where_held(table: str, column: str) -> Index:
    """The index of a reference that most rows of ``table`` lack: they are not in it."""
    held = text(f"{column} IS NOT NULL")
    return Index(f"ix_{table}_{column}", column, sqlite_where=held, postgresql_where=held)


__all__ = ["Base", "Json", "UtcDateTime", "index_where_held"]
