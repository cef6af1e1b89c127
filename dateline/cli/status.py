"""``status``: the status of the archive and its sources."""

from __future__ import annotations

from typing import Any

import click

from dateline.cli.options import ExitCode, local, opened, plural, put_json, say, table


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def status(ctx: click.Context, as_json: bool) -> None:
    """Show the totals of the archive, the last crawl of each source, and problems.

    Exit code 3: a source has problems (an alarm, a failed crawl, failing endpoints).
    """
    from storage import utc_now
    from storage.monitoring.status import archive_status

    with opened(ctx) as archive:
        report = archive_status(archive, utc_now())
    if as_json:
        put_json(report)
    else:
        _print(report)
    if any(s["trouble"] for s in report["sources"]):
        ctx.exit(ExitCode.PARTLY)


def _print(report: dict[str, Any]) -> None:
    click.echo(f"Archive   {report['folder']}")
    click.echo(
        f"Contents  {plural(report['articles'], 'article')}, "
        f"{plural(report['entries'], 'directory entry', 'directory entries')}, "
        f"{plural(report['revisions'], 'revision')}"
    )
    if report["doubtful"]:
        doubtful = plural(report["doubtful"], "article")
        click.echo(f"Doubtful  {doubtful} that may not be articles: dateline search is:doubtful")
    click.echo(f"Captures  {report['captures']:,} ({report['capture_bytes'] / 1e6:.1f} MB)")
    if not report["sources"]:
        say("No sources yet. Add one: dateline add URL")
        return
    click.echo()
    table(
        [
            (s["source"], str(s["articles"]), str(s["waiting"]), _when(s), s["last_run"] or "never")
            for s in report["sources"]
        ],
        ("SOURCE", "ARTICLES", "WAITING", "LAST CRAWL", "RESULT"),
    )
    for s in report["sources"]:
        for line in s["trouble"]:
            click.secho(f"  {s['source']}: {line}", fg="red")


def _when(row: dict[str, Any]) -> str:
    from datetime import datetime

    at = row["last_run_at"]
    return local(datetime.fromisoformat(at)) if at else "never"
