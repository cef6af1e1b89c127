"""``doctor``: whether everything that an archive needs is as it should be."""

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
_COLOURS = {"well": "green", "warning": "yellow", "wrong": "red"}


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, how it is, and what to do where it is not well."""

    subject: str
    state: Literal["well", "warning", "wrong"]
    detail: str
    step: str = ""


@click.command()
@click.option("--no-reach", is_flag=True, help="Ask no site.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def doctor(ctx: click.Context, no_reach: bool, as_json: bool) -> None:
    """Look at the database, the disk, the captures, the clock and each source.

    Exit code 1 where something is wrong, 3 where something needs a look.
    """
    from storage.errors import ArchiveError

    found: list[Finding] = []
    try:
        found += _look(ctx, reach=not no_reach)
    except ArchiveError as error:
        found.append(Finding("database", "wrong", error.args[0], error.hint))
    if as_json:
        put_json([asdict(one) for one in found])
    else:
        for one in found:
            click.secho(f"{one.state:8}", fg=_COLOURS[one.state], nl=False)
            click.echo(f"{one.subject}: {one.detail}")
            if one.step:
                click.echo(f"        {one.step}")
    states = {one.state for one in found}
    if "wrong" in states:
        ctx.exit(ExitCode.FAILED)
    if "warning" in states:
        ctx.exit(ExitCode.PARTLY)


def _look(ctx: click.Context, *, reach: bool) -> Iterator[Finding]:
    from dateline.cli.options import opened
    from storage.crawl.sources import list_sources
    from storage.monitoring import metrics

    with opened(ctx) as archive:
        whole = metrics.of_archive(archive)
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
    from storage.maintenance.integrity import quick

    kind = "SQLite" if archive.location.is_sqlite else "PostgreSQL"
    problems = quick(archive)
    if problems:
        yield Finding("database", "wrong", problems[0],
                      "restore the last backup: `dateline db restore FILE FOLDER`")  # fmt: skip
    else:
        yield Finding("database", "well", f"{kind}, version {HEAD}, {size / 1e6:,.1f} MB")


def _room(archive: Archive, free: int) -> Iterator[Finding]:
    state: Literal["well", "warning", "wrong"] = (
        "wrong" if free < _VERY_LOW else "warning" if free < _LOW else "well"
    )
    step = "" if state == "well" else "make room; `dateline captures stats` says what takes it"
    yield Finding("disk", state, f"{free / 1e9:,.1f} GB free in {archive.location.folder}", step)


def _captures(archive: Archive) -> Iterator[Finding]:
    from storage.captures.care.verify import verify_newest

    folder = archive.location.captures
    if folder.is_dir() and not os.access(folder, os.W_OK):
        yield Finding("captures", "wrong", f"{folder} cannot be written", "give yourself the right")
        return
    looked = verify_newest(archive)
    if looked is None:
        yield Finding("captures", "well", "none yet")
        return
    name, found = looked
    if found.problems:
        yield Finding(
            "captures", "wrong", found.problems[0],
            "`dateline captures verify` looks at all, `dateline captures repair` mends them",
        )  # fmt: skip
    else:
        yield Finding("captures", "well", f"{name} reads well, {found.records} records")


def _crawling(archive: Archive) -> Iterator[Finding]:
    from storage import utc_now
    from storage.monitoring import status

    trouble = status.trouble(archive, utc_now())
    for one in trouble:
        for why in one["why"]:
            yield Finding(f"source {one['source']}", "warning", why)
    if not trouble:
        yield Finding("crawls", "well", "no source is in trouble")


def _mail(archive: Archive) -> Iterator[Finding]:
    from dateline.alerts import PASSWORD
    from storage.config import mail_settings
    from storage.text.normalize import without_credentials
    from storage.users import alerts

    found = alerts.watches(archive)
    mailed = any(one.target.startswith("mailto:") for one in found)
    settings = mail_settings(archive.location.folder)
    if mailed and settings is None:
        yield Finding("alerts", "wrong", "some go by e-mail, and nothing says how",
                      "write a [mail] section into dateline.toml")  # fmt: skip
    elif mailed and settings is not None and settings.username and not os.environ.get(PASSWORD):
        yield Finding("alerts", "warning", f"{PASSWORD} is not set here")
    waiting = [one for one in found if one.waiting and one.last_error]
    for one in waiting:
        yield Finding(
            f"alert {one.id}", "warning", without_credentials(f"{one.target}: {one.last_error}")
        )


def _browser(wanting: list[str]) -> Iterator[Finding]:
    from crawler.run.browser import executable, missing

    if not wanting:
        return
    lack = missing()
    if lack is None:
        yield Finding("browser", "well", executable() or "Playwright's own Chromium")
    else:
        yield Finding("browser", "wrong", f"{', '.join(wanting)} need one", lack)


def _extractor() -> Finding:
    """Whether its compiled parts are there; without them it works as well, and takes longer."""
    from crawler.extraction.blocks import walk
    from crawler.extraction.body import features, second_pass

    if all(module.compiled is not None for module in (features, second_pass, walk)):
        return Finding("extractor", "well", "its compiled parts are in use")
    return Finding(
        "extractor", "well", "by Python alone: a page takes half as long again",
        "for its compiled parts, install a C compiler and Python's headers (Debian: gcc, "
        "python3-dev), and Dateline again",
    )  # fmt: skip


def _sources(ctx: click.Context, sources: list[tuple[str, str]]) -> Iterator[Finding]:
    from crawler.runner.probe import reach
    from storage import locate

    found = reach(locate(ctx.obj["archive"], ctx.obj["database"]), sources)
    for one in found:
        if one.problem is not None:
            yield Finding(f"source {one.source}", "warning", f"{one.home_url}: {one.problem}")
    skews = [one.skew for one in found if one.skew is not None]
    if skews:
        skew = statistics.median(skews)
        late = abs(skew) > _SKEW
        yield Finding(
            "clock", "warning" if late else "well",
            f"{abs(skew):.0f} s {'behind' if skew > 0 else 'ahead of'} that of the sites",
            "set this machine's clock: dates of articles are judged by it" if late else "",
        )  # fmt: skip
    well = sum(one.problem is None for one in found)
    yield Finding("reach", "well" if well else "wrong", f"{well} of {len(found)} sources answer")
