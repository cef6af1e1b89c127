"""``export``: what is found, in the formats of other tools."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dateline.cli.options import ExitCode, opened, plural, say
from dateline.cli.search import Day

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from typing import BinaryIO

_FORMATS = ("jsonl", "csv", "parquet", "ris", "bibtex", "iramuteq", "txm", "tei", "ninjs", "warc",
            "wacz", "opml")  # fmt: skip
_WHAT = {"warc": ("capture", "captures"), "wacz": ("capture", "captures"),
         "opml": ("line", "lines")}  # fmt: skip


@click.command()
@click.argument("query", nargs=-1)
@click.option("--format", "-f", "form", type=click.Choice(_FORMATS), default="jsonl",
              metavar="FORMAT", show_default=True,
              help="One of: " + ", ".join(_FORMATS) + ".")  # fmt: skip
@click.option("--output", "-o", type=click.Path(dir_okay=False, path_type=Path),
              help="The file (default: stdout, for formats that are text).")  # fmt: skip
@click.option("--source", help="Only of this source.")
@click.option("--from", "since", type=Day(), help="Published on or after: 2021-09-23, 2021-09.")
@click.option("--to", "until", type=Day(end=True), help="Published on or before.")
@click.option("--reserved", is_flag=True,
              help="Also what its publisher reserves (guide: Rights).")  # fmt: skip
@click.pass_context
def export(
    ctx: click.Context, query: tuple[str, ...], form: str, output: Path | None,
    source: str | None, since: datetime | None, until: datetime | None, reserved: bool,
) -> None:  # fmt: skip
    """Write what QUERY finds (default: everything) to a file.

    jsonl, csv and parquet for programs and spreadsheets; ris and bibtex for references;
    iramuteq, txm and tei for textual analysis; ninjs for newsrooms; warc and wacz for the
    captured pages; opml for the sources. Exit code 1: nothing was found.
    """
    from storage.export.formats import BINARY, SEEKING
    from storage.export.formats import export as write
    from storage.search.results.compiled_search import Filter

    if output is None and form in BINARY and (sys.stdout.isatty() or form in SEEKING):
        raise click.UsageError(f"{form} is no text; name a file with -o FILE")
    where = Filter(source, since, until)
    with opened(ctx) as archive, _target(output) as out:
        done = write(archive, form, " ".join(query), where, out, reserved=reserved)
    one, many = _WHAT.get(form, ("article", "articles"))
    if done.reserved:
        say(f"left out {plural(done.reserved, one, many)} that the publishers reserve (noarchive, "
            "noindex, text and data mining); --reserved writes them too")  # fmt: skip
    if output is not None:
        say(f"{plural(done.count, one, many)} in {output}")
    if not done.count:
        if output is None:
            say("nothing found")
        ctx.exit(ExitCode.FAILED)


@contextmanager
def _target(output: Path | None) -> Iterator[BinaryIO]:
    """Where to write; a file takes its name once it is whole, so none is ever half an export."""
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
            f"cannot write {output}: {error.strerror}; name another place with -o"
        ) from error
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
