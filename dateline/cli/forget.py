"""``forget``: erase by request, for good."""

from __future__ import annotations

import click

from dateline.cli.options import ExitCode, opened, plural, put_json, say


@click.command()
@click.argument("items", nargs=-1, metavar="[ITEM]...")
@click.option("--source", help="A whole source, with all that was kept of it.")
@click.option("--why", help="The reason, kept in the archive's history.")
@click.option("--copies", is_flag=True, help="Their near-duplicates in other sources too.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--list", "list_", is_flag=True, help="Say what was erased, when and why.")
@click.option("--revoke", type=int, metavar="N", help="Let what takedown N erased come back.")
@click.option("--finish", is_flag=True, help="Go on with takedowns that were cut short.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def forget(
    ctx: click.Context, items: tuple[str, ...], source: str | None, why: str | None,
    copies: bool, yes: bool, list_: bool, revoke: int | None, finish: bool, as_json: bool,
) -> None:  # fmt: skip
    """Erase ITEM (its number or URL) or a source: text, history, index, media and captures.

    It cannot be undone. A tombstone keeps it from coming back by a crawl or an import; it tells
    nothing of what was erased. Backups and exports made before are yours to clean.
    """
    from storage.maintenance import takedown

    with opened(ctx) as archive:
        if list_ or revoke is not None or finish:
            if revoke is not None:
                takedown.revoke(archive, revoke)
                say(f"takedown {revoke} is revoked; what it erased may be found again")
            if finish:
                say(f"{plural(takedown.finish(archive), 'takedown')} ended")
            if list_:
                _list(takedown.history(archive), as_json)
            return
        _erase(ctx, archive, items, source, why, copies, yes, as_json)


def _list(rows: list[dict[str, object]], as_json: bool) -> None:
    if as_json:
        put_json(rows)
        return
    for row in rows:
        state = "" if row["state"] == "done" else " (cut short: --finish)"
        click.echo(f"{row['id']:4}  {str(row['at'])[:16].replace('T', ' ')}  {row['what']}, "
                   f"{row['captures']} captures, {row['media']} media{state}")  # fmt: skip
        click.echo(f"      {row['why']}")
    if not rows:
        say("nothing was ever erased")


def _erase(
    ctx: click.Context, archive: object, items: tuple[str, ...], source: str | None,
    why: str | None, copies: bool, yes: bool, as_json: bool,
) -> None:  # fmt: skip
    from storage import Archive, utc_now
    from storage.crawl.sources import get_source
    from storage.maintenance import takedown
    from storage.queries import items as reading

    assert isinstance(archive, Archive)  # noqa: S101
    if bool(items) == (source is not None):
        raise click.UsageError("name items, or a source with --source")
    if not why or not why.strip():
        raise click.UsageError("say --why: the reason is what remains of it")
    if source is not None:
        with archive.reading() as session:
            source_id = get_source(session, source).id
        _confirm(f"Erase the source {source} with all its articles and captures?", yes)
        done = takedown.forget_source(archive, source_id, why, utc_now())
    else:
        ids = [reading.find(archive, name) for name in items]
        if copies:
            held = [reading.item(archive, i)["duplicates"] for i in ids]
            ids += [copy["item"] for found in held for copy in found]
        ids = list(dict.fromkeys(ids))
        titles = [reading.item(archive, i)["title"] or str(i) for i in ids[:5]]
        for title in titles:
            click.echo(f"  {title}", err=True)
        _confirm(f"Erase {plural(len(ids), 'item')} for good?", yes)
        done = takedown.forget_items(archive, ids, why, utc_now())
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
