"""``init`` and ``db``: the archive's folder and its database."""

from __future__ import annotations

import os
from pathlib import Path

import click

from dateline.cli.options import ExitCode, opened, plural, put_json, say


@click.command()
@click.argument("folder", required=False, metavar="[DIR]")
@click.pass_context
def init(ctx: click.Context, folder: str | None) -> None:
    """Make an archive in DIR (default: $DATELINE_ARCHIVE, or here).

    Nothing that lies there is overwritten; a database of an older Dateline is upgraded.
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
    """Look after the database."""


@db.command()
@click.pass_context
def upgrade(ctx: click.Context) -> None:
    """Bring the database to this Dateline's schema."""
    from storage.archive import open_unchecked
    from storage.database import migrations
    from storage.jobs.reindex import complete
    from storage.jobs.upgrade import follow_rules

    with open_unchecked(ctx.obj["archive"], ctx.obj["database"]) as archive:
        before = migrations.current(archive.engine)
        migrations.upgrade(archive.engine, after=follow_rules(say))
        indexed = complete(archive, say)
        after = migrations.current(archive.engine)
    if indexed:
        say(f"{plural(indexed, 'article')} indexed anew")
    say("up to date" if before == after else f"upgraded from {before or 'nothing'} to {after}")


@db.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.pass_context
def backup(ctx: click.Context, file: Path) -> None:
    """Write the whole archive to FILE, a tar; crawls may go on meanwhile."""
    from storage.maintenance import backup as backups

    with opened(ctx) as archive:
        done = backups.backup(archive, file)
    say(f"{done.files} files, {done.bytes / 1e6:,.1f} MB in {file}")


@db.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--forgotten-in", type=click.Path(exists=True, file_okay=False, path_type=Path),
              help="An archive whose takedowns, made since, are obeyed here too.")  # fmt: skip
@click.pass_context
def restore(ctx: click.Context, file: Path, folder: Path, forgotten_in: Path | None) -> None:
    """Make an archive in FOLDER of the backup FILE; --database says where its rows go."""
    from storage import open_archive, utc_now
    from storage.jobs.reindex import complete
    from storage.maintenance import backup as backups
    from storage.maintenance import takedown

    with backups.restore(file, folder, ctx.obj["database"]) as archive:
        complete(archive)
        if forgotten_in is not None:
            with open_archive(str(forgotten_in)) as other:
                erased = takedown.obey(archive, other, utc_now())
            say(f"erased {erased} items that were forgotten since the backup")
    say(f"restored to {folder}; prove it with `dateline -C {folder} db check`")


@db.command(name="verify-backup")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_context
def verify_backup(ctx: click.Context, file: Path) -> None:
    """Prove every byte of a backup, and that its captures and media can be read; exit 1 if not."""
    from storage.maintenance import backup as backups

    done = backups.verify(file)
    for problem in done.problems:
        say(problem)
    size = f"{done.files} files, {done.bytes / 1e6:,.1f} MB"
    if not done.problems:
        click.echo(f"{size}: all as they were.")
        return
    click.echo(f"{size}: as they were, with {plural(len(done.problems), 'problem')} inside")
    say("restore the backup and run `dateline captures repair`")
    ctx.exit(ExitCode.FAILED)


@db.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def current(ctx: click.Context, as_json: bool) -> None:
    """Say which version of the schema the database has."""
    from storage.archive import open_unchecked
    from storage.database import migrations

    with open_unchecked(ctx.obj["archive"], ctx.obj["database"]) as archive:
        version = migrations.current(archive.engine)
    if as_json:
        put_json({"current": version, "head": migrations.HEAD})
    else:
        click.echo(f"{version or 'none'} (this Dateline: {migrations.HEAD})")


@db.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def check(ctx: click.Context, as_json: bool) -> None:
    """Prove that schema, rows, search index and captures agree; exit 1 where they do not."""
    from storage.maintenance.integrity import check as check_archive

    with opened(ctx) as archive:
        problems = check_archive(archive)
    if as_json:
        put_json({"problems": problems})
    for problem in problems:
        say(problem)
    if problems:
        ctx.exit(ExitCode.FAILED)
    if not as_json:
        click.echo("The archive is sound.")
