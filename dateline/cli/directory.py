"""``who`` and ``related``: directory entries, and the items linked to an item."""

from __future__ import annotations

from collections import Counter
from typing import Any

import click

from dateline.cli.options import WIDTH, opened, plural, put_json

_SHOWN = 20
_BAR = 30
_UNDATED = "n.d."
_YEAR = 4


@click.command()
@click.argument("name", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON with all articles.")
@click.pass_context
def who(ctx: click.Context, name: tuple[str, ...], as_json: bool) -> None:
    """Show the directory entry NAME and the articles that mention it.

    NAME is a person, organisation or term; a part of the name is enough. Case and accents are
    ignored.
    """
    from storage.queries.directory import find_entries as find

    with opened(ctx) as archive:
        entries = find(archive, " ".join(name))
    if as_json:
        put_json(entries)
        return
    for entry in entries[:_SHOWN]:
        _print_entry(entry, whole=len(entries) == 1)
    if len(entries) > 1:
        click.echo(f"\n{len(entries)} entries match. Give more of the name to select one.")


def _print_entry(entry: dict[str, Any], *, whole: bool) -> None:
    click.echo()
    click.secho(entry["name"] or entry["url"], bold=True)
    facts = [entry["kind"], entry["source"], f"item {entry['id']}"]
    facts += [f"n° {entry['number']}"] if entry["number"] else []
    facts += ["known only from mentions"] if entry["state"] == "stub" else []
    click.secho(" · ".join(facts), dim=True)
    others = [name for name in entry["names"] if name != entry["name"]]
    if others:
        click.echo("Also: " + ", ".join(others))
    for line in click.wrap_text(entry["description"] or "", WIDTH).splitlines():
        click.echo(line)
    articles = entry["articles"]
    click.echo(f"Mentioned in {plural(len(articles), 'article')}")
    if not whole or not articles:
        return
    years = Counter((article["at"] or _UNDATED)[:_YEAR] for article in articles)
    most = max(years.values())
    click.echo()
    for year in sorted(years):
        bar = "█" * max(1, round(years[year] / most * _BAR))
        click.echo(f"  {year}  {bar} {years[year]}")
    click.echo()
    for article in articles[:_SHOWN]:
        click.echo(f"  {(article['at'] or _UNDATED)[:10]:<10}  {article['title'][: WIDTH - 14]}")
    if len(articles) > _SHOWN:
        click.echo(f"  … and {len(articles) - _SHOWN} more (--json lists all)")


@click.command()
@click.argument("item")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def related(ctx: click.Context, item: str, as_json: bool) -> None:
    """List items linked to ITEM (a number or URL), up to two steps away.

    Follows links in both directions.
    """
    from storage.queries import items
    from storage.queries.directory import neighbours

    with opened(ctx) as archive:
        found = neighbours(archive, items.find_item(archive, item))
    if as_json:
        put_json(found)
        return
    for distance, title in ((1, "One step"), (2, "Two steps")):
        rows = [row for row in found if row["distance"] == distance]
        click.secho(f"{title} ({len(rows)})", bold=True)
        for row in rows[: _SHOWN * 3]:
            state = "" if row["state"] == "stored" else ", not fetched yet"
            how = f"{', '.join(row['how'])}: " if row["how"] else ""
            line = f"  {row['item']:>6}  {how}{row['title'] or row['url']}{state}"
            click.echo(line if len(line) <= WIDTH else line[: WIDTH - 1] + "…")
        if len(rows) > _SHOWN * 3:
            click.echo(f"  … and {len(rows) - _SHOWN * 3} more (--json lists all)")
