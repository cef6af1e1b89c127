"""Shared by the commands: exit codes, opening the archive, printing data and messages."""

from __future__ import annotations

import json
import math
import re
import shutil
import sys
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import click

from storage.text.normalize import replace_unprintable, strip_credentials

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from storage import Archive
    from storage.types.content import StatedTimestamp

WIDTH = 80


class ExitCode(IntEnum):
    """Exit codes of the process."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    PARTLY = 3
    # The convention of shells: 128 + the number of SIGINT.
    INTERRUPTED = 130


class Seconds(click.FloatRange):
    """A delay in seconds, from 0 to one day; refuses ``nan``."""

    def __init__(self) -> None:
        super().__init__(0, 86_400)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number, or fail with a usage error."""
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail(f"{value!r} is not a number of seconds.", param, ctx)
        return number


def say(message: str) -> None:
    """Print a message to stderr; very long words in it are shortened."""
    short = _ENDLESS.sub(_shortened, replace_unprintable(strip_credentials(message)))
    click.echo(f"dateline: {short}", err=True)


# Longer than any URL: a paste error or a test.
_ENDLESS = re.compile(r"\S{1000,}")


def _shortened(match: re.Match[str]) -> str:
    word = match[0]
    return f"{word[:100]}…({len(word):,} characters)…{word[-20:]}"


def put_json(value: Any) -> None:
    """Print one JSON document to stdout."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def opened(ctx: click.Context) -> Archive:
    """Open the archive named by the command line, the environment or the current directory."""
    from storage import open_archive

    return open_archive(ctx.obj["archive"], ctx.obj["database"])


def moment(value: StatedTimestamp | None) -> str:
    """Format a publication date: the day, and the time if it is known."""
    if value is None:
        return "—"
    return value.at.strftime("%Y-%m-%d" if value.day_only else "%Y-%m-%d %H:%M")


def local(value: datetime | None) -> str:
    """Format a timestamp in the local time zone."""
    return value.astimezone().strftime("%Y-%m-%d %H:%M") if value else "never"


def table(rows: Iterable[tuple[str, ...]], head: tuple[str, ...]) -> None:
    """Print a table; cut the last column at the width of the terminal."""
    lines = [head, *rows]
    widths = [max(len(row[i]) for row in lines) for i in range(len(head) - 1)]
    columns = shutil.get_terminal_size((WIDTH, 24)).columns
    for number, row in enumerate(lines):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        line = "  ".join([*cells, row[-1]])
        if sys.stdout.isatty() and len(line) > columns:
            line = line[: columns - 1] + "…"
        click.secho(line.rstrip(), bold=number == 0)


def plural(count: int, one: str, many: str | None = None) -> str:
    """Return the count with its noun: ``1 article``, ``2 articles``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
