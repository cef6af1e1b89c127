"""``init`` and ``db``: the archive's folder and its database."""

from __future__ import annotations

import click

from dateline.cli.options import ExitCode, opened, put_json, say


@click.command()
@click.argument("folder", required=False, metavar="[DIR]")
@click.pass_context
def init(ctx: click.Context, folder: str | None) -> None:
    """Make an archive in DIR (default: here).

    Nothing that lies there is overwritten; a database of an older Dateline is upgraded.
    """
    from storage import create_archive

    with create_archive(folder or ctx.obj["archive"] or ".", ctx.obj["database"]) as archive:
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
    from storage import migrations
    from storage.archive import open_unchecked

    with open_unchecked(ctx.obj["archive"], ctx.obj["database"]) as archive:
        before = migrations.current(archive.engine)
        migrations.upgrade(archive.engine)
        after = migrations.current(archive.engine)
    say("up to date" if before == after else f"upgraded from {before or 'nothing'} to {after}")


@db.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def current(ctx: click.Context, as_json: bool) -> None:
    """Say which version of the schema the database has."""
    from storage import migrations
    from storage.archive import open_unchecked

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
    from storage.checks import check as check_archive

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
