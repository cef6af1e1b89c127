"""The version of the schema: current version, upgrade and downgrade."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from storage.errors import ArchiveError, DatabaseOutdated, DatabaseTooNew

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from alembic.config import Config
    from sqlalchemy import Connection, Engine

# A constant, so that opening an archive needs no Alembic, whose import costs each search 0.1 s.
# A test compares it with the newest file in alembic/versions/.
HEAD = "0017"
_STORAGE = Path(__file__).parent.parent


def scripts_folder() -> Path:
    """Return the folder of migrations: next to the package in a checkout, else inside it."""
    inside = _STORAGE / "_alembic"
    return inside if inside.is_dir() else _STORAGE.parent / "alembic"


def current_version(engine: Engine) -> str | None:
    """Return the version of the database; ``None`` where it holds no archive yet."""
    from sqlalchemy import inspect, text

    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        version: str | None = connection.execute(
            text("SELECT version_num FROM alembic_version")
        ).scalar()
        return version


def upgrade(
    engine: Engine,
    revision: str = "head",
    after: Callable[[str, Connection], object] | None = None,
) -> None:
    """Upgrade the database to ``revision`` in one transaction.

    ``after`` gets the previous version and the connection; it brings the stored data up to date
    (:func:`storage.jobs.upgrade.apply_current_rules`).

    Raises:
        DatabaseTooNew: a newer Dateline made the archive.
    """
    from alembic import command

    version = current_version(engine)
    if version is not None and version > HEAD:
        raise _too_new(version)
    with _migration_config(engine) as config:
        command.upgrade(config, revision)
        if after is not None and version is not None and revision == "head":
            after(version, config.attributes["connection"])


def downgrade(engine: Engine, revision: str) -> None:
    """Downgrade the database to ``revision`` (``base`` for an empty one)."""
    from alembic import command

    with _migration_config(engine) as config:
        command.downgrade(config, revision)


@contextmanager
def _migration_config(engine: Engine) -> Iterator[Config]:
    """Yield a configuration whose connection is in a transaction without SQLite's foreign keys.

    SQLite changes a table by copying it and dropping the old one, which with foreign keys on would
    delete all rows that refer to it (https://sqlite.org/lang_altertable.html, 7). Foreign keys can
    only be switched outside a transaction; they are checked before its end.
    """
    with engine.connect().execution_options(dateline_write=True) as connection:
        sqlite = connection.dialect.name == "sqlite"
        raw = connection.connection.driver_connection
        if sqlite and raw is not None:
            raw.execute("PRAGMA foreign_keys = OFF")
        try:
            with connection.begin():
                config = _config()
                config.attributes["connection"] = connection
                yield config
                broken = sqlite and connection.exec_driver_sql("PRAGMA foreign_key_check").first()
                if broken:
                    raise ArchiveError(
                        f"the migration broke a reference of {broken[0]}; nothing was changed",
                        "run `dateline db check`, and report it",
                    )
        finally:
            if sqlite and raw is not None:
                raw.execute("PRAGMA foreign_keys = ON")


def include_name(name: str | None, kind: str, _parents: object) -> bool:
    """Return whether Alembic manages a table or index: not those that differ by database."""
    if kind == "index":
        return name != "ix_articles_listing"
    return kind != "table" or not (name or "").startswith("search_index")


def require_head(engine: Engine) -> None:
    """Check that the versions of code and database match.

    Raises:
        DatabaseOutdated: the database needs an upgrade.
        DatabaseTooNew: a newer Dateline made the archive.
    """
    version = current_version(engine)
    if version == HEAD:
        return
    if version is not None and version > HEAD:
        raise _too_new(version)
    raise DatabaseOutdated(
        f"the database is at version {version or 'none'}, this Dateline needs {HEAD}",
        "run `dateline db upgrade`",
    )


def _too_new(version: str) -> DatabaseTooNew:
    return DatabaseTooNew(
        f"the database is at version {version}, this Dateline knows only {HEAD}",
        "install the newer Dateline that made it",
    )


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(scripts_folder()))
    return config
