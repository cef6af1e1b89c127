"""``run``: crawl sources when they are due; ``install-service``: run it with systemd."""

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
Description=Dateline: crawl {folder}
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
@click.option(
    "--once", is_flag=True, help="Crawl the sources that are due now, then exit (for cron)."
)
@click.option(
    "--concurrency",
    "at_once",
    type=click.IntRange(1, 64),
    default=8,
    show_default=True,
    help="Sources crawled at a time.",
)
@click.pass_context
def run(ctx: click.Context, once: bool, at_once: int) -> None:
    """Crawl each source when it is due, until stopped with Ctrl-C.

    Learns the polling interval of each endpoint. Several processes may share an archive: one
    lease per host ensures that only one of them crawls it. Exit codes: see `dateline crawl`.
    """
    from crawler.runner.scheduler import run as schedule
    from dateline.cli.crawl import exit_code
    from storage import locate

    with opened(ctx) as archive, archive.reading() as session:
        from storage.crawl.sources import list_sources

        if not list_sources(session):
            say("No sources yet. Add one: dateline add URL")
            ctx.exit(ExitCode.FAILED)
    location = locate(ctx.obj["archive"], ctx.obj["database"])
    if not once:
        say("crawling sources when they are due (stop with Ctrl-C)")
    results = schedule(
        location, once=once, max_crawls=at_once, on_result=_tell, periodic_task=_send_alerts
    )
    if once and not results:
        say(_when(ctx))
    ctx.exit(exit_code(results) if results else ExitCode.DONE)


def _send_alerts(archive: Archive) -> None:
    """Send alerts between crawls."""
    from dateline.alerts import send_due

    send_due(archive)


def _tell(result: RunResult) -> None:
    """Print one line for a finished crawl."""
    counts = result.tally.verdicts
    words = ", ".join(f"{counts[v]} {v}" for v in ("new", "revised", "gone", "failed") if counts[v])
    say(f"{result.source}: {result.failure or words or 'no new articles'}")


def _when(ctx: click.Context) -> str:
    from storage import utc_now
    from storage.crawl import due

    with opened(ctx) as archive:
        following = due.next_due_at(archive, utc_now())
    return f"no source is due; next: {local(following)}" if following else "no source is due"


@click.command(name="install-service")
@click.option("--print", "only_print", is_flag=True, help="Print the unit; do not write it.")
@click.pass_context
def install_service(ctx: click.Context, only_print: bool) -> None:
    """Write a systemd user unit that runs `dateline run` for this archive."""
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
        raise click.ClickException(
            f"cannot write {path}: {error.strerror}. Print the unit instead: --print"
        ) from error
    say(
        f"wrote {path}. Start the service:\n  systemctl --user enable --now {_UNIT}\n"
        "  loginctl enable-linger  # keeps it running after you log out"
    )
