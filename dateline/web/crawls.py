"""Crawls started from a page: each in a process of its own, as from the command line."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from storage.errors import ArchiveError

if TYPE_CHECKING:
    from storage.archive import Archive

_PATIENCE = 120


def _command(archive: Archive, *words: str) -> tuple[list[str], dict[str, str]]:
    environment = dict(os.environ)
    if not archive.location.is_sqlite:
        environment["DATELINE_DATABASE"] = archive.location.database_url
    command = [sys.executable, "-m", "dateline", "-C", str(archive.location.folder), *words]
    return command, environment


def start(archive: Archive, source: str) -> None:
    """Begin a crawl of ``source``; it goes on when the server ends."""
    command, environment = _command(archive, "crawl", source)
    log = (archive.location.folder / "crawl.log").open("ab")
    with log:
        subprocess.Popen(  # noqa: S603 - our own command; the name is of a source that we hold
            command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip


def follow(archive: Archive, url: str) -> str:
    """Follow the site at ``url``; returns what the command says.

    Raises:
        ArchiveError: it could not be followed.
    """
    command, environment = _command(archive, "add", "--", url)
    try:
        done = subprocess.run(  # noqa: S603 - our own command; the URL stands behind --
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=_PATIENCE, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise ArchiveError(
            f"{url} did not answer within {_PATIENCE} s", f"try `dateline add {url}`"
        ) from error
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        reason = said[-1].removeprefix("dateline: ") if said else f"exit code {done.returncode}"
        raise ArchiveError(reason)
    return done.stdout.strip()
