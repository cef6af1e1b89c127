"""``reextract``: today's extractor over the captures that are kept."""

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
@click.option("--source", help="Only of this source.")
@click.option("--since", type=Day(), help="Only pages fetched on or after this day.")
@click.option("--where-extractor-older", "older", is_flag=True,
              help="Only what another extractor than today's read last.")  # fmt: skip
@click.option(
    "--restart", is_flag=True, help="From the beginning, not from where it was cut short."
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def reextract(
    ctx: click.Context, source: str | None, since: datetime | None, older: bool, restart: bool,
    as_json: bool,
) -> None:  # fmt: skip
    """Read kept pages again with today's extractor; what differs becomes a revision.

    Nothing is fetched and nothing overwritten: the new revision names the same capture and says
    that it is a re-extraction. The same command goes on where it was cut short.
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
        put_json({"seen": done.seen, "changed": done.changed, "fields": dict(done.fields),
                  "causes": dict(done.causes)})  # fmt: skip
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
            self.task = self.bar.add_task("reading", total=None)
        return self._observe

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.stop()

    def _observe(self, done: int, total: int) -> None:
        if self.bar is not None:
            self.bar.update(self.task, completed=done, total=total)


def _print(done: Reextraction) -> None:
    click.echo(f"{plural(done.seen, 'page')} read again, {plural(done.changed, 'item')} revised")
    for name, count in done.fields.most_common():
        click.echo(f"  {count:5} {name}")
    for cause, count in done.causes.most_common():
        click.echo(f"  {count:5} left as it was: {cause}")
