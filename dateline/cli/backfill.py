"""``backfill``: fetch the older articles of a source."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from dateline.cli.options import ExitCode, Seconds, opened, put_json, say, table

if TYPE_CHECKING:
    from storage.crawl.backfills import BackfillInfo


@click.command()
@click.argument("source", required=False)
@click.option(
    "--from", "since", metavar="DAY", help="First day of the date range: 2021-09-23, 2021-09, 3m."
)
@click.option("--to", "until", metavar="DAY", help="Last day of the date range (default: today).")
@click.option(
    "--limit",
    type=click.IntRange(0),
    default=0,
    help="Maximum number of articles to fetch now; the next crawl fetches the rest.",
)
@click.option("--delay", type=Seconds(), help="Seconds between two requests to a host.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def backfill(
    ctx: click.Context,
    source: str | None,
    since: str | None,
    until: str | None,
    limit: int,
    delay: float | None,
    as_json: bool,
) -> None:
    """Fetch the articles that SOURCE published in a date range.

    Reads its sitemaps, its archive pages by date and its listing pages. An interrupted
    backfill resumes with the same command or with `dateline run`.
    Without --from: list the backfills, requested or started for a gap in a feed, and their
    results.
    """
    from storage.crawl.backfills import list_backfills

    if source is not None and since is not None:
        number = _ask(ctx, source, since, until)
        code = _crawl(ctx, source, limit, delay)
    elif since is not None or until is not None:
        raise click.UsageError(
            "Name the SOURCE and the first day: dateline backfill SOURCE --from DAY"
        )
    else:
        number, code = None, ExitCode.DONE
    with opened(ctx) as archive, archive.reading() as session:
        found = list_backfills(session, source, only=number)
    if as_json:
        put_json([_as_json(one) for one in found])
    elif not found:
        say("No backfills requested and no gaps found.")
    else:
        table(
            [_row(one) for one in found],
            ("SOURCE", "REASON", "FROM", "TO", "STATE", "PAGES", "NEW"),
        )
        for one in found:
            if one.detail:
                click.echo(f"  {one.source}: {one.detail}")
    ctx.exit(code)


def _ask(ctx: click.Context, source: str, since: str, until: str | None) -> int:
    from crawler.spiders.arguments import BadArgument, parse_since
    from storage import utc_now
    from storage.crawl import backfills as past

    now = utc_now()
    try:
        first = parse_since(since, now)
        last = parse_since(until, now) if until else now
    except BadArgument as error:
        raise click.UsageError(str(error)) from error
    if until:
        last = _after(until, last)
    # Whole days, so that the same command resumes the same date range.
    first = first.replace(hour=0, minute=0, second=0, microsecond=0)
    last = min(last, now + timedelta(days=1)).replace(minute=0, second=0, microsecond=0)
    if last <= first:
        raise click.UsageError(f"--to {until} is before --from {since}.")
    with opened(ctx) as archive:
        return past.request_backfill(archive, source, first, last, now)


def _after(text: str, moment: datetime) -> datetime:
    """Return the end of the day, month or year that ``text`` names."""
    if len(text) == len("2021"):
        return moment.replace(year=moment.year + 1)
    if len(text) == len("2021-09"):
        return (moment + timedelta(days=31)).replace(day=1)
    return moment + timedelta(days=1)


def _crawl(ctx: click.Context, name: str, limit: int, delay: float | None) -> ExitCode:
    from crawler.runner.crawls import run_crawls
    from dateline.cli.crawl import exit_code, progress, show
    from storage import locate
    from storage.crawl.sources import get_source

    with opened(ctx) as archive, archive.reading() as session:
        row = get_source(session, name)
        plan = (row.name, row.home_url, delay if delay is not None else row.delay)
    location = locate(ctx.obj["archive"], ctx.obj["database"])
    arguments = {"depth": 1, "due": True, "limit": limit, "rechecks": 0}
    with progress(ctx.obj) as observer:
        results = run_crawls(location, [plan], arguments, observer)
    show(results, err=True)
    return exit_code(results)


def _row(one: BackfillInfo) -> tuple[str, ...]:
    pages = f"{one.pages - one.pending} of {one.pages}" if one.pending else str(one.pages)
    return (
        one.source,
        one.reason,
        f"{one.since:%Y-%m-%d %H:%M}",
        f"{one.until:%Y-%m-%d %H:%M}",
        one.state,
        pages,
        str(one.fresh),
    )


def _as_json(one: BackfillInfo) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(one).items()
    }
