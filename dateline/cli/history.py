"""Print an item's history: revisions, events, and the diff of two revisions."""

from __future__ import annotations

import re
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import click

from dateline.cli.options import WIDTH, put_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from storage.archive import Archive

_ORIGINS = {"crawl": "", "reextraction": "re-extraction of the same capture", "import": "imported"}
_EVENTS = {"teaser": "page shows only a teaser"}
_STYLES: dict[str, dict[str, Any]] = {
    "-": {"fg": "red", "strikethrough": True},
    "+": {"fg": "green", "bold": True},
    "=": {},
}
_MARKS = {"-": ("[-", "-]"), "+": ("{+", "+}"), "=": ("", "")}


class Range(click.ParamType[tuple[int, int]]):
    """Two revisions: ``1..3``, or ``3`` for 2..3."""

    name = "A..B"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, int]:
        """Parse the range."""
        if isinstance(value, tuple):
            return value
        match = re.fullmatch(r"(\d+)\.\.(\d+)|(\d+)", value)
        if match is None:
            return self.fail(
                f"{value!r} is not a range of revisions. Write 1..3, or 3 for 2..3.", param, ctx
            )
        if match[3]:
            return int(match[3]) - 1, int(match[3])
        return int(match[1]), int(match[2])


def put_revisions(record: dict[str, Any], *, as_json: bool) -> None:
    """Print the revisions and events of an item, oldest first."""
    if as_json:
        put_json({"revisions": record["revisions"], "events": record["events"]})
        return
    rows = [(r["seen_at"], f"{r['number']:4}  {_revision_line(r)}") for r in record["revisions"]]
    rows += [(e["at"], f"   -  {_event_line(e)}") for e in record["events"]]
    click.secho(f"{'SEEN':16}  {'REV.':4}  CHANGE", bold=True)
    for at, text in sorted(rows, key=lambda row: row[0]):
        click.echo(
            textwrap.fill(f"{at[:16].replace('T', ' ')}  {text}", WIDTH, subsequent_indent=" " * 24)
        )
    if len(record["revisions"]) > 1:
        click.secho(f"Show the changes: --diff 1..{len(record['revisions'])}", dim=True)


def _event_line(event: dict[str, Any]) -> str:
    kind = _EVENTS.get(event["kind"], event["kind"])
    return f"{kind}: {event['detail']}" if event["detail"] else str(kind)


def teaser_since(events: list[dict[str, Any]]) -> str | None:
    """Return since when the page shows only a teaser; ``None`` if it shows the full text."""
    since = None
    for event in events:
        if event["kind"] == "teaser":
            since = since or str(event["at"])
        elif event["kind"] == "full":
            since = None
    return since


def _revision_line(revision: dict[str, Any]) -> str:
    changed = ", ".join(revision["changed"]) or "first seen"
    if "access" in revision["changed"]:
        changed += " (full text or teaser)"
    words = [changed, _ORIGINS[revision["origin"]]]
    words += ["silent edit"] if revision["silent"] else []
    return "; ".join(filter(None, words)) + f" [{revision['extractor']}]"


def put_difference(archive: Archive, item_id: int, pair: tuple[int, int], *, as_json: bool) -> None:
    """Print the word-level diff of two revisions.

    Raises:
        UnknownItem: the item has no such revision.
    """
    from storage.queries import items
    from storage.text.word_diff import diff_contents

    old, new = (items.read_content(archive, item_id, number) for number in pair)
    found = diff_contents(old, new)
    if as_json:
        put_json({"item": item_id, "from": pair[0], "to": pair[1], **found})
        return
    if not found["fields"] and not found["text"]:
        click.echo("The two revisions have the same text and fields.")
    for name, pieces in found["fields"].items():
        click.secho(name.replace("_", " "), bold=True)
        _put_pieces(pieces, "  ")
    if found["text"]:
        click.secho("text", bold=True)
    for part in found["text"]:
        if "same" in part:
            count = part["same"]
            click.secho(f"  … {count} unchanged paragraph{'s' if count > 1 else ''}", dim=True)
        else:
            _put_pieces(part["pieces"], "  ")


def _put_pieces(pieces: Iterable[tuple[str, str]], indent: str) -> None:
    """Print diff pieces: in colour on a terminal, else with the marks of wdiff."""
    colour = sys.stdout.isatty()
    line, width = "", 0
    lines = []
    for sign, words in pieces:
        begin, end = ("", "") if colour else _MARKS[sign]
        for word in re.findall(r"\S+\s*|\s+", begin + words + end):
            if width + len(word.rstrip()) > WIDTH - len(indent) and line:
                lines.append(line.rstrip())
                line, width = "", 0
            line += click.style(word, **_STYLES[sign]) if colour else word
            width += len(word)
    for text in (*lines, line):
        click.echo(indent + text)
    click.echo()
