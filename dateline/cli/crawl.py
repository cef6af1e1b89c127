"""``crawl``: fetch new and changed articles."""

from __future__ import annotations

import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from dateline.cli.options import ExitCode, Seconds, opened, plural, put_json, say

if TYPE_CHECKING:
    from collections import Counter

    from crawler.runner.crawls import RunResult
    from crawler.spiders.news import NewsSpider

_VERDICTS = ("new", "revised", "unchanged", "duplicate", "skipped", "gone", "failed")
# Seconds between two progress lines, if stderr is not a terminal.
_LINE_EVERY = 10.0


@click.command()
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@click.option(
    "--limit",
    type=click.IntRange(0),
    help="Maximum number of pages per source (default: 1000; 0: no limit).",
)
@click.option("--since", help="Only articles published since: 2021-09-23, 2021-09, 7d.")
@click.option(
    "--depth",
    type=click.IntRange(0),
    default=1,
    show_default=True,
    help="Follow links to items up to this depth.",
)
@click.option("--url", "urls", multiple=True, help="Also fetch this page of SOURCE.")
@click.option(
    "--media",
    type=click.IntRange(0),
    help="Maximum number of pictures and attachments (default: 500; 0: none).",
)
@click.option("--due", is_flag=True, help="Visit only endpoints that are due.")
@click.option(
    "--rechecks",
    type=click.IntRange(0),
    help="Maximum number of known articles to check for changes (default: 200).",
)
@click.option("--delay", type=Seconds(), help="Seconds between two requests to a host.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@click.pass_context
def crawl(
    ctx: click.Context,
    sources: tuple[str, ...],
    limit: int | None,
    since: str | None,
    depth: int,
    urls: tuple[str, ...],
    due: bool,
    rechecks: int | None,
    delay: float | None,
    media: int | None,
    as_json: bool,
) -> None:
    """Fetch new and changed articles of each SOURCE (default: all) and their linked items.

    Exit code 0: done; 1: failed; 3: partly done (a source or pages failed);
    130: interrupted.
    """
    from crawler.spiders.arguments import BadArgument, parse_since
    from storage import locate, utc_now

    try:
        moment = parse_since(since, utc_now()) if since else None
    except BadArgument as error:
        raise click.UsageError(f"--since: {error}") from error
    wanted = _wanted(ctx, sources)
    if not wanted:
        say("No sources yet. Add one: dateline add URL")
        ctx.exit(ExitCode.FAILED)
    arguments: dict[str, Any] = {"depth": depth, "since": moment, "due": due}
    if urls:
        if len(wanted) > 1:
            raise click.UsageError("--url needs exactly one SOURCE: the source of the page.")
        arguments["urls"] = urls
    if limit is not None:
        arguments["limit"] = limit
    if media is not None:
        arguments["media"] = media
    if rechecks is not None:
        arguments["rechecks"] = rechecks
    location = locate(ctx.obj["archive"], ctx.obj["database"])
    plans = [(name, home, delay if delay is not None else own) for name, home, own in wanted]
    from crawler.workers import forkserver

    # Loads for a second, in parallel with the crawler.
    forkserver.start_early()
    from crawler.runner.crawls import run_crawls

    with progress(ctx.obj) as observer:
        results = run_crawls(location, plans, arguments, observer)
    if as_json:
        put_json([_as_json(result) for result in results])
    else:
        show(results)
    ctx.exit(exit_code(results))


def _wanted(ctx: click.Context, names: tuple[str, ...]) -> list[tuple[str, str, float | None]]:
    from storage.crawl.sources import get_source, list_sources

    with opened(ctx) as archive, archive.reading() as session:
        if names:
            rows: list[Any] = [get_source(session, name) for name in dict.fromkeys(names)]
        else:
            rows = [s for s in list_sources(session) if s.state == "active"]
        return [(row.name, row.home_url, row.delay) for row in rows]


class progress:
    """Progress of a crawl: a status line on a terminal, else one line every 10 seconds."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.verbose: int = options["verbose"]
        self.log_json: bool = options["log_json"]
        self.bar: Any = None
        self.tasks: dict[str, Any] = {}
        self.spoken = time.monotonic()

    def __enter__(self) -> Any:
        from dateline.cli.logs import configure_logs

        if self.log_json or not sys.stderr.isatty():
            configure_logs(self.verbose, as_json=self.log_json)
            return self._line
        from rich.console import Console
        from rich.logging import RichHandler
        from rich.progress import (
            Progress,
            SpinnerColumn,
            TextColumn,
            TimeElapsedColumn,
        )

        console = Console(stderr=True)
        configure_logs(self.verbose, RichHandler(console=console, show_path=False, show_time=False))
        self.bar = Progress(
            # No bar: the number of pages is unknown until the end.
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TextColumn("{task.fields[what]}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self.bar.start()
        return self._bar

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.stop()

    def _bar(self, spider: NewsSpider) -> None:
        name = spider.source_name
        if name not in self.tasks:
            self.tasks[name] = self.bar.add_task(name[:20], total=None, what="")
        tally = spider.tally
        done, known = spider.pages
        files = f", {plural(tally.files, 'file')}" if tally.files else ""
        self.bar.update(
            self.tasks[name],
            what=f"{plural(done, 'page')}, {known - done} pending, "
            f"{tally.verdicts['new']} new{files}",
        )

    def _line(self, spider: NewsSpider) -> None:
        now = time.monotonic()
        if now - self.spoken >= _LINE_EVERY:
            self.spoken = now
            done, known = spider.pages
            files = f", {plural(spider.tally.files, 'file')}" if spider.tally.files else ""
            say(
                f"{spider.source_name}: {done} of {known} pages, "
                f"{spider.tally.verdicts['new']} new{files}"
            )


def _as_json(result: RunResult) -> dict[str, Any]:
    tally = result.tally
    return {
        "source": result.source,
        **{verdict: tally.verdicts[verdict] for verdict in _VERDICTS},
        "causes": dict(sorted(tally.causes.items())),
        "endpoints": tally.endpoints,
        "unchanged_endpoints": tally.unchanged_endpoints,
        "announced": tally.announced,
        "requests": tally.requests,
        "gaps": tally.gaps,
        "rendered": tally.rendered,
        "mentions_linked": tally.linked_names,
        "ambiguous_names": tally.ambiguous_names,
        "media": dict(sorted(tally.media.items())),
        "waiting": result.waiting,
        "failure": result.failure,
        "interrupted": result.interrupted,
        "locked": result.leased_elsewhere,
    }


def show(results: list[RunResult], *, err: bool = False) -> None:
    """Print the summary of each crawl; with ``err`` to stderr."""
    for result in results:
        _print(result, err)


def _print(result: RunResult, err: bool) -> None:
    tally = result.tally
    echo = partial(click.echo, err=err)
    click.secho(f"{result.source}: ", nl=False, bold=True, err=err)
    if result.failure:
        echo("failed")
        say(result.failure)
        return
    if result.leased_elsewhere:
        echo("skipped: another process is crawling this site into the same archive")
        return
    counts = [f"{tally.verdicts[v]} {v}" for v in _VERDICTS if tally.verdicts[v]]
    stored = tally.verdicts["new"] + tally.verdicts["revised"]
    words = ", ".join(counts) or "nothing to fetch"
    echo(words + ("" if stored else "; no new articles"))
    echo(f"  {plural(tally.endpoints, 'endpoint')} read ({tally.unchanged_endpoints} unchanged)")
    if tally.linked_names:
        ambiguous = (
            f"; {plural(tally.ambiguous_names, 'ambiguous name')} skipped"
            if tally.ambiguous_names
            else ""
        )
        echo(f"  {plural(tally.linked_names, 'mention')} linked{ambiguous}")
    if tally.media:
        media = ", ".join(f"{count} {state}" for state, count in _sorted(tally.media))
        echo(f"  pictures and attachments: {media}")
    if tally.gaps:
        echo(
            f"  {plural(tally.gaps, 'gap')}: a feed dropped entries before they were fetched. "
            "Results: dateline backfill"
        )
    if tally.rendered:
        echo(f"  {plural(tally.rendered, 'page')} rendered in a browser")
    if tally.backfill_pages:
        echo(f"  {plural(tally.backfill_pages, 'page')} of backfills fetched")
    for cause, count in _sorted(tally.causes):
        echo(f"  {count:5} {cause}")
    if tally.causes["noarchive"]:
        say(
            f"{result.source} skips pages with noarchive (--rights strict). "
            f"Store them: dateline sources {result.source} --rights reserve"
        )
    if result.waiting:
        echo(f"  {plural(result.waiting, 'page')} waiting. Run the crawl again, or raise --limit")
    if result.interrupted:
        echo("  interrupted; the next crawl resumes here")


def _sorted(causes: Counter[str]) -> list[tuple[str, int]]:
    return sorted(causes.items(), key=lambda c: (-c[1], c[0]))


def exit_code(results: list[RunResult]) -> ExitCode:
    """Return the exit code for these results."""
    if any(result.interrupted for result in results):
        return ExitCode.INTERRUPTED
    if all(result.failure for result in results):
        return ExitCode.FAILED
    partly = any(
        r.failure
        or r.tally.verdicts["failed"]
        or any(cause.startswith(("endpoint-", "access-")) for cause in r.tally.causes)
        for r in results
    )
    return ExitCode.PARTLY if partly else ExitCode.DONE
