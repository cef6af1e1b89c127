"""``captures``: care for the captured pages."""

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
    """Look after the captures: the bytes that everything was made of."""


def _source_id(archive: Archive, name: str | None) -> int | None:
    from storage.crawl.sources import get_source

    if name is None:
        return None
    with archive.reading() as session:
        return get_source(session, name).id


@captures.command()
@click.option("--source", help="Only of this source.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def verify(ctx: click.Context, source: str | None, as_json: bool) -> None:
    """Prove every record and media file against digests and the database; exit 1 if one fails."""
    from storage.captures.care import verify as care

    with opened(ctx) as archive:
        found = care.verify(archive, _source_id(archive, source))
    if as_json:
        put_json({"files": found.files, "records": found.records, "bytes": found.bytes,
                  "loose": found.loose, "media": found.media,
                  "problems": found.problems})  # fmt: skip
    for problem in found.problems:
        say(problem)
    if not as_json:
        click.echo(f"{plural(found.files, 'file')}, {plural(found.records, 'record')}, "
                   f"{plural(found.media, 'media file')}, "
                   f"{found.bytes / 1e6:,.1f} MB: "
                   + ("all proved" if not found.problems
                      else plural(len(found.problems), "problem")))  # fmt: skip
        if found.loose:
            click.echo(f"{plural(found.loose, 'record')} of no row, left by a crawl that was "
                       "killed; harmless")  # fmt: skip
    ctx.exit(ExitCode.FAILED if found.problems else ExitCode.DONE)


@captures.command()
@click.pass_context
def repair(ctx: click.Context) -> None:
    """Repair captures: broken tails, interrupted rewrites, wrong offsets, lost headers."""
    from storage.captures.care.repair import repair
    from storage.maintenance import takedown

    with opened(ctx) as archive:
        done = repair(archive)
        if count := takedown.finish(archive):
            done.append(f"ended {plural(count, 'takedown')} that had been cut short")
    for line in done:
        click.echo(line)
    if not done:
        click.echo("There was nothing to mend.")


@captures.command()
@click.option("--before", type=Day(), help="Only what was fetched before this day "
              "(default: 90 days ago).")  # fmt: skip
@click.option("--source", help="Only of this source.")
@click.option("--dry-run", is_flag=True, help="Say what would go; remove nothing.")
@click.pass_context
def prune(ctx: click.Context, before: datetime | None, source: str | None, dry_run: bool) -> None:
    """Remove captures that nothing was made of: pages seen again that had not changed.

    What a revision was made of stays, and so does the newest capture of each page.
    """
    from storage.captures.care.prune import prune

    moment = before or datetime.now(UTC) - timedelta(days=90)
    with opened(ctx) as archive:
        count, freed = prune(archive, moment, _source_id(archive, source), dry_run=dry_run)
    would = "would go" if dry_run else "removed"
    click.echo(f"{plural(count, 'capture')} {would}, {freed / 1e6:,.2f} MB")


@captures.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def stats(ctx: click.Context, as_json: bool) -> None:
    """Count captures and their bytes by source."""
    from storage.captures.care.prune import stats

    with opened(ctx) as archive:
        found = stats(archive)
    if as_json:
        put_json(found)
        return
    rows: list[Any] = found["sources"]
    if not rows:
        say("nothing was captured yet")
        return
    table(
        [
            (r["source"], f"{r['captures']:,}", f"{r['revisits']:,}", f"{r['bytes'] / 1e6:,.2f}",
             f"{r['bytes'] / max(1, r['captures'] - r['revisits']) / 1e3:,.1f}", r["store"],
             f"{r['oldest'][:10]} to {r['newest'][:10]}")
            for r in rows
        ],
        ("SOURCE", "CAPTURES", "REVISITS", "MB", "KB EACH", "STORE", "FETCHED"),
    )  # fmt: skip
    click.echo(f"{found['bytes'] / 1e6:,.2f} MB in {found['folder']}", err=not sys.stdout.isatty())


@captures.command()
@click.argument("source")
@click.option("--store", type=click.Choice(["gzip", "zstd"]), required=True,
              help="gzip: WARC for every tool; zstd: a third to an eighth of it.")  # fmt: skip
@click.pass_context
def repack(ctx: click.Context, source: str, store: str) -> None:
    """Pack the captures of SOURCE another way, those to come too; nothing is lost by it."""
    from storage.captures.care.repack import repack as pack_again

    with opened(ctx) as archive:
        source_id = _source_id(archive, source)
        assert source_id is not None  # noqa: S101  # a name was given
        before, after = pack_again(archive, source_id, store, datetime.now(UTC))
    click.echo(f"{source}: {before / 1e6:,.2f} MB became {after / 1e6:,.2f} MB")
