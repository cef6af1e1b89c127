"""``forget``: erase items or a source permanently (takedown)."""

from __future__ import annotations

import click

from dateline.cli.options import ExitCode, opened, plural, put_json, say


@click.command()
@click.argument("items", nargs=-1, metavar="[ITEM]...")
@click.option("--source", help="Erase a whole source with everything stored of it.")
@click.option("--reason", help="Reason of the takedown; it is kept.")
@click.option("--copies", is_flag=True, help="Also erase near-duplicates in other sources.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.option("--list", "list_", is_flag=True, help="List the takedowns: what, when and why.")
@click.option(
    "--revoke", type=int, metavar="N", help="Revoke takedown N: its items may be crawled again."
)
@click.option("--finish", is_flag=True, help="Complete interrupted takedowns.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def forget(
    ctx: click.Context,
    items: tuple[str, ...],
    source: str | None,
    reason: str | None,
    copies: bool,
    yes: bool,
    list_: bool,
    revoke: int | None,
    finish: bool,
    as_json: bool,
) -> None:
    """Erase ITEM (number or URL) or a source: text, history, index, media and captures.

    This cannot be undone. A tombstone, which reveals nothing about the erased item, prevents
    crawls and imports from storing it again. Earlier backups and exports are not changed.
    """
    from storage.maintenance import takedown

    with opened(ctx) as archive:
        if list_ or revoke is not None or finish:
            if revoke is not None:
                takedown.revoke_takedown(archive, revoke)
                say(f"takedown {revoke} revoked; crawls and imports may store its items again")
            if finish:
                say(f"{plural(takedown.resume_takedowns(archive), 'takedown')} completed")
            if list_:
                _list(takedown.list_takedowns(archive), as_json)
            return
        _erase(ctx, archive, items, source, reason, copies, yes, as_json)


def _list(rows: list[dict[str, object]], as_json: bool) -> None:
    if as_json:
        put_json(rows)
        return
    for row in rows:
        state = "" if row["state"] == "done" else " (interrupted; complete it with --finish)"
        click.echo(
            f"{row['id']:4}  {str(row['at'])[:16].replace('T', ' ')}  {row['what']}, "
            f"{row['captures']} captures, {row['media']} media{state}"
        )
        click.echo(f"      {row['why']}")
    if not rows:
        say("No takedowns yet.")


def _erase(
    ctx: click.Context,
    archive: object,
    items: tuple[str, ...],
    source: str | None,
    reason: str | None,
    copies: bool,
    yes: bool,
    as_json: bool,
) -> None:
    from storage import Archive, utc_now
    from storage.crawl.sources import get_source
    from storage.maintenance import takedown
    from storage.queries import items as reading

    assert isinstance(archive, Archive)  # noqa: S101
    if bool(items) == (source is not None):
        raise click.UsageError("Give items, or a source with --source.")
    if not reason or not reason.strip():
        raise click.UsageError("Give a reason: --reason TEXT. It is kept in the list of takedowns.")
    if source is not None:
        with archive.reading() as session:
            source_id = get_source(session, source).id
        _confirm(f"Permanently erase the source {source} with all its articles and captures?", yes)
        done = takedown.erase_source(archive, source_id, reason, utc_now())
    else:
        ids = [reading.find_item(archive, name) for name in items]
        if copies:
            held = [reading.read_item(archive, i)["duplicates"] for i in ids]
            ids += [copy["item"] for found in held for copy in found]
        ids = list(dict.fromkeys(ids))
        titles = [reading.read_item(archive, i)["title"] or str(i) for i in ids[:5]]
        for title in titles:
            click.echo(f"  {title}", err=True)
        _confirm(f"Permanently erase {plural(len(ids), 'item')}?", yes)
        done = takedown.erase_items(archive, ids, reason, utc_now())
    if as_json:
        put_json(done)
    else:
        click.echo(
            f"Erased {plural(done['items'], 'item')}, {plural(done['captures'], 'capture')}, "
            f"{plural(done['media'], 'media file')}."
        )


def _confirm(question: str, yes: bool) -> None:
    if not yes and not click.confirm(question, err=True):
        say("nothing was erased")
        raise click.exceptions.Exit(ExitCode.FAILED)
