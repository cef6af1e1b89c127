"""``run``: crawl what is due, on and on or once; ``install-service`` has the system do it."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dateline.cli.options import ExitCode, local, opened, say

if TYPE_CHECKING:
    from crawler.runner.crawls import RunResult
    from storage.archive import Archive

_UNIT = "dateline.service"
_SERVICE = """\
[Unit]
Description=Dateline: crawls of {folder}
After=network-online.target
Wants=network-online.target

[Service]
ExecStart={command} run
Environment=DATELINE_ARCHIVE={folder}
Restart=always
RestartSec=30
Nice=10
KillSignal=SIGTERM
TimeoutStopSec=120

[Install]
WantedBy=default.target
"""


@click.command()
@click.option("--once", is_flag=True, help="Crawl what is due now, then end: for cron.")
@click.option("--at-once", type=click.IntRange(1, 64), default=8, show_default=True,
              help="Sources crawled at a time.")  # fmt: skip
@click.pass_context
def run(ctx: click.Context, once: bool, at_once: int) -> None:
    """Crawl every source when it is due, until stopped.

    Feeds and sitemaps are asked at their own pace. Several of these may share an archive: no host
    is crawled by two at once, and what a killed one did the others do. Exit code: as for crawl.
    """
    from crawler.runner.scheduler import run as schedule
    from dateline.cli.crawl import exit_code
    from storage import locate

    with opened(ctx) as archive, archive.reading() as session:
        from storage.crawl.sources import list_sources

        if not list_sources(session):
            say("nothing is followed yet; begin with `dateline add URL`")
            ctx.exit(ExitCode.FAILED)
    location = locate(ctx.obj["archive"], ctx.obj["database"])
    if not once:
        say("crawling what is due (Ctrl-C ends it)")
    results = schedule(location, once=once, at_once=at_once, told=_tell, chores=_chores)
    if once and not results:
        say(_when(ctx))
    ctx.exit(exit_code(results) if results else ExitCode.DONE)


def _chores(archive: Archive) -> None:
    """What is done beside the crawls: readers are told what they asked for."""
    from dateline.alerts import tell

    tell(archive)


def _tell(result: RunResult) -> None:
    """One line for a crawl that ended."""
    counts = result.tally.verdicts
    words = ", ".join(f"{counts[v]} {v}" for v in ("new", "revised", "gone", "failed") if counts[v])
    say(f"{result.source}: {result.failure or words or 'nothing new'}")


def _when(ctx: click.Context) -> str:
    from storage import utc_now
    from storage.crawl import due

    with opened(ctx) as archive:
        following = due.next_due(archive, utc_now())
    return f"nothing is due; next at {local(following)}" if following else "nothing is due"


@click.command(name="install-service")
@click.option("--print", "only_print", is_flag=True, help="Print the unit, write nothing.")
@click.pass_context
def install_service(ctx: click.Context, only_print: bool) -> None:
    """Write a systemd unit of yours that runs `dateline run` for this archive."""
    with opened(ctx) as archive:
        folder = archive.location.folder
    command = f"{shlex.quote(sys.executable)} -m dateline"
    unit = _SERVICE.format(folder=folder, command=command)
    if only_print:
        click.echo(unit, nl=False)
        return
    path = Path("~/.config/systemd/user").expanduser() / _UNIT
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(unit, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"cannot write {path}: {error.strerror}; use --print") from error
    say(f"{path} is written; begin with:\n  systemctl --user enable --now {_UNIT}\n"
        "  loginctl enable-linger  # lets it run while you are logged out")  # fmt: skip
