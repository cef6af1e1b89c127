"""The location of an archive: folder, database, and the settings in dateline.toml."""

from __future__ import annotations

import difflib
import json
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from storage.errors import ArchiveError, ArchiveNotFound, DatabaseUnreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CONFIG_NAME = "dateline.toml"
DATABASE_NAME = "dateline.db"
CAPTURES_NAME = "captures"
MEDIA_NAME = "media"

# Maximum memory for reading one page, feed or document.
DEFAULT_MEMORY_MB = 1024

CONFIG_TEMPLATE = """\
# Settings of this Dateline archive. All settings are optional.

# Contact of the crawler's operator: an e-mail address or a page about the
# archive. Sites see it in the User-Agent and can write to you instead of
# blocking you.
contact = ""

# SQLAlchemy URL of the database (default: dateline.db in this folder).
# DATELINE_DATABASE and --database override this setting.
# database = "postgresql://user@host/dateline"

[crawl]
# Seconds between two requests to one host (default: 1; 0 on this machine).
# AutoThrottle increases the delay if the site is slow. A longer Crawl-delay in
# robots.txt wins.
# delay = 1.0
# Maximum number of requests in flight per host.
concurrency = 2
# Maximum memory in MB for reading one page, feed or document.
# DATELINE_WORKER_MEMORY overrides this setting.
# worker_memory = 1024

# SMTP server for alerts. Set the password in DATELINE_MAIL_PASSWORD.
# [mail]
# host = "smtp.example.org"
# port = 587
# from = "dateline@example.org"
# username = "dateline@example.org"
# starttls = true
"""


@dataclass(frozen=True, slots=True)
class Location:
    """The location of an archive; ``database_url`` is a full SQLAlchemy URL with its driver."""

    folder: Path
    database_url: str
    contact: str = ""
    delay: float | None = None
    concurrency: int = 2
    worker_memory: int = DEFAULT_MEMORY_MB

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
        """Return whether the database is a SQLite file."""
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
    """Return whether ``folder`` holds an archive (its settings file or its database)."""
    return (folder / CONFIG_NAME).is_file() or (folder / DATABASE_NAME).is_file()


def find_folder(given: str | None = None) -> Path:
    """Return the given folder, else ``DATELINE_ARCHIVE``, else the nearest one upwards.

    Without any archive it returns the current folder.
    """
    named = given or os.environ.get("DATELINE_ARCHIVE")
    if named:
        return Path(named).expanduser().absolute()
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if is_archive(folder)), here)


def locate(folder: str | None = None, database: str | None = None) -> Location:
    """Resolve folder, settings file and database URL into a :class:`Location`.

    ``database`` wins over ``DATELINE_DATABASE``, which wins over the settings file.

    Raises:
        ArchiveError: the settings file is not valid TOML or holds a value of a wrong type.
    """
    root = find_folder(folder)
    config = read_settings(root / CONFIG_NAME)
    url = database or os.environ.get("DATELINE_DATABASE") or config.get("database")
    return Location(
        folder=root,
        database_url=with_driver(url) if url else f"sqlite:///{root / DATABASE_NAME}",
        contact=os.environ.get("DATELINE_CONTACT", config.get("contact", "")),
        delay=config.get("crawl.delay"),
        concurrency=config.get("crawl.concurrency", 2),
        worker_memory=_memory_named() or config.get("crawl.worker_memory", DEFAULT_MEMORY_MB),
    )


@dataclass(frozen=True, slots=True)
class MailSettings:
    """Settings for sending e-mail."""

    host: str
    port: int
    sender: str
    username: str
    starttls: bool


def read_mail_settings(folder: Path) -> MailSettings | None:
    """Read the ``[mail]`` section of an archive's settings; ``None`` where there is none.

    Raises:
        ArchiveError: a line is missing or has a wrong type.
    """
    settings = read_settings(folder / CONFIG_NAME)
    if not any(name.startswith("mail.") for name in settings):
        return None
    for name in ("host", "from"):
        if not settings.get(f"mail.{name}"):
            raise ArchiveError(
                f"{folder / CONFIG_NAME}: [mail] has no {name}", f"add a line {name} = ..."
            )
    port = settings.get("mail.port", 587)
    return MailSettings(
        settings["mail.host"],
        port,
        settings["mail.from"],
        settings.get("mail.username", ""),
        settings.get("mail.starttls", port == 587),
    )


