"""``init`` and ``db``: create an archive, manage its database."""

from __future__ import annotations

import os
from pathlib import Path

import click

from dateline.cli.options import ExitCode, opened, plural, put_json, say


@click.command()
@click.argument("folder", required=False, metavar="[DIR]")
@click.pass_context
def init(ctx: click.Context, folder: str | None) -> None:
    """Create an archive in DIR (default: $DATELINE_ARCHIVE, else the current directory).

    Existing files are kept. The database of an older version is upgraded.
    """
    from storage import create_archive

    named = folder or ctx.obj["archive"] or os.environ.get("DATELINE_ARCHIVE") or "."
    with create_archive(named, ctx.obj["database"]) as archive:
        place = archive.location
        click.echo(f"Archive in {place.folder}", err=True)
        if not place.is_sqlite:
            from sqlalchemy.engine import make_url

            shown = make_url(place.database_url).render_as_string(hide_password=True)
            click.echo(f"Database {shown}", err=True)
        click.echo("Next: dateline add https://a-news-site.example/", err=True)


@click.group()
def db() -> None:
    """Manage the database: upgrade, check, back up, restore."""


@db.command()
@click.pass_context
def upgrade(ctx: click.Context) -> None:
    """Upgrade the database to the schema of this version."""
    from storage.archive import open_any_version
    from storage.database import migrations
    from storage.jobs.reindex import complete_deferred_work
    from storage.jobs.upgrade import apply_current_rules

    with open_any_version(ctx.obj["archive"], ctx.obj["database"]) as archive:
        before = migrations.current_version(archive.engine)
        migrations.upgrade(archive.engine, after=apply_current_rules(say))
        indexed = complete_deferred_work(archive, say)
        after = migrations.current_version(archive.engine)
    if indexed:
        say(f"{plural(indexed, 'article')} re-indexed")
    say("up to date" if before == after else f"upgraded from {before or 'nothing'} to {after}")


@db.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.pass_context
def backup(ctx: click.Context, file: Path) -> None:
    """Back up the archive to FILE, a tar file. Crawls may run meanwhile."""
    from storage.maintenance import backup as backups

    with opened(ctx) as archive:
        done = backups.backup(archive, file)
    say(f"{done.files} files, {done.bytes / 1e6:,.1f} MB in {file}")


@db.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--takedowns-from",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Apply the takedowns of this archive that are newer than the backup.",
)
@click.pass_context
def restore(ctx: click.Context, file: Path, folder: Path, takedowns_from: Path | None) -> None:
    """Restore the backup FILE to a new archive in FOLDER.

    With --database the rows go to that database, SQLite or PostgreSQL.
    """
    from storage import open_archive, utc_now
    from storage.jobs.reindex import complete_deferred_work
    from storage.maintenance import backup as backups
    from storage.maintenance import takedown

    with backups.restore(file, folder, ctx.obj["database"]) as archive:
        complete_deferred_work(archive)
        if takedowns_from is not None:
            with open_archive(str(takedowns_from)) as other:
                erased = takedown.apply_takedowns_of(archive, other, utc_now())
            say(f"{plural(erased, 'item')} erased: newer takedowns than the backup")
    say(f"restored to {folder}. Verify it: dateline -C {folder} db check")


@db.command(name="verify-backup")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_context
def verify_backup(ctx: click.Context, file: Path) -> None:
    """Verify a backup.

    Verifies its checksums and reads its captures and media. Exit code 1: the backup has errors.
    """
    from storage.maintenance import backup as backups

    done = backups.verify(file)
    for problem in done.problems:
        say(problem)
    size = f"{done.files} files, {done.bytes / 1e6:,.1f} MB"
    if not done.problems:
        click.echo(f"{size}: OK")
        return
    click.echo(f"{size}: checksums OK, {plural(len(done.problems), 'problem')} in the captures")
    say("Restore the backup, then run: dateline captures repair")
    ctx.exit(ExitCode.FAILED)


@db.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def current(ctx: click.Context, as_json: bool) -> None:
    """Show the schema version of the database."""
    from storage.archive import open_any_version
    from storage.database import migrations

    with open_any_version(ctx.obj["archive"], ctx.obj["database"]) as archive:
        version = migrations.current_version(archive.engine)
    if as_json:
        put_json({"current": version, "head": migrations.HEAD})
    else:
        click.echo(f"{version or 'none'} (current version: {migrations.HEAD})")


@db.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def check(ctx: click.Context, as_json: bool) -> None:
    """Verify the whole archive.

    Checks that schema, rows, search index, captures and media agree. Exit code 1: the archive
    has errors.
    """
    from storage.maintenance.integrity import check_archive

    with opened(ctx) as archive:
        problems = check_archive(archive)
    if as_json:
        put_json({"problems": problems})
    for problem in problems:
        say(problem)
    if problems:
        ctx.exit(ExitCode.FAILED)
    if not as_json:
        click.echo("No errors found.")
