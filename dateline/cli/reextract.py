"""``reextract``: run the current extractor over the stored captures."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from dateline.cli.options import ExitCode, opened, plural, put_json
from dateline.cli.search import Day

if TYPE_CHECKING:
    from datetime import datetime

    from crawler.batch.reextract import Reextraction


@click.command()
@click.option("--source", help="Only captures of this source.")
@click.option("--since", type=Day(), help="Only pages fetched on or after this date.")
@click.option(
    "--outdated", "older", is_flag=True, help="Only items last extracted by another version."
)
@click.option("--restart", is_flag=True, help="Start again instead of resuming.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def reextract(
    ctx: click.Context,
    source: str | None,
    since: datetime | None,
    older: bool,
    restart: bool,
    as_json: bool,
) -> None:
    """Run the current extractor over the stored captures; store differences as revisions.

    Fetches and overwrites nothing: a new revision refers to the same capture and is marked as
    re-extraction. An interrupted run resumes.
    """
    from crawler.batch.reextract import reextract as run
    from storage.crawl.sources import get_source

    with opened(ctx) as archive:
        source_id = None
        if source is not None:
            with archive.reading() as session:
                source_id = get_source(session, source).id
        with _bar() as observer:
            done = run(archive, source_id, since, older=older, restart=restart, observer=observer)
    if as_json:
        put_json(
            {
                "seen": done.seen,
                "changed": done.changed,
                "fields": dict(done.fields),
                "causes": dict(done.causes),
            }
        )
    else:
        _print(done)
    unread = sum(done.causes.values()) and done.causes["capture-unreadable"]
    ctx.exit(ExitCode.PARTLY if unread else ExitCode.DONE)


class _bar:
    """A progress bar on a terminal, nothing elsewhere."""

    def __init__(self) -> None:
        self.bar: Any = None
        self.task: Any = None

    def __enter__(self) -> Any:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import Progress

            self.bar = Progress(console=Console(stderr=True), transient=True)
            self.bar.start()
            self.task = self.bar.add_task("extracting", total=None)
        return self._observe

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.stop()

    def _observe(self, done: int, total: int) -> None:
        if self.bar is not None:
            self.bar.update(self.task, completed=done, total=total)


def _print(done: Reextraction) -> None:
    click.echo(f"{plural(done.seen, 'page')} extracted, {plural(done.changed, 'item')} revised")
    for name, count in done.fields.most_common():
        click.echo(f"  {count:5} {name}")
    for cause, count in done.causes.most_common():
        click.echo(f"  {count:5} unchanged: {cause}")
