"""``search``: find articles."""

from __future__ import annotations

import re
import textwrap
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from dateline.cli.options import WIDTH, ExitCode, moment, opened, plural, put_json, say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from storage.search.answers import Hit


_SHIELD = "\N{WORD JOINER}"


class Day(click.ParamType[datetime]):
    """A day, month or year; ``end`` makes it the first moment after it."""

    name = "day"

    def __init__(self, *, end: bool = False) -> None:
        self.end = end

    def convert(self, value: Any, param: Any, ctx: Any) -> datetime:
        """Read ``2021``, ``2021-09`` or ``2021-09-23``."""
        if isinstance(value, datetime):
            return value
        for form, step in (("%Y-%m-%d", "day"), ("%Y-%m", "month"), ("%Y", "year")):
            try:
                day = datetime.strptime(value, form).replace(tzinfo=UTC)
            except ValueError:
                continue
            return _after(day, step) if self.end else day
        return self.fail(f"{value!r} is no day; write 2021-09-23, 2021-09 or 2021", param, ctx)


def _after(day: datetime, step: str) -> datetime:
    if step == "day":
        return day + timedelta(days=1)
    if step == "month":
        return (day + timedelta(days=32)).replace(day=1)
    return day.replace(year=day.year + 1)


class QueryCommand(click.Command):
    """Takes ``-word`` for a word to leave out, where click would see an option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Shield such words from click; :func:`search` takes the shield off."""
        shielded = [
            _SHIELD + arg if re.match(r"-[^\W\d_]{2}", arg) or arg.startswith('-"') else arg
            for arg in args
        ]
        return super().parse_args(ctx, shielded)


@click.command(cls=QueryCommand)
@click.argument("query", nargs=-1, required=True)
@click.option("--source", help="Only of this source.")
@click.option("--from", "since", type=Day(), help="Published on or after: 2021-09-23, 2021-09.")
@click.option("--to", "until", type=Day(end=True), help="Published on or before.")
@click.option("--sort", type=click.Choice(["best", "newest"]), default="best", show_default=True,
              help="Best match or newest first.")  # fmt: skip
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True,
              help="Articles at most.")  # fmt: skip
@click.option("--duplicates", is_flag=True,
              help="All articles of the same text, not one for all of them.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def search(
    ctx: click.Context, query: tuple[str, ...], source: str | None, since: datetime | None,
    until: datetime | None, sort: Any, limit: int, duplicates: bool, as_json: bool,
) -> None:  # fmt: skip
    """Find articles: words (all of them), "a phrase", prefix*, -without.

    Case and accents do not count; l'hôpital finds hôpital. Exit code 1: nothing found.
    """
    from storage.search.answers import Filter

    text = " ".join(word.removeprefix(_SHIELD) for word in query)
    with opened(ctx) as archive:
        hits = archive.search(text, Filter(source, since, until), sort=sort, limit=limit,
                              duplicates=duplicates)  # fmt: skip
    if as_json:
        put_json([_as_json(hit) for hit in hits])
    else:
        for hit in hits:
            _print(hit)
        if not hits:
            say(f"nothing found for {text!r}")
    if not hits:
        ctx.exit(ExitCode.FAILED)


def _as_json(hit: Hit) -> dict[str, Any]:
    return {
        "id": hit.id,
        "source": hit.source,
        "headline": hit.headline,
        "url": hit.url,
        "published": hit.published.isoformat() if hit.published else None,
        "byline": list(hit.byline),
        "language": hit.language,
        "leading": hit.leading,
        "copies": list(hit.copies),
        "snippet": hit.snippet,
        "text": hit.text,
    }


def _print(hit: Hit) -> None:
    for line in textwrap.wrap(hit.headline, WIDTH):
        click.secho(line, bold=True)
    click.secho(f"  {hit.id} · {hit.source} · {moment(hit.published)}", dim=True)
    if hit.copies:
        names = ", ".join(dict.fromkeys(hit.copies))
        copies = f"and {plural(len(hit.copies), 'copy', 'copies')} in {names}; --duplicates"
        for line in textwrap.wrap(copies, WIDTH - 2):
            click.secho(f"  {line}", dim=True)
    for line in _marked_lines(hit):
        click.echo("  " + line)
    click.echo()


def _marked_lines(hit: Hit) -> Iterator[str]:
    """The snippet in lines, the matched words marked where a terminal shows it."""
    snippet = hit.snippet
    end = 0
    for line in textwrap.wrap(snippet, WIDTH - 4, break_on_hyphens=False):
        start = snippet.index(line, end)
        end = start + len(line)
        marked = line
        for first, last in reversed(hit.marks):
            if start <= first and last <= end:
                a, b = first - start, last - start
                marked = marked[:a] + click.style(line[a:b], fg="yellow", bold=True) + marked[b:]
        yield marked
