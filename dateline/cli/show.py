"""``show``: show an article or directory entry."""

from __future__ import annotations

import sys
import textwrap
from typing import TYPE_CHECKING, Any

import click

from dateline.cli.history import Range, put_difference, put_revisions, teaser_since
from dateline.cli.options import WIDTH, moment, opened, plural, put_json

if TYPE_CHECKING:
    from collections.abc import Sequence


@click.command()
@click.argument("item")
@click.option("--raw", is_flag=True, help="Write the captured page, as the server sent it.")
@click.option(
    "--revision", type=click.IntRange(1), help="Show this revision (default: the newest)."
)
@click.option(
    "--revisions",
    "only",
    flag_value="revisions",
    help="List its revisions and events (gone, back, moved).",
)
@click.option("--diff", type=Range(), help="Show the changes from revision A to B, word by word.")
@click.option(
    "--links",
    "only",
    flag_value="links",
    help="Show only its links, with the state of each target.",
)
@click.option(
    "--mentions", "only", flag_value="mentions", help="Show only the mentions in its text."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON with revisions and links.")
@click.pass_context
def show(
    ctx: click.Context,
    item: str,
    raw: bool,
    revision: int | None,
    only: str | None,
    diff: tuple[int, int] | None,
    as_json: bool,
) -> None:
    """Show an article or directory entry. ITEM is its number or URL.

    --raw writes the body of the capture with its content coding removed.
    """
    from storage.queries import items

    with opened(ctx) as archive:
        item_id = items.find_item(archive, item)
        if raw:
            sys.stdout.buffer.write(items.raw_page(archive, item_id, revision))
            return
        if diff is not None:
            put_difference(archive, item_id, diff, as_json=as_json)
            return
        record = items.read_item(archive, item_id, revision)
    if only == "revisions":
        put_revisions(record, as_json=as_json)
    elif as_json:
        put_json(record[only] if only else record)
    elif only == "links":
        _print_links(record, every=True)
    elif only == "mentions":
        _print_mentions(record)
    elif record["kind"] == "entry":
        _print_entry(record)
    else:
        _print_article(record)


def _wrapped(
    text: str,
    indent: str = "",
    first: str | None = None,
    underlined: Sequence[tuple[int, int]] = (),
) -> None:
    """Print wrapped ``text``; underline the (start, end) ranges in ``underlined``."""
    begin = indent if first is None else first
    at = 0
    for number, line in enumerate(
        textwrap.wrap(
            text,
            WIDTH,
            initial_indent=begin,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
    ):
        margin = len(begin) if number == 0 else len(indent)
        words = line[margin:]
        at = max(text.find(words, at), at)
        click.echo(line[:margin] + _marked(words, at, underlined))
        at += len(words)


def _marked(words: str, at: int, underlined: Sequence[tuple[int, int]]) -> str:
    out, last = [], 0
    for start, end in sorted(underlined):
        begin, stop = max(start - at, last), min(end - at, len(words))
        if begin < stop:
            out += [words[last:begin], click.style(words[begin:stop], underline=True)]
            last = stop
    return "".join([*out, words[last:]])


def _print_article(record: dict[str, Any]) -> None:
    from storage.types.content import StatedTimestamp

    click.echo()
    for line in textwrap.wrap(record["headline"] or record["title"] or record["url"], WIDTH):
        click.secho(line, bold=True)
    published = record.get("published")
    facts = [record["source"]]
    facts += [record[name] for name in ("article_kind", "dateline_place") if record.get(name)]
    if published:
        facts.append(moment(StatedTimestamp.fromisoformat(published)))
    facts += [f"n° {record['number']}"] if record["number"] else []
    facts += [record["section"]] if record.get("section") else []
    facts += record.get("notices", [])
    click.secho(" · ".join(facts), dim=True)
    if record.get("byline"):
        click.secho("By " + ", ".join(record["byline"]), dim=True)
    if record["state"] == "stub":
        click.echo("\nStub: known only from links; its page is not fetched yet.")
    if record.get("access") == "teaser":
        click.secho("Teaser only: the site showed the beginning of the text.", fg="yellow")
    if record.get("doubtful"):
        looks = record.get("provenance", {}).get("doubtful", "another kind of page")
        click.secho(f"Doubtful: this may not be an article ({looks}).", fg="yellow")
    since = teaser_since(record["events"])
    if since:
        words = f"The page shows only a teaser since {since[:10]}; this is the full text."
        click.secho(words, fg="yellow")
    click.echo()
    _print_blocks(record["blocks"], record.get("mentions", []))
    _print_links(record)
    click.echo()
    click.secho(record["url"], dim=True)
    revisions = record["revisions"]
    if len(revisions) > 1 or record["events"]:
        last = revisions[-1]["seen_at"][:16].replace("T", " ")
        click.secho(f"{plural(len(revisions), 'revision')}, last {last} (--revisions)", dim=True)
    for copy in record["duplicates"]:
        words = f"Duplicate in {copy['source']}: {copy['title']} [item {copy['item']}]"
        _wrapped(words, "  ", "")


def _print_blocks(blocks: list[dict[str, Any]], mentions: Sequence[dict[str, Any]] = ()) -> None:
    for i, (before, block) in enumerate(zip([None, *blocks], blocks, strict=False)):
        kind, text = block["kind"], block["text"]
        marks = [(m["start"], m["end"]) for m in mentions if m["block"] == i]
        if kind == "list_item":
            depth = "  " * block.get("level", 1)
            _wrapped(text, depth + "  ", depth + "- ", marks)
            continue
        if (
            before is not None
            and before["kind"] in ("list_item", "table")
            and kind != before["kind"]
        ):
            click.echo()
        if block.get("at"):
            from storage.types.content import StatedTimestamp

            click.secho(moment(StatedTimestamp.fromisoformat(block["at"])), dim=True)
        if kind == "heading":
            click.secho("\n".join(textwrap.wrap(text, WIDTH)), bold=True)
        elif kind == "quote":
            _wrapped(text, "  │ ", underlined=marks)
            if block.get("source"):
                click.secho(f"  │ {block['source']}", dim=True)
        elif kind == "figure":
            _wrapped(f"[Picture: {text or block.get('media')}]")
        elif kind == "preformatted":
            click.echo(text)
        elif kind == "table" and block.get("cells"):
            _wrapped(text, "    ", "  ", marks)
            continue
        elif kind == "definition":
            _wrapped(text, "    ", "    ", marks)
        else:
            _wrapped(text, underlined=marks)
        click.echo()


_RELATIONS = (
    ("related", "Related articles"),
    ("entry", "Directory entries"),
    ("attachment", "Attachments"),
    ("further", "Further reading"),
)


def _print_links(record: dict[str, Any], *, every: bool = False) -> None:
    titles = (*_RELATIONS, ("embedded", "Embedded"), ("outside", "Other links"))
    # Mentions are underlined in the text; the list has the page's own list.
    named = {m["url"] for m in record.get("mentions", [])}
    for relation, title in titles if every else _RELATIONS:
        links = [
            link
            for link in record["links"]
            if link["relation"] == relation and (every or link["url"] not in named)
        ]
        if not links:
            continue
        click.echo()
        click.secho(title, bold=True)
        for link in links:
            _wrapped(_link_line(link), "    ", "  - ")


def _link_line(link: dict[str, Any]) -> str:
    if link["relation"] in ("related", "entry"):
        state = f"item {link['item']}" if link["state"] == "stored" else "not fetched yet"
    else:
        state = f"item {link['item']}" if link["state"] == "stored" else link["url"]
    number = f"n° {link['number']}" if link["number"] else ""
    said = " ".join(filter(None, (link["kind"], number)))
    day = (link["published"] or "")[:10]
    facts = ", ".join(filter(None, (said, day, state)))
    return f"{link['title'] or link['url']} [{facts}]"


def _print_mentions(record: dict[str, Any]) -> None:
    for m in record["mentions"]:
        name = m["full_name"] or m["anchor"]
        words = m["anchor"] if name == m["anchor"] else f"{m['anchor']} = {name}"
        if m["expansion"] and m["expansion"] != name:
            words += f" ({m['expansion']})"
        state = f"item {m['item']}" if m["state"] == "stored" else "not fetched yet"
        _wrapped(
            f"{words} [{m['kind']}, {state if m['item'] else 'not in the directory'}]", "  ", ""
        )


def _print_entry(record: dict[str, Any]) -> None:
    click.echo()
    click.secho(record["title"] or record["url"], bold=True)
    facts = [record["source"], record.get("entry_kind") or "directory entry"]
    facts += [f"n° {record['number']}"] if record["number"] else []
    click.secho(" · ".join(facts), dim=True)
    click.echo()
    if record["state"] == "stub":
        click.echo("Stub: known only from mentions; its page is not fetched yet.")
    _print_blocks(record["blocks"])
    _print_links(record)
    if record["named_in"]:
        click.echo()
        click.secho("Mentioned in", bold=True)
        for article in record["named_in"]:
            _wrapped(f"{article['title']} [{article['item']}]", "    ", "  - ")
    click.echo()
    click.secho(record["url"], dim=True)
