"""``extract``: extract articles from pages to JSON, without an archive."""

from __future__ import annotations

import gzip
import io
import json
import sys
import zlib
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dateline.cli.options import ExitCode, put_json, say
from storage.text.urls import is_web_url

if TYPE_CHECKING:
    from collections.abc import Iterator


@click.command()
@click.argument("page", required=False, metavar="URL|FILE|-")
@click.option("--url", help="URL of the page, if it is a file or stdin.")
@click.option(
    "--manifest",
    type=click.Path(exists=True, dir_okay=False),
    help='Batch: JSON lines {"id", "url", "file"}; files are html or html.gz.',
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, writable=True),
    help="Output file of --manifest (default: stdout).",
)
@click.option(
    "--jobs", type=click.IntRange(1), help="Processes for --manifest (default: one per processor)."
)
@click.option("--timezone", help="Time zone of dates without offset, e.g. Europe/Paris.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print JSON (always on; accepted for consistency)."
)
@click.pass_context
def extract(
    ctx: click.Context,
    page: str | None,
    url: str | None,
    manifest: str | None,
    out: str | None,
    jobs: int | None,
    timezone: str | None,
    as_json: bool,
) -> None:
    """Extract the article of a page: each field with its provenance.

    With --manifest: pages in parallel, one line per page: {"id", "kind", "headline", "body",
    "authors", "published_at", …}. Exit code 1: the page is not an article.
    """
    if (page is None) == (manifest is None):
        raise click.UsageError("Give a page (URL, FILE or - for stdin), or a file with --manifest.")
    if manifest is not None:
        failed, total = _many(Path(manifest), out, jobs, timezone)
        if failed:
            say(f'{failed} of {total} pages failed; their output lines have the field "error"')
            ctx.exit(ExitCode.FAILED if failed == total else ExitCode.PARTLY)
        return
    body, address, content_type = _one(ctx, page or "-", url)
    from crawler.extraction.article import Known
    from crawler.extraction.page.parse import BadPage
    from crawler.sites import extract_for_site
    from storage import utc_now

    try:
        found = extract_for_site(body, address, content_type, Known(timezone, now=utc_now()))
    except BadPage as error:
        say(f"cannot extract: {error}")
        ctx.exit(ExitCode.FAILED)
    from dateline.cli.extraction_json import cleaned, record_of

    put_json(record_of(cleaned(found), address))
    if found.article is None and found.entry is None:
        say(f"Not an article: {found.kind} ({found.reason})")
        ctx.exit(ExitCode.FAILED)


def _one(ctx: click.Context, page: str, url: str | None) -> tuple[bytes, str, str]:
    """Return the bytes of a page, its URL and its content type."""
    if "://" in page:
        return _fetched(ctx, page)
    try:
        body = sys.stdin.buffer.read() if page == "-" else Path(page).read_bytes()
    except OSError as error:
        raise click.ClickException(f"cannot read {page}: {error.strerror}") from error
    return _unpacked(body), url or "https://unknown.invalid/page", ""


def _fetched(ctx: click.Context, url: str) -> tuple[bytes, str, str]:
    from crawler.runner.oneshot import fetch_pages
    from storage import locate

    (page,) = fetch_pages(locate(ctx.obj["archive"], ctx.obj["database"]), [url])
    if isinstance(page, str):
        raise click.ClickException(f"{url}: {page}")
    return page.body, page.url, page.content_type


def _unpacked(body: bytes) -> bytes:
    try:
        return _plain(body)
    except (OSError, EOFError, zlib.error) as error:
        raise click.ClickException(f"cannot decompress the page: {error}") from error


def _plain(body: bytes) -> bytes:
    """Decompress ``body`` if it is gzip, up to the maximum size of a page."""
    if body[:2] != b"\x1f\x8b":
        return body
    with gzip.GzipFile(fileobj=io.BytesIO(body)) as stream:
        return stream.read(_most() + 1)


def _most() -> int:
    from crawler.extraction.page.parse import MAX_PAGE_BYTES

    return MAX_PAGE_BYTES


def _many(
    manifest: Path, out: str | None, jobs: int | None, timezone: str | None
) -> tuple[int, int]:
    """Extract the pages of a manifest; return (failed lines, all lines)."""
    work = [(row, str(manifest.parent), timezone) for row in _rows(manifest)]
    failed = 0
    with ExitStack() as stack:
        stream = stack.enter_context(Path(out).open("w", encoding="utf-8")) if out else sys.stdout
        pool = stack.enter_context(ProcessPoolExecutor(max_workers=jobs))
        for answer in pool.map(_job, work, chunksize=4):
            if "error" in answer:
                failed += 1
                if "line" in answer:
                    say(f"{manifest}, line {answer['line']}: {answer['error']}")
            # An id or URL may have a lone surrogate, which UTF-8 cannot encode.
            line = json.dumps(answer, ensure_ascii=False).encode("utf-8", "replace").decode()
            stream.write(f"{line}\n")
    return failed, len(work)


def _rows(manifest: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a manifest; an invalid line becomes a row with its number and "error"."""
    for number, line in enumerate(manifest.read_bytes().split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line.decode("utf-8-sig"))
        except (ValueError, RecursionError) as error:
            yield {"line": number, "error": f"not JSON: {error}"}
            continue
        known = row if isinstance(row, dict) else {}
        missing = [k for k in ("url", "file") if not known.get(k) or not isinstance(known[k], str)]
        if missing:
            error_of = f'missing {" and ".join(missing)}. Write {{"id": …, "url": …, "file": …}}'
            yield {"id": known.get("id"), "line": number, "error": error_of}
        elif not is_web_url(known["url"]):
            yield {
                "id": known.get("id"),
                "line": number,
                "error": f"{known['url']!r} is not a web address. "
                "Example: https://news.example/story",
            }
        else:
            yield known


def _job(task: tuple[dict[str, Any], str, str | None]) -> dict[str, Any]:
    """Extract the page of one manifest line. Runs in a worker process."""
    from crawler.extraction.article import Known
    from crawler.sites import extract_for_site
    from dateline.cli.extraction_json import as_prediction, cleaned
    from storage import utc_now

    row, folder, timezone = task
    if "error" in row and "line" in row:
        return {**row, "body": None, "headline": None}
    answer: dict[str, Any] = {"id": row.get("id"), "url": row["url"]}
    try:
        body = _read(Path(row["file"]), Path(folder))
        found = extract_for_site(body, row["url"], "", Known(timezone, now=utc_now()))
    # BadPage, a URL without host and a file name with NUL are ValueErrors.
    except (OSError, EOFError, zlib.error, ValueError) as error:
        return {**answer, "error": str(error), "body": None, "headline": None}
    return {**answer, **as_prediction(cleaned(found))}


def _read(path: Path, folder: Path) -> bytes:
    """Read a page file; relative paths start at the folder of the manifest."""
    if not path.is_absolute() and (folder / path).exists():
        path = folder / path
    if path.exists() and not path.is_file():
        raise OSError(f"{path} is not a file")
    with path.open("rb") as stream:
        return _plain(stream.read(_most() + 1))
