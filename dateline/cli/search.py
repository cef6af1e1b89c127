"""``search``: search articles."""

from __future__ import annotations

import re
import textwrap
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from dateline.cli.options import WIDTH, ExitCode, moment, opened, plural, put_json, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from storage.search.results.hits import Hit
    from storage.search.results.results import SearchResults


_SHIELD = "\N{WORD JOINER}"
# Widths of a count's label and of its bar.
_LABEL = 36
_BAR = 28


class Day(click.ParamType[datetime]):
    """A day, month or year; with ``end``, the first instant after it."""

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
        return self.fail(f"{value!r} is not a date. Write 2021-09-23, 2021-09 or 2021.", param, ctx)


def _after(day: datetime, step: str) -> datetime:
    if step == "day":
        return day + timedelta(days=1)
    if step == "month":
        return (day + timedelta(days=32)).replace(day=1)
    return day.replace(year=day.year + 1)


class QueryCommand(click.Command):
    """Reads ``-word`` as an excluded word, which click would read as an option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Prefix such words so that click passes them on; :func:`search` removes the prefix."""
        shielded = [
            _SHIELD + arg if re.match(r"-[^\W\d_]{2}", arg) or arg.startswith('-"') else arg
            for arg in args
        ]
        return super().parse_args(ctx, shielded)


@click.command(cls=QueryCommand)
@click.argument("query", nargs=-1)
@click.option("--source", help="Only articles of this source.")
@click.option(
    "--from", "since", type=Day(), help="Published on or after this date: 2021-09-23, 2021-09."
)
@click.option("--to", "until", type=Day(end=True), help="Published on or before this date.")
@click.option(
    "--sort",
    type=click.Choice(["best", "newest"]),
    default="best",
    show_default=True,
    help="Sort order.",
)
@click.option(
    "--limit",
    type=click.IntRange(1, 1000),
    default=20,
    show_default=True,
    help="Maximum number of articles.",
)
@click.option(
    "--after",
    "cursor",
    metavar="CURSOR",
    help="Show the next results: the cursor that the previous search printed.",
)
@click.option(
    "--duplicates",
    is_flag=True,
    help="Show all articles of a duplicate cluster, not only the leading one.",
)
@click.option(
    "--count",
    "by",
    metavar="BY",
    type=click.Choice(
        ["day", "month", "year", "source", "section", "author", "language", "kind", "tag", "entry"]
    ),
    help="Count the matches by day, month, year, source, section, author, language, kind, "
    "tag or (directory) entry.",
)
@click.option(
    "--like",
    type=int,
    metavar="ITEM",
    help="Show articles similar to this one, instead of a query.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def search(
    ctx: click.Context,
    query: tuple[str, ...],
    source: str | None,
    since: datetime | None,
    until: datetime | None,
    sort: Any,
    limit: int,
    cursor: str | None,
    duplicates: bool,
    by: Any,
    like: int | None,
    as_json: bool,
) -> None:
    """Search articles.

    \b
    hôpital numérique       all words, in any inflected form
    "centre hospitalier"    an exact phrase
    hospi*                  words with this prefix
    a OR b, a NOT b, -b     also OU, SAUF; brackets group
    a NEAR/5 b              at most 5 words between them
    title: text: author: section: tag: kind: number: site: source:
    lang:fr who:"A Name" date:2021-09..2021-12 since:7d
    is:teaser|revised|duplicate|gone|undated|doubtful has:attachment|picture

    Case and accents are ignored; l'hôpital matches hôpital. Exit code 1: no matches.
    """
    words = " ".join(word.removeprefix(_SHIELD) for word in query)
    if bool(words) == (like is not None) and not (
        like is None and (source or since or until or by)
    ):
        raise click.UsageError("Give a QUERY, or an article with --like ITEM.")
    with opened(ctx) as archive:
        if like is not None:
            _put(ctx, archive.more_like_this(like, limit), None, f"item {like}", as_json=as_json)
            return
        answer = archive.search(
            words,
            source=source,
            since=since,
            until=until,
            sort=sort,
            duplicates=duplicates,
        )
        if by is not None:
            _put_counts(ctx, answer, by, limit, as_json=as_json)
            return
        page = answer.page(limit, cursor)
    _put(ctx, page.hits, page.cursor, words, as_json=as_json)


def _put(
    ctx: click.Context, hits: Sequence[Hit], cursor: str | None, words: str, *, as_json: bool
) -> None:
    if as_json:
        put_json([_as_json(hit) for hit in hits])
    else:
        for hit in hits:
            _print(hit)
    if cursor is not None:
        say(f"More results: add --after {cursor}")
    if not hits:
        if not as_json:
            say(f"no matches for {words!r}")
        ctx.exit(ExitCode.FAILED)


def _put_counts(
    ctx: click.Context, answer: SearchResults, by: Any, limit: int, *, as_json: bool
) -> None:
    complete = True
    counted: int | None = None
    if by in ("day", "month", "year"):
        length = {"day": 10, "month": 7, "year": 4}[by]
        rows = [(first.isoformat()[:length],) * 2 + (n,) for first, n in answer.over_time(by)]
        if undated := answer.undated():
            rows.append(("undated", "undated", undated))
    else:
        (facet,) = answer.facets(by, limit=limit)
        rows = [(one.value, one.label, one.count) for one in facet.values]
        complete, counted = facet.complete, facet.counted
    if as_json:
        put_json(
            {
                "by": by,
                "complete": complete,
                "counts": [{"value": v, "label": label, "count": n} for v, label, n in rows],
            }
        )
    else:
        most = max((n for *_, n in rows), default=1)
        width = max((len(label) for _, label, _ in rows), default=0)
        for _, label, n in rows:
            shown = label if len(label) <= _LABEL else label[: _LABEL - 1] + "…"
            bar = "█" * max(1, round(n / most * _BAR))
            click.echo(f"{shown:<{min(width, _LABEL)}}  {n:>9,}  {bar}")
        if not complete:
            say(f"counted over the newest {counted:,} matches only")
        if not rows:
            say("no matches")
    if not rows:
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
        copies = f"{plural(len(hit.copies), 'duplicate')} in {names} (--duplicates)"
        for line in textwrap.wrap(copies, WIDTH - 2):
            click.secho(f"  {line}", dim=True)
    for line in _marked_lines(hit):
        click.echo("  " + line)
    click.echo()


def _marked_lines(hit: Hit) -> Iterator[str]:
    """Yield the snippet in lines, with the matched words highlighted."""
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
