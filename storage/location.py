"""Where an archive lies: its folder, its database, and the few settings kept beside them."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storage.errors import ArchiveError, ArchiveNotFound, DatabaseUnreachable

CONFIG_NAME = "dateline.toml"
DATABASE_NAME = "dateline.db"
CAPTURES_NAME = "captures"
MEDIA_NAME = "media"

CONFIG_TEMPLATE = """\
# Settings of this Dateline archive. Every line may be left as it is.

# Who runs this crawler. Sites see it in the User-Agent and can write to you
# instead of blocking you: an address or a page about your archive.
contact = ""

# Another database than dateline.db in this folder: any SQLAlchemy URL.
# DATELINE_DATABASE and --database win over this line.
# database = "postgresql://user@host/dateline"

[crawl]
# Seconds between two requests to one host (1 unless set; 0 on this machine
# itself). AutoThrottle slows down further when the site is slow, and a host's
# own Crawl-delay wins if it is longer.
# delay = 1.0
# Requests in flight to one host at most.
concurrency = 2

# How alerts are sent by e-mail; the password is DATELINE_MAIL_PASSWORD.
# [mail]
# host = "smtp.example.org"
# port = 587
# from = "dateline@example.org"
# username = "dateline@example.org"
# starttls = true
"""


@dataclass(frozen=True, slots=True)
class Location:
    """An archive's place. ``database_url`` is a full SQLAlchemy URL with its driver."""

    folder: Path
    database_url: str
    contact: str = ""
    delay: float | None = None
    concurrency: int = 2

    @property
    def captures(self) -> Path:
        """Folder of the WARC files."""
        return self.folder / CAPTURES_NAME

    @property
    def media(self) -> Path:
        """Folder of pictures and attachments."""
        return self.folder / MEDIA_NAME

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is a SQLite file."""
        return self.database_url.startswith("sqlite")


def with_driver(url: str) -> str:
    """Return ``url`` with the driver that Dateline ships for it.

    ``postgres://`` and ``postgresql://`` mean psycopg 3 here; a URL that names a driver
    keeps it.

    Raises:
        DatabaseUnreachable: ``url`` has no scheme at all.
    """
    scheme, sep, rest = url.partition("://")
    if not sep:
        raise DatabaseUnreachable(
            f"{url!r} is not a database URL",
            "write e.g. postgresql://user@host/name or sqlite:////path/to/dateline.db",
        )
    if scheme in {"postgres", "postgresql"}:
        scheme = "postgresql+psycopg"
    return f"{scheme}://{rest}"


def is_archive(folder: Path) -> bool:
    """Whether ``folder`` holds an archive (its settings file or its database)."""
    return (folder / CONFIG_NAME).is_file() or (folder / DATABASE_NAME).is_file()


def find_folder(given: str | None = None) -> Path:
    """The archive's folder: as given, else ``DATELINE_ARCHIVE``, else the nearest one upwards.

    Falls back to the current folder, whether or not an archive lies there.
    """
    named = given or os.environ.get("DATELINE_ARCHIVE")
    if named:
        return Path(named).expanduser().absolute()
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if is_archive(folder)), here)


def locate(folder: str | None = None, database: str | None = None) -> Location:
    """Resolve folder, settings file and database URL into a :class:`Location`.

    ``database`` wins over ``DATELINE_DATABASE``, that over the settings file.

    Raises:
        ArchiveError: the settings file is not valid TOML or holds a value of a wrong type.
    """
    root = find_folder(folder)
    config = _read_config(root / CONFIG_NAME)
    url = database or os.environ.get("DATELINE_DATABASE") or config.get("database")
    crawl = config.get("crawl", {})
    try:
        return Location(
            folder=root,
            database_url=with_driver(str(url)) if url else f"sqlite:///{root / DATABASE_NAME}",
            contact=os.environ.get("DATELINE_CONTACT", str(config.get("contact", ""))),
            delay=_delay(crawl.get("delay")),
            concurrency=max(1, int(crawl.get("concurrency", 2))),
        )
    except (TypeError, ValueError, AttributeError) as error:
        raise ArchiveError(
            f"{root / CONFIG_NAME}: {error}", "correct the line or delete the file"
        ) from error


@dataclass(frozen=True, slots=True)
class Mail:
    """How e-mail is sent."""

    host: str
    port: int
    sender: str
    username: str
    starttls: bool


def mail_settings(folder: Path) -> Mail | None:
    """The ``[mail]`` section of an archive's settings; ``None`` where there is none.

    Raises:
        ArchiveError: it lacks a line, or one has a wrong type.
    """
    section = _read_config(folder / CONFIG_NAME).get("mail")
    if section is None:
        return None
    try:
        host, sender = str(section["host"]), str(section["from"])
        port = int(section.get("port", 587))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ArchiveError(
            f"{folder / CONFIG_NAME}: [mail] needs host and from, and a number as port",
            "correct the section",
        ) from error
    starttls = bool(section.get("starttls", port == 587))
    return Mail(host, port, sender, str(section.get("username", "")), starttls)


def require_archive(location: Location) -> None:
    """Raise :class:`ArchiveNotFound` when there is nothing to open at ``location``."""
    if location.is_sqlite:
        path = Path(location.database_url.removeprefix("sqlite:///"))
        if not path.is_file():
            raise ArchiveNotFound(
                f"no archive in {location.folder}",
                "run `dateline init` there, or name one with --archive or DATELINE_ARCHIVE",
            )


def _delay(value: Any) -> float | None:
    if value is None:
        return None
    delay = float(value)
    if delay < 0:
        raise ValueError(f"delay = {value} is below 0")
    return delay


def _read_config(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ArchiveError(f"{path}: {error}", "correct the line or delete the file") from error
    except OSError as error:
        raise ArchiveError(f"{path}: {error.strerror}", "make it readable") from error
