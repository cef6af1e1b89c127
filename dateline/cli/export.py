"""``export``: write articles, captures or sources to a file."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dateline.cli.options import ExitCode, opened, plural, say
from dateline.cli.search import Day
from storage.export.names import FORMATS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from typing import BinaryIO

_WHAT = {
    "warc": ("capture", "captures"),
    "wacz": ("capture", "captures"),
    "opml": ("line", "lines"),
}


@click.command()
@click.argument("query", nargs=-1)
@click.option(
    "--format",
    "-f",
    "form",
    type=click.Choice(FORMATS),
    default="jsonl",
    metavar="FORMAT",
    show_default=True,
    help="Export format: " + ", ".join(FORMATS) + ".",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Output file (default: stdout, for text formats).",
)
@click.option("--source", help="Only articles of this source.")
@click.option(
    "--from", "since", type=Day(), help="Published on or after this date: 2021-09-23, 2021-09."
)
@click.option("--to", "until", type=Day(end=True), help="Published on or before this date.")
@click.option(
    "--reserved",
    is_flag=True,
    help="Include articles that their publishers reserve (guide: Rights).",
)
@click.pass_context
def export(
    ctx: click.Context,
    query: tuple[str, ...],
    form: str,
    output: Path | None,
    source: str | None,
    since: datetime | None,
    until: datetime | None,
    reserved: bool,
) -> None:
    """Export the articles that match QUERY (default: all articles).

    jsonl, csv, parquet: programs and spreadsheets; ris, bibtex: references;
    iramuteq, txm, tei: textual analysis; ninjs: newsrooms; warc, wacz: captures;
    opml: sources. Exit code 1: no matches.
    """
    from storage.export.formats import BINARY, SEEKING
    from storage.export.formats import export as write
    from storage.search.results.compiled_search import Filter

    if output is None and form in BINARY and (sys.stdout.isatty() or form in SEEKING):
        raise click.UsageError(f"{form} is a binary format. Name an output file: -o FILE")
    where = Filter(source, since, until)
    with opened(ctx) as archive, _target(output) as out:
        done = write(archive, form, " ".join(query), where, out, reserved=reserved)
    one, many = _WHAT.get(form, ("article", "articles"))
    if done.reserved:
        say(
            f"{plural(done.reserved, one, many)} omitted: reserved by the publishers (noarchive, "
            "noindex, text and data mining). Include them: --reserved"
        )
    if output is not None:
        say(f"{plural(done.count, one, many)} in {output}")
    if not done.count:
        if output is None:
            say("no matches")
        ctx.exit(ExitCode.FAILED)


@contextmanager
def _target(output: Path | None) -> Iterator[BinaryIO]:
    """Open the output. A file gets its name when it is complete."""
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    partial = output.with_name(f".{output.name}.part")
    try:
        with partial.open("w+b") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        partial.replace(output)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise click.ClickException(
            f"cannot write {output}: {error.strerror}; choose another file with -o"
        ) from error
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
