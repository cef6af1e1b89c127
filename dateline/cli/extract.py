"""``extract``: one page, or many, to JSON, without an archive."""

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
@click.option("--url", help="The page's address, where PAGE is a file or standard input.")
@click.option("--manifest", type=click.Path(exists=True, dir_okay=False),
              help='Many pages: JSON lines of {"id", "url", "file"}; html or html.gz.')  # fmt: skip
@click.option("--out", type=click.Path(dir_okay=False, writable=True),
              help="Where --manifest writes its JSON lines (default: stdout).")  # fmt: skip
@click.option("--jobs", type=click.IntRange(1), help="Processes for --manifest "
              "(default: one a processor).")  # fmt: skip
@click.option("--timezone", help="The zone of moments without offset (Europe/Paris, …).")
@click.option("--json", "as_json", is_flag=True, help="As JSON (always so; accepted for symmetry).")
@click.pass_context
def extract(
    ctx: click.Context, page: str | None, url: str | None, manifest: str | None,
    out: str | None, jobs: int | None, timezone: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Make an article of a page: each field, and where it came from.

    With --manifest: many pages in parallel, one line {"id", "kind", "headline", "body",
    "authors", "published_at", …} each.
    """
    if (page is None) == (manifest is None):
        raise click.UsageError("name one page (URL, FILE or -), or many with --manifest")
    if manifest is not None:
        failed, total = _many(Path(manifest), out, jobs, timezone)
        if failed:
            say(f'{failed} of {total} lines gave no page; in the output they have "error"')
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
        say(f"{error}; nothing can be extracted from it")
        ctx.exit(ExitCode.FAILED)
    from dateline.cli.extraction_json import cleaned, record_of

    put_json(record_of(cleaned(found), address))
    if found.article is None and found.entry is None:
        say(f"this is no article but: {found.kind} ({found.reason})")
        ctx.exit(ExitCode.FAILED)


def _one(ctx: click.Context, page: str, url: str | None) -> tuple[bytes, str, str]:
    """The bytes of a page, its address, its content type."""
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
        raise click.ClickException(f"its gzip is broken: {error}") from error


def _plain(body: bytes) -> bytes:
    """``body`` without gzip, read as far as a page may be long."""
    if body[:2] != b"\x1f\x8b":
        return body
    with gzip.GzipFile(fileobj=io.BytesIO(body)) as stream:
        return stream.read(_most() + 1)


def _most() -> int:
    from crawler.extraction.page.parse import MAX_PAGE_BYTES

    return MAX_PAGE_BYTES


def _many(manifest: Path, out: str | None, jobs: int | None, timezone: str | None
          ) -> tuple[int, int]:  # fmt: skip
    """Extract the pages of a manifest: (how many lines failed, how many there are)."""
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
            # An id or address may hold half a surrogate pair, which no file takes.
            line = json.dumps(answer, ensure_ascii=False).encode("utf-8", "replace").decode()
            stream.write(f"{line}\n")
    return failed, len(work)


def _rows(manifest: Path) -> Iterator[dict[str, Any]]:
    """The lines of a manifest; one that cannot be read is its number and the "error" in it."""
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
            error_of = f'no {" and no ".join(missing)}; write {{"id": …, "url": …, "file": …}}'
            yield {"id": known.get("id"), "line": number, "error": error_of}
        elif not is_web_url(known["url"]):
            yield {"id": known.get("id"), "line": number,
                   "error": f"{known['url']!r} is not a web address; "
                            "write one such as https://news.example/story"}  # fmt: skip
        else:
            yield known


def _job(task: tuple[dict[str, Any], str, str | None]) -> dict[str, Any]:
    """Extract the page of one line. Runs in a worker process."""
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
    # BadPage, an address of no host and a name with NUL in it are ValueErrors.
    except (OSError, EOFError, zlib.error, ValueError) as error:
        return {**answer, "error": str(error), "body": None, "headline": None}
    return {**answer, **as_prediction(cleaned(found))}


def _read(path: Path, folder: Path) -> bytes:
    """The bytes of a page's file, which may be named from the manifest's folder."""
    if not path.is_absolute() and (folder / path).exists():
        path = folder / path
    if path.exists() and not path.is_file():
        raise OSError(f"{path} is not a file")
    with path.open("rb") as stream:
        return _plain(stream.read(_most() + 1))
