"""``captures``: verify, repair, prune, repack and count captures."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from dateline.cli.options import ExitCode, opened, plural, put_json, say, table
from dateline.cli.search import Day

if TYPE_CHECKING:
    from storage import Archive


@click.group()
def captures() -> None:
    """Verify, repair, prune, repack and count captures.

    A capture is an HTTP exchange as it was fetched, in a WARC file.
    """


def _source_id(archive: Archive, name: str | None) -> int | None:
    from storage.crawl.sources import get_source

    if name is None:
        return None
    with archive.reading() as session:
        return get_source(session, name).id


@captures.command()
@click.option("--source", help="Only captures of this source.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def verify(ctx: click.Context, source: str | None, as_json: bool) -> None:
    """Verify the captures and media files.

    Compares every record and media file with its digest and the database.

    Exit code 1: an error was found.
    """
    from storage.captures.care import verify as care

    with opened(ctx) as archive:
        found = care.verify(archive, _source_id(archive, source))
    if as_json:
        put_json(
            {
                "files": found.files,
                "records": found.records,
                "bytes": found.bytes,
                "orphans": found.loose,
                "media": found.media,
                "problems": found.problems,
            }
        )
    for problem in found.problems:
        say(problem)
    if not as_json:
        click.echo(
            f"{plural(found.files, 'file')}, {plural(found.records, 'record')}, "
            f"{plural(found.media, 'media file')}, "
            f"{found.bytes / 1e6:,.1f} MB: "
            + ("OK" if not found.problems else plural(len(found.problems), "problem"))
        )
        if found.loose:
            click.echo(
                f"{plural(found.loose, 'record')} without a database row, from a killed crawl "
                "(harmless)"
            )
    ctx.exit(ExitCode.FAILED if found.problems else ExitCode.DONE)


@captures.command()
@click.pass_context
def repair(ctx: click.Context) -> None:
    """Repair damaged captures.

    Fixes truncated files, interrupted rewrites, wrong offsets and lost headers; completes
    interrupted takedowns.
    """
    from storage.captures.care.repair import repair
    from storage.maintenance import takedown

    with opened(ctx) as archive:
        done = repair(archive)
        if count := takedown.resume_takedowns(archive):
            done.append(f"{plural(count, 'interrupted takedown')} completed")
    for line in done:
        click.echo(line)
    if not done:
        click.echo("Nothing to repair.")


@captures.command()
@click.option(
    "--before", type=Day(), help="Only captures fetched before this day (default: 90 days ago)."
)
@click.option("--source", help="Only captures of this source.")
@click.option("--dry-run", is_flag=True, help="Show what would be removed; remove nothing.")
@click.pass_context
def prune(ctx: click.Context, before: datetime | None, source: str | None, dry_run: bool) -> None:
    """Remove captures that no revision uses.

    These are pages that had not changed when they were fetched again.
    The captures of revisions and the newest capture of each page are kept.
    """
    from storage.captures.care.prune import prune

    moment = before or datetime.now(UTC) - timedelta(days=90)
    with opened(ctx) as archive:
        count, freed = prune(archive, moment, _source_id(archive, source), dry_run=dry_run)
    would = "would be removed" if dry_run else "removed"
    click.echo(f"{plural(count, 'capture')} {would}, {freed / 1e6:,.2f} MB")


@captures.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def stats(ctx: click.Context, as_json: bool) -> None:
    """Show the number and size of captures per source."""
    from storage.captures.care.prune import stats

    with opened(ctx) as archive:
        found = stats(archive)
    if as_json:
        put_json(found)
        return
    rows: list[Any] = found["sources"]
    if not rows:
        say("No captures yet. Fetch pages: dateline crawl")
        return
    table(
        [
            (
                r["source"],
                f"{r['captures']:,}",
                f"{r['revisits']:,}",
                f"{r['bytes'] / 1e6:,.2f}",
                f"{r['bytes'] / max(1, r['captures'] - r['revisits']) / 1e3:,.1f}",
                r["store"],
                f"{r['oldest'][:10]} to {r['newest'][:10]}",
            )
            for r in rows
        ],
        ("SOURCE", "CAPTURES", "REVISITS", "MB", "KB PER PAGE", "COMPRESSION", "FETCHED"),
    )
    click.echo(f"{found['bytes'] / 1e6:,.2f} MB in {found['folder']}", err=not sys.stdout.isatty())


@captures.command()
@click.argument("source")
@click.option(
    "--compression",
    "store",
    type=click.Choice(["gzip", "zstd"]),
    required=True,
    help="gzip: standard WARC; zstd: a third to an eighth of the size.",
)
@click.pass_context
def repack(ctx: click.Context, source: str, store: str) -> None:
    """Change the compression of the captures of SOURCE.

    Applies to existing and future captures. Lossless: repacking with gzip restores the WARC
    records byte for byte.
    """
    from storage.captures.care.repack import repack as pack_again

    with opened(ctx) as archive:
        source_id = _source_id(archive, source)
        assert source_id is not None  # noqa: S101  # a name was given
        before, after = pack_again(archive, source_id, store, datetime.now(UTC))
    click.echo(f"{source}: {before / 1e6:,.2f} MB before, {after / 1e6:,.2f} MB now")
