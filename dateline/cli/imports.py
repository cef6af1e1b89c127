"""``import``: WARC, WACZ, saved pages, URL lists and OPML."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dateline.cli.options import ExitCode, opened, plural, put_json, say

if TYPE_CHECKING:
    from crawler.batch.importer import ImportResult
    from storage import Archive

_FORMS = ("auto", "warc", "wacz", "html", "urls", "opml")
_WORDS = (
    ("new", "new"),
    ("revised", "revised"),
    ("unchanged", "unchanged"),
    ("duplicate", "duplicates"),
    ("held", "already stored"),
    ("waiting", "waiting to be crawled"),
    ("followed", "feeds added"),
)
_WHAT = {
    "warc": "page",
    "wacz": "page",
    "html": "saved page (.html, .mhtml, .webarchive)",
    "urls": "URL",
    "opml": "feed",
}
# Files made by hand: the summary names each line or file that was not imported.
_NAMED_KINDS = frozenset({"html", "urls", "opml"})


@click.command(name="import")
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, path_type=Path),
    metavar="FILE...",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(_FORMS),
    default="auto",
    show_default=True,
    help="Format of the files.",
)
@click.option("--source", help="Source of all pages (default: by host).")
@click.option("--new-sources", is_flag=True, help="Create a paused source for each unknown host.")
@click.option("--restart", is_flag=True, help="Start again instead of resuming.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def import_(
    ctx: click.Context,
    files: tuple[Path, ...],
    form: str,
    source: str | None,
    new_sources: bool,
    restart: bool,
    as_json: bool,
) -> None:
    """Import WARC and WACZ files, saved pages (HTML, MHTML, Safari webarchive) or folders of
    saved pages, URL lists, and OPML lists of sources.

    Each page goes to the source of its host. Importing a file twice adds nothing; an
    interrupted import resumes.
    """
    from crawler.batch.readers import detect_format
    from dateline.cli.logs import configure_logs
    from storage import ArchiveError
    from storage.crawl.sources import get_source

    configure_logs(ctx.obj["verbose"], as_json=ctx.obj["log_json"])
    answers = []
    failed = False
    with opened(ctx) as archive:
        owner = None
        if source is not None:
            with archive.reading() as session:
                owner = get_source(session, source)
        for path in files:
            try:
                kind = detect_format(path) if form == "auto" else form
                result = _one(archive, path, kind, owner, new_sources, restart)
            except ArchiveError as error:
                failed = True
                say(str(error))
                continue
            answers.append(
                {
                    "file": str(path),
                    "form": kind,
                    **dict(result.verdicts),
                    "causes": dict(sorted(result.causes.items())),
                }
            )
            failed = failed or result.is_empty
            if not as_json:
                _print(path, kind, result)
    if as_json:
        put_json(answers)
    ctx.exit(ExitCode.FAILED if failed else ExitCode.DONE)


def _one(
    archive: Archive, path: Path, kind: Any, owner: Any, new_sources: bool, restart: bool
) -> ImportResult:
    from crawler.batch.importer import PageImport, import_feeds, import_urls

    if kind == "opml":
        return import_feeds(archive, path)
    if kind == "urls":
        return import_urls(archive, path, owner)

    def observe(position: int) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r{path.name}: {position:,} records", nl=False, err=True)

    importer = PageImport(
        archive, owner, new_sources=new_sources, restart=restart, observer=observe
    )
    try:
        return importer.run(path, kind)
    finally:
        if sys.stderr.isatty():
            click.echo("\r\x1b[K", nl=False, err=True)


def _print(path: Path, kind: str, result: ImportResult) -> None:
    words = [f"{result.verdicts[v]:,} {text}" for v, text in _WORDS if result.verdicts[v]]
    nothing = "nothing imported"
    if not result.causes:
        nothing += f": the file has no {_WHAT[kind]}"
    click.echo(f"{path.name}: " + (", ".join(words) or nothing))
    for cause, count in sorted(result.causes.items(), key=lambda c: (-c[1], c[0])):
        click.echo(f"  {count:5} {cause}")
        for one in result.named:
            if one.cause == cause and (one.damaged or kind in _NAMED_KINDS):
                click.echo(f"        {one.what}")
    if result.causes["no-source"]:
        say(
            f"{plural(result.causes['no-source'], 'page')} of unknown hosts skipped. Add "
            f"their sources "
            "with dateline add URL, or use --source NAME or --new-sources"
        )
    if result.verdicts["waiting"]:
        say("Fetch the waiting pages: dateline crawl")
