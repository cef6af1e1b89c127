"""``extract``: one page, or many, to JSON, without an archive."""

from __future__ import annotations

import gzip
import json
import sys
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dateline.cli.options import ExitCode, put_json, say

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
@click.pass_context
def extract(
    ctx: click.Context, page: str | None, url: str | None, manifest: str | None,
    out: str | None, jobs: int | None, timezone: str | None,
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
            say(f'{failed} of {total} pages could not be read; their lines have "error"')
            ctx.exit(ExitCode.FAILED if failed == total else ExitCode.PARTLY)
        return
    body, address, content_type = _one(ctx, page or "-", url)
    from crawler.extraction.article import Known
    from crawler.extraction.page import BadPage
    from crawler.sites import extract_for_site
    from storage import utc_now

    try:
        found = extract_for_site(body, address, content_type, Known(timezone, now=utc_now()))
    except BadPage as error:
        say(f"{error}; nothing can be extracted from it")
        ctx.exit(ExitCode.FAILED)
    from dateline.cli.extraction_json import as_json

    put_json(as_json(found, address))
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
    from crawler.runner import fetch_page
    from storage import locate

    response, failure = fetch_page(locate(ctx.obj["archive"], ctx.obj["database"]), url)
    if response is None:
        raise click.ClickException(f"{url}: {failure}")
    return response


def _unpacked(body: bytes) -> bytes:
    if body[:2] != b"\x1f\x8b":
        return body
    try:
        return gzip.decompress(body)
    except (OSError, EOFError) as error:
        raise click.ClickException(f"its gzip is broken: {error}") from error


def _many(manifest: Path, out: str | None, jobs: int | None, timezone: str | None
          ) -> tuple[int, int]:  # fmt: skip
    rows = list(_rows(manifest))
    work = [(row, str(manifest.parent), timezone) for row in rows]
    failed = 0
    with ExitStack() as stack:
        stream = stack.enter_context(Path(out).open("w", encoding="utf-8")) if out else sys.stdout
        pool = stack.enter_context(ProcessPoolExecutor(max_workers=jobs))
        for answer in pool.map(_job, work, chunksize=4):
            failed += "error" in answer
            stream.write(json.dumps(answer, ensure_ascii=False) + "\n")
    return failed, len(rows)


def _rows(manifest: Path) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(manifest.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise click.ClickException(f"{manifest}, line {number}: not JSON: {error}") from error
        if not isinstance(row, dict) or not all(
            isinstance(row.get(k), str) for k in ("url", "file")
        ):
            raise click.ClickException(
                f'{manifest}, line {number}: write {{"id": …, "url": …, "file": …}}'
            )
        yield row


def _job(task: tuple[dict[str, Any], str, str | None]) -> dict[str, Any]:
    """Runs in a worker process."""
    from crawler.extraction.article import Known
    from crawler.extraction.page import BadPage
    from crawler.sites import extract_for_site
    from dateline.cli.extraction_json import as_prediction
    from storage import utc_now

    row, folder, timezone = task
    answer: dict[str, Any] = {"id": row.get("id"), "url": row["url"]}
    path = Path(row["file"])
    if not path.is_absolute():
        beside = Path(folder) / path
        path = beside if beside.exists() else path
    try:
        body = path.read_bytes()
        if body[:2] == b"\x1f\x8b":
            body = gzip.decompress(body)
        found = extract_for_site(body, row["url"], "", Known(timezone, now=utc_now()))
    except (OSError, EOFError, BadPage) as error:
        return {**answer, "error": str(error), "body": None, "headline": None}
    return {**answer, **as_prediction(found)}
