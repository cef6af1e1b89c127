"""The schema's version: which one the database has, which one the code wants, and the way there."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from storage.errors import ArchiveError, DatabaseOutdated, DatabaseTooNew

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from alembic.config import Config
    from sqlalchemy import Connection, Engine

# Known here so that opening an archive needs no Alembic: importing it costs 0.1 s of every
# search. A test holds it to the newest file in alembic/versions/.
HEAD = "0016"
_STORAGE = Path(__file__).parent.parent


def scripts_folder() -> Path:
    """The migrations: beside the package in a checkout, inside it in an installed copy."""
    inside = _STORAGE / "_alembic"
    return inside if inside.is_dir() else _STORAGE.parent / "alembic"


def current_version(engine: Engine) -> str | None:
    """The version of the database; ``None`` where it holds no archive yet."""
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
    """Bring the database to ``revision``, all in one transaction.

    ``after`` gets the version the database had and the connection: it brings what is stored to the
    rules of today (:func:`storage.jobs.upgrade.follow_rules`).

    Raises:
        DatabaseTooNew: a newer Dateline made it.
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
    """Take the database back to ``revision`` (``base`` for nothing)."""
    from alembic import command

    with _migration_config(engine) as config:
        command.downgrade(config, revision)


@contextmanager
def _migration_config(engine: Engine) -> Iterator[Config]:
    """A configuration whose connection is in one transaction, without SQLite's foreign keys.

    SQLite changes a table by copying it and dropping the old one, which with foreign keys on would
    delete all that refers to it (https://sqlite.org/lang_altertable.html, 7). They can only be
    switched outside a transaction; that none is broken is checked before the end of it.
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
    """Whether Alembic looks after a table or index: what differs by database it does not."""
    if kind == "index":
        return name != "ix_articles_listing"
    return kind != "table" or not (name or "").startswith("search_index")


def require_head(engine: Engine) -> None:
    """Check that code and database go together.

    Raises:
        DatabaseOutdated: it wants an upgrade.
        DatabaseTooNew: a newer Dateline made it.
    """
    version = current_version(engine)
    if version == HEAD:
        return
    if version is not None and version > HEAD:
        raise _too_new(version)
    raise DatabaseOutdated(
        f"the database is at version {version or 'none'}, this Dateline wants {HEAD}",
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
