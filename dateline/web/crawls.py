"""Crawls started from a page: each runs in its own process, like the command line."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from storage.errors import ArchiveError

if TYPE_CHECKING:
    from storage.archive import Archive

_TIMEOUT = 120


def _command(archive: Archive, *words: str) -> tuple[list[str], dict[str, str]]:
    environment = dict(os.environ)
    if not archive.location.is_sqlite:
        environment["DATELINE_DATABASE"] = archive.location.database_url
    command = [sys.executable, "-m", "dateline", "-C", str(archive.location.folder), *words]
    return command, environment


def start(archive: Archive, source: str) -> None:
    """Start a crawl of ``source``; it continues when the server stops."""
    command, environment = _command(archive, "crawl", source)
    log = (archive.location.folder / "crawl.log").open("ab")
    with log:
        subprocess.Popen(  # noqa: S603 - our own command; the name is that of a stored source
            command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip


def follow(archive: Archive, url: str) -> str:
    """Add the site at ``url`` as a source; return the output of the command.

    Raises:
        ArchiveError: the command failed.
    """
    command, environment = _command(archive, "add", "--", url)
    try:
        done = subprocess.run(  # noqa: S603 - our own command; the URL follows --
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=_TIMEOUT, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise ArchiveError(
            f"{url} did not answer within {_TIMEOUT} seconds.",
            f"Try again later, or run: dateline add {url}",
        ) from error
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        reason = said[-1].removeprefix("dateline: ") if said else f"exit code {done.returncode}"
        raise ArchiveError(reason)
    return done.stdout.strip()
