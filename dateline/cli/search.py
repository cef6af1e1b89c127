"""``search``: find articles."""

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
# Columns of a count's label and of its bar.
_LABEL = 36
_BAR = 28


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
@click.argument("query", nargs=-1)
@click.option("--source", help="Only of this source.")
@click.option("--from", "since", type=Day(), help="Published on or after: 2021-09-23, 2021-09.")
@click.option("--to", "until", type=Day(end=True), help="Published on or before.")
@click.option("--sort", type=click.Choice(["best", "newest"]), default="best", show_default=True,
              help="Best match or newest first.")  # fmt: skip
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True,
              help="Articles at most.")  # fmt: skip
@click.option(
    "--after",
    "cursor",
    metavar="CURSOR",
    help="The next articles: where the last answer said that it goes on.",
)
@click.option("--duplicates", is_flag=True,
              help="All articles of the same text, not one for all of them.")  # fmt: skip
@click.option("--count", "by", metavar="BY",
              type=click.Choice(["day", "month", "year", "source", "section", "author", "language",
                                 "kind", "tag", "entry"]),
              help="Count instead: by day, month, year, source, section, author, language, kind, "
                   "tag or entry of the directory.")  # fmt: skip
@click.option(
    "--like", type=int, metavar="ITEM", help="Articles like this one, instead of a query."
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def search(
    ctx: click.Context, query: tuple[str, ...], source: str | None, since: datetime | None,
    until: datetime | None, sort: Any, limit: int, cursor: str | None, duplicates: bool,
    by: Any, like: int | None, as_json: bool,
) -> None:  # fmt: skip
    """Find articles.

    \b
    hôpital numérique       all of these words, in any form
    "centre hospitalier"    a phrase, as it is written
    hospi*                  words that begin so
    a OR b, a NOT b, -b     also OU, SAUF; brackets group
    a NEAR/5 b              at most five words between them
    title: text: author: section: tag: kind: number: site: source:
    lang:fr who:"A Name" date:2021-09..2021-12 since:7d
    is:teaser|revised|duplicate|gone|undated has:attachment|picture

    Case and accents do not count; l'hôpital finds hôpital. Exit code 1: nothing found.
    """
    words = " ".join(word.removeprefix(_SHIELD) for word in query)
    if bool(words) == (like is not None) and not (
        like is None and (source or since or until or by)
    ):
        raise click.UsageError("name words to look for, or an article with --like")
    with opened(ctx) as archive:
        if like is not None:
            _put(ctx, archive.more_like_this(like, limit), None, f"item {like}", as_json=as_json)
            return
        answer = archive.search(
            words, source=source, since=since, until=until, sort=sort,
            duplicates=duplicates,
        )  # fmt: skip
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
        say(f"there is more; go on with --after {cursor}")
    if not hits:
        if not as_json:
            say(f"nothing found for {words!r}")
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
        put_json({
            "by": by, "complete": complete,
            "counts": [{"value": v, "label": label, "count": n} for v, label, n in rows],
        })  # fmt: skip
    else:
        most = max((n for *_, n in rows), default=1)
        width = max((len(label) for _, label, _ in rows), default=0)
        for _, label, n in rows:
            shown = label if len(label) <= _LABEL else label[: _LABEL - 1] + "…"
            bar = "█" * max(1, round(n / most * _BAR))
            click.echo(f"{shown:<{min(width, _LABEL)}}  {n:>9,}  {bar}")
        if not complete:
            say(f"counted over the newest {counted:,} articles")
        if not rows:
            say("nothing found")
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