def require_archive(location: Location) -> None:
    """Raise :class:`ArchiveNotFound` where ``location`` holds no archive."""
    if location.is_sqlite:
        path = Path(location.database_url.removeprefix("sqlite:///"))
        if not path.is_file():
            raise ArchiveNotFound(
                f"no archive in {location.folder}",
                "run `dateline init` there, or name one with --archive or DATELINE_ARCHIVE",
            )


def read_settings(path: Path) -> dict[str, Any]:
    """Read and check a settings file; return values by dotted name (``crawl.delay``).

    Raises:
        ArchiveError: the file cannot be read, is not TOML, or holds an unknown setting or a value
            of a wrong type; the message names the setting.
    """
    settings: dict[str, Any] = {}
    for name, value in _flat(_read_toml(path)):
        if any(known.startswith(f"{name}.") for known in _SETTINGS):
            raise ArchiveError(f"{path}: {name} is a section", f"write [{name}] above its settings")
        if name not in _SETTINGS:
            near = difflib.get_close_matches(name, _SETTINGS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(_SETTINGS)}"
            raise ArchiveError(f"{path}: unknown setting {name!r}", hint)
        check, wanted = _SETTINGS[name]
        if not check(value):
            raise ArchiveError(f"{path}: {name} = {_shown(value)} is not {wanted}", "correct it")
        settings[name] = value
    return settings


def _flat(table: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _shown(value: Any) -> str:
    shown = json.dumps(value, ensure_ascii=False, default=str)
    return shown if len(shown) <= _LONGEST_SHOWN else shown[:_LONGEST_SHOWN] + "…"


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 1


def _is_memory(value: Any) -> bool:
    return type(value) is int and _LEAST_MEMORY_MB <= value <= _MOST_MEMORY_MB


def _memory_named() -> int | None:
    named = os.environ.get("DATELINE_WORKER_MEMORY")
    if not named:
        return None
    value = int(named) if named.isascii() and named.isdigit() and len(named) < 10 else 0
    if not _is_memory(value):
        raise ArchiveError(
            f"DATELINE_WORKER_MEMORY={named[:_LONGEST_SHOWN]} is not a whole number of MB, "
            f"{_LEAST_MEMORY_MB} to {_MOST_MEMORY_MB}",
            "correct it",
        )
    return value


def _is_seconds(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value <= _LONGEST_DELAY


def _is_port(value: Any) -> bool:
    return type(value) is int and 1 <= value <= _LAST_PORT


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


_LONGEST_SHOWN = 60
_LEAST_MEMORY_MB, _MOST_MEMORY_MB = 64, 1024 * 1024
_LONGEST_DELAY = 86_400
_LAST_PORT = 65_535
# Every setting of dateline.toml: the check of its value, and the expected type.
_SETTINGS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "contact": (_is_text, 'a text in quotes, such as "https://example.org/archive"'),
    "database": (_is_text, 'a text in quotes, such as "postgresql://user@host/name"'),
    "crawl.delay": (_is_seconds, "a number of seconds, 0 to 86400"),
    "crawl.worker_memory": (_is_memory, "a whole number of MB, 64 to 1048576"),
    "crawl.concurrency": (_is_count, "a whole number of at least 1"),
    "mail.host": (_is_text, "a text in quotes"),
    "mail.port": (_is_port, "a port, 1 to 65535"),
    "mail.from": (_is_text, "a text in quotes"),
    "mail.username": (_is_text, "a text in quotes"),
    "mail.starttls": (_is_flag, "true or false"),
}


def _read_toml(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ArchiveError(f"{path}: {error}", "correct the line or delete the file") from error
    except OSError as error:
        raise ArchiveError(f"{path}: {error.strerror}", "make it readable") from error
