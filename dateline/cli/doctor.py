"""``doctor``: check the database, disk, captures, clock and sources."""

from __future__ import annotations

import os
import statistics
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

import click

from dateline.cli.options import ExitCode, put_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from storage.archive import Archive

_LOW, _VERY_LOW = 5e9, 5e8
_SKEW = 120.0
_LABELS = {"ok": "OK", "warning": "Warning", "error": "Error"}
_COLOURS = {"ok": "green", "warning": "yellow", "error": "red"}


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check, and what to do if it failed."""

    subject: str
    state: Literal["ok", "warning", "error"]
    detail: str
    hint: str = ""


@click.command()
@click.option("--offline", is_flag=True, help="Do not send requests to the sources.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def doctor(ctx: click.Context, offline: bool, as_json: bool) -> None:
    """Check the database, disk, captures, clock and each source.

    Exit code 1: an error; 3: a warning.
    """
    from storage.errors import ArchiveError

    found: list[Finding] = []
    try:
        found += _look(ctx, reach=not offline)
    except ArchiveError as error:
        found.append(Finding("database", "error", error.args[0], error.hint))
    if as_json:
        put_json([asdict(one) for one in found])
    else:
        for one in found:
            click.secho(f"{_LABELS[one.state]:9}", fg=_COLOURS[one.state], nl=False)
            click.echo(f"{one.subject}: {one.detail}")
            if one.hint:
                click.echo(f"         {one.hint}")
    states = {one.state for one in found}
    if "error" in states:
        ctx.exit(ExitCode.FAILED)
    if "warning" in states:
        ctx.exit(ExitCode.PARTLY)


def _look(ctx: click.Context, *, reach: bool) -> Iterator[Finding]:
    from dateline.cli.options import opened
    from storage.crawl.sources import list_sources
    from storage.monitoring import metrics

    with opened(ctx) as archive:
        whole = metrics.archive_metrics(archive)
        yield from _database(archive, whole.database_bytes)
        yield from _room(archive, whole.free_bytes)
        yield from _captures(archive)
        yield from _crawling(archive)
        yield from _mail(archive)
        with archive.reading() as session:
            active = [one for one in list_sources(session) if one.state == "active"]
        yield from _browser([one.name for one in active if one.browser != "never"])
        yield _extractor()
        sources = [(one.name, one.home_url) for one in active]
    if reach and sources:
        yield from _sources(ctx, sources)


def _database(archive: Archive, size: int) -> Iterator[Finding]:
    from storage.database.migrations import HEAD
    from storage.maintenance.integrity import quick_check

    kind = "SQLite" if archive.location.is_sqlite else "PostgreSQL"
    problems = quick_check(archive)
    if problems:
        yield Finding(
            "database",
            "error",
            problems[0],
            "Restore the last backup: dateline db restore FILE FOLDER",
        )
    else:
        yield Finding("database", "ok", f"{kind}, version {HEAD}, {size / 1e6:,.1f} MB")


def _room(archive: Archive, free: int) -> Iterator[Finding]:
    state: Literal["ok", "warning", "error"] = (
        "error" if free < _VERY_LOW else "warning" if free < _LOW else "ok"
    )
    hint = "" if state == "ok" else "Free disk space. Size per source: dateline captures stats"
    yield Finding("disk", state, f"{free / 1e9:,.1f} GB free in {archive.location.folder}", hint)


def _captures(archive: Archive) -> Iterator[Finding]:
    from storage.captures.care.verify import verify_newest

    folder = archive.location.captures
    if folder.is_dir() and not os.access(folder, os.W_OK):
        yield Finding(
            "captures", "error", f"{folder} is not writable", f"Allow writing: chmod u+w {folder}"
        )
        return
    looked = verify_newest(archive)
    if looked is None:
        yield Finding("captures", "ok", "no captures yet")
        return
    name, found = looked
    if found.problems:
        yield Finding(
            "captures",
            "error",
            found.problems[0],
            "Check all: dateline captures verify. Repair: dateline captures repair",
        )
    else:
        yield Finding("captures", "ok", f"{name}: {found.records} records verified")


def _crawling(archive: Archive) -> Iterator[Finding]:
    from storage import utc_now
    from storage.monitoring import status

    trouble = status.problems(archive, utc_now())
    for one in trouble:
        for why in one["why"]:
            yield Finding(f"source {one['source']}", "warning", why)
    if not trouble:
        yield Finding("crawls", "ok", "no source has problems")


def _mail(archive: Archive) -> Iterator[Finding]:
    from dateline.alerts import PASSWORD
    from storage.config import read_mail_settings
    from storage.text.normalize import strip_credentials
    from storage.users import alerts

    found = alerts.list_alerts(archive)
    mailed = any(one.target.startswith("mailto:") for one in found)
    settings = read_mail_settings(archive.location.folder)
    if mailed and settings is None:
        yield Finding(
            "alerts",
            "error",
            "cannot send e-mail: dateline.toml has no [mail] section",
            "Add the section [mail]; the guide (Alerts) shows it.",
        )
    elif mailed and settings is not None and settings.username and not os.environ.get(PASSWORD):
        yield Finding("alerts", "warning", f"{PASSWORD} is not set in this environment")
    waiting = [one for one in found if one.waiting and one.last_error]
    for one in waiting:
        yield Finding(
            f"alert {one.id}", "warning", strip_credentials(f"{one.target}: {one.last_error}")
        )


def _browser(wanting: list[str]) -> Iterator[Finding]:
    from crawler.run.pages.browser import executable_path, missing_requirement

    if not wanting:
        return
    lack = missing_requirement()
    if lack is None:
        yield Finding("browser", "ok", executable_path() or "Chromium of Playwright")
    else:
        yield Finding("browser", "error", f"required by {', '.join(wanting)}", lack)


def _extractor() -> Finding:
    """Report whether the compiled parts are installed; without them extraction is slower."""
    from crawler.extraction.blocks import walk
    from crawler.extraction.body import features, second_pass

    if all(module.compiled is not None for module in (features, second_pass, walk)):
        return Finding("extractor", "ok", "compiled")
    return Finding(
        "extractor",
        "ok",
        "not compiled: extraction takes 1.5 times as long",
        "Install a C compiler and Python's headers (Debian: gcc, python3-dev), then reinstall "
        "Dateline.",
    )


def _sources(ctx: click.Context, sources: list[tuple[str, str]]) -> Iterator[Finding]:
    from crawler.runner.probe import probe_sources
    from storage import locate

    found = probe_sources(locate(ctx.obj["archive"], ctx.obj["database"]), sources)
    for one in found:
        if one.problem is not None:
            yield Finding(f"source {one.source}", "warning", f"{one.home_url}: {one.problem}")
    skews = [one.skew for one in found if one.skew is not None]
    if skews:
        skew = statistics.median(skews)
        late = abs(skew) > _SKEW
        yield Finding(
            "clock",
            "warning" if late else "ok",
            f"{abs(skew):.0f} s {'behind' if skew > 0 else 'ahead of'} the sites' clocks"
            if late
            else f"within {max(1, round(abs(skew)))} s of the sites' clocks",
            "Set the clock of this machine." if late else "",
        )
    well = sum(one.problem is None for one in found)
    yield Finding(
        "network", "ok" if well else "error", f"{well} of {len(found)} sources are reachable"
    )
