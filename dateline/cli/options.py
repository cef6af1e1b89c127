"""What the verbs share: exit codes, opening the archive, printing data and remarks."""

from __future__ import annotations

import json
import math
import re
import shutil
import sys
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import click

from storage.text.normalize import printable, without_credentials

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from storage import Archive
    from storage.types.content import ClaimedMoment

WIDTH = 80


class ExitCode(IntEnum):
    """What the process ends with."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    PARTLY = 3
    # As shells have it: 128 and the number of SIGINT.
    INTERRUPTED = 130


class Seconds(click.FloatRange):
    """A pause in seconds, from 0 to a day; ``nan`` is none."""

    def __init__(self) -> None:
        super().__init__(0, 86_400)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The number, or a usage error."""
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail(f"{value!r} is not a number of seconds.", param, ctx)
        return number


def say(message: str) -> None:
    """A remark for the person at the terminal, on stderr; what it quotes at length is shortened."""
    short = _ENDLESS.sub(_shortened, printable(without_credentials(message)))
    click.echo(f"dateline: {short}", err=True)


# A word that is longer than any address is a slip of the hand, or somebody's test.
_ENDLESS = re.compile(r"\S{1000,}")


def _shortened(match: re.Match[str]) -> str:
    word = match[0]
    return f"{word[:100]}…({len(word):,} characters)…{word[-20:]}"


def put_json(value: Any) -> None:
    """One JSON document on stdout."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def opened(ctx: click.Context) -> Archive:
    """The archive that the command line, the environment or the folder names."""
    from storage import open_archive

    return open_archive(ctx.obj["archive"], ctx.obj["database"])


def moment(value: ClaimedMoment | None) -> str:
    """A claimed moment as lists show it: day, and time where it is known."""
    if value is None:
        return "—"
    return value.at.strftime("%Y-%m-%d" if value.day_only else "%Y-%m-%d %H:%M")


def local(value: datetime | None) -> str:
    """A moment in this machine's zone."""
    return value.astimezone().strftime("%Y-%m-%d %H:%M") if value else "never"


def table(rows: Iterable[tuple[str, ...]], head: tuple[str, ...]) -> None:
    """Print columns, the last one cut to the terminal's width."""
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
    """``1 article``, ``2 articles``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
