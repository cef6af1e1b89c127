"""``show``: one item whole, as a person would read it."""

from __future__ import annotations

import sys
import textwrap
from typing import Any

import click

from dateline.cli.options import WIDTH, moment, opened, put_json


@click.command()
@click.argument("item")
@click.option("--raw", is_flag=True, help="The captured page's bytes, as the server sent them.")
@click.option("--revision", type=click.IntRange(1), help="An earlier revision.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, with revisions and links.")
@click.pass_context
def show(ctx: click.Context, item: str, raw: bool, revision: int | None, as_json: bool) -> None:
    """Show ITEM: its number in this archive, or its URL.

    --raw writes the body as captured, its content coding undone.
    """
    from storage import reading

    with opened(ctx) as archive:
        item_id = reading.find(archive, item)
        if raw:
            sys.stdout.buffer.write(reading.raw_page(archive, item_id, revision))
            return
        record = reading.item(archive, item_id, revision)
    if as_json:
        put_json(record)
    elif record["kind"] == "entry":
        _print_entry(record)
    else:
        _print_article(record)


def _wrapped(text: str, indent: str = "", first: str | None = None) -> None:
    for line in textwrap.wrap(
        text, WIDTH, initial_indent=indent if first is None else first, subsequent_indent=indent,
        break_long_words=False, break_on_hyphens=False,
    ):  # fmt: skip
        click.echo(line)


def _print_article(record: dict[str, Any]) -> None:
    from storage.content import ClaimedMoment

    click.echo()
    for line in textwrap.wrap(record["headline"] or record["title"] or record["url"], WIDTH):
        click.secho(line, bold=True)
    published = record.get("published")
    facts = [record["source"]]
    if published:
        facts.append(moment(ClaimedMoment.fromisoformat(published)))
    facts += [f"n° {record['number']}"] if record["number"] else []
    facts += [record["section"]] if record.get("section") else []
    click.secho(" · ".join(facts), dim=True)
    if record.get("byline"):
        click.secho("By " + ", ".join(record["byline"]), dim=True)
    if record["state"] == "stub":
        click.echo("\nKnown only from links to it; its page was not fetched yet.")
    if record.get("access") == "teaser":
        click.secho("Only the beginning was to be seen.", fg="yellow")
    click.echo()
    _print_blocks(record["blocks"])
    _print_links(record)
    click.echo()
    click.secho(record["url"], dim=True)
    revisions = record["revisions"]
    if len(revisions) > 1:
        seen = ", ".join(f"{r['number']}: {r['seen_at'][:16].replace('T', ' ')}" for r in revisions)
        click.secho(f"Revisions {seen}", dim=True)


def _print_blocks(blocks: list[dict[str, Any]]) -> None:
    for before, block in zip([None, *blocks], blocks, strict=False):
        kind, text = block["kind"], block["text"]
        if kind == "list_item":
            depth = "  " * block.get("level", 1)
            _wrapped(text, depth + "  ", depth + "- ")
            continue
        if before is not None and before["kind"] == "list_item":
            click.echo()
        if kind == "heading":
            click.secho("\n".join(textwrap.wrap(text, WIDTH)), bold=True)
        elif kind == "quote":
            _wrapped(text, "  │ ")
        elif kind == "figure":
            _wrapped(f"[Picture: {text or block.get('media')}]")
        elif kind == "preformatted":
            click.echo(text)
        else:
            _wrapped(text)
        click.echo()


def _print_links(record: dict[str, Any]) -> None:
    titles = (("related", "Related articles"), ("entry", "Directory"),
              ("attachment", "Attachments"), ("further", "Further reading"))  # fmt: skip
    for relation, title in titles:
        links = [link for link in record["links"] if link["relation"] == relation]
        if not links:
            continue
        click.echo()
        click.secho(title, bold=True)
        for link in links:
            state = f"{link['item']}" if link["state"] == "stored" else link["state"] or "not kept"
            _wrapped(f"{link['title'] or link['url']} [{state}]", "    ", "  - ")


def _print_entry(record: dict[str, Any]) -> None:
    click.echo()
    click.secho(record["title"] or record["url"], bold=True)
    facts = [record["source"], record.get("entry_kind") or "directory entry"]
    facts += [f"n° {record['number']}"] if record["number"] else []
    click.secho(" · ".join(facts), dim=True)
    click.echo()
    if record["state"] == "stub":
        click.echo("Known only from mentions; its page was not fetched yet.")
    _print_blocks(record["blocks"])
    _print_links(record)
    if record["named_in"]:
        click.echo()
        click.secho("Named in", bold=True)
        for article in record["named_in"]:
            _wrapped(f"{article['title']} [{article['item']}]", "    ", "  - ")
    click.echo()
    click.secho(record["url"], dim=True)
