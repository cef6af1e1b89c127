"""``add`` and ``sources``: add sources, list them, change their settings."""

from __future__ import annotations

import dataclasses
import re
import sys
from typing import TYPE_CHECKING, Any

import click

from dateline.cli.options import ExitCode, Seconds, local, opened, plural, put_json, say, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.spiders.discover import Discovery

_SAMPLES = 3
_POLICIES = ("reserve", "strict", "ignore")


@click.command()
@click.argument("url")
@click.option("--name", help="Short name of the source (default: from its host).")
@click.option("--language", help="Language of pages that do not declare one (fr, en-GB).")
@click.option("--timezone", help="Time zone of dates without offset, e.g. Europe/Paris.")
@click.option("--delay", type=Seconds(), help="Seconds between two requests to the site.")
@click.option(
    "--rights",
    type=click.Choice(_POLICIES),
    default="reserve",
    show_default=True,
    help="How to treat the publisher's reservations (guide: Rights).",
)
@click.option("--dry-run", is_flag=True, help="Show the endpoints; add nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def add(
    ctx: click.Context,
    url: str,
    name: str | None,
    language: str | None,
    timezone: str | None,
    delay: float | None,
    rights: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Add the news site at URL as a source: find its feeds, sitemaps or section pages.

    Shows the endpoints, three sample headlines and the result of robots.txt.
    """
    home = _home(url)
    _check_zone(timezone)
    if name is not None and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}", name):
        raise click.UsageError(
            f"--name {name!r} is not valid. Use up to 80 letters, digits, dots, dashes and "
            f"underscores."
        )
    from crawler.runner.oneshot import run_discovery
    from storage import locate

    location = locate(ctx.obj["archive"], ctx.obj["database"])
    archive = None if dry_run else opened(ctx)
    if archive is not None:
        _refuse_known(archive, home, name)
    found = run_discovery(location, home)
    followed = None
    if found.problem is None and archive is not None:
        followed = _follow(archive, found, home, name, language, timezone, delay, rights)
    if as_json:
        put_json(_as_json(found, followed))
    else:
        _print(found, followed, dry_run)
    if found.problem is not None:
        say(f"{found.problem}; {found.next_step}")
        ctx.exit(ExitCode.FAILED)


def _home(url: str) -> str:
    from storage.text.normalize import strip_credentials
    from storage.text.urls import host_of, is_web_url

    address = url if "://" in url else f"https://{url}"
    # RFC 1035: a label has at most 63 characters.
    too_long = any(len(label) > 63 for label in host_of(address).split("."))
    if not is_web_url(address) or too_long or any(c.isspace() for c in address):
        raise click.UsageError(f"{url!r} is not a web address. Example: https://news.example/")
    if strip_credentials(address) != address:
        raise click.UsageError(
            f"{strip_credentials(address)}: leave the user name and password out of the URL. "
            "The guide (Subscriber access) shows how to configure a login."
        )
    return address if address.count("/") > 2 else f"{address}/"


def _check_zone(timezone: str | None) -> None:
    if timezone is None:
        return
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise click.UsageError(
            f"--timezone {timezone!r} is unknown. Example: Europe/Paris"
        ) from error


def _refuse_known(archive: Any, home: str, name: str | None) -> None:
    from storage.crawl.sources import require_new

    with archive.reading() as session:
        require_new(session, name, home)


def _follow(
    archive: Any,
    found: Discovery,
    home: str,
    name: str | None,
    language: str | None,
    timezone: str | None,
    delay: float | None,
    rights: str,
) -> str:
    from crawler.extraction.linked.link_rules import classify
    from storage import utc_now
    from storage.crawl.endpoints import add_endpoints
    from storage.crawl.frontier import add_announcements
    from storage.crawl.sources import add_source, list_sources, suggest_name
    from storage.types.endpoints import Announcement, FoundEndpoint

    def work(session: Any) -> str:
        chosen = name or suggest_name(home, [s.name for s in list_sources(session)], found.title)
        source = add_source(
            session,
            name=chosen,
            home_url=home,
            now=utc_now(),
            title=found.title,
            language=language or found.language,
            timezone=timezone,
            delay=delay,
        )
        source.rights = rights
        source.browser = found.browser
        endpoints = [FoundEndpoint(e.url, e.kind, e.title) for e in found.endpoints]
        add_endpoints(session, source.id, endpoints, utc_now())
        if classify(home) == "article":
            # The URL is an article: fetch it and its linked items.
            add_announcements(session.connection(), source.id, [Announcement(home)], utc_now())
        return chosen

    return str(archive.write(work))


def _as_json(found: Discovery, followed: str | None) -> dict[str, Any]:
    return {
        "source": followed,
        "title": found.title,
        "home_url": found.home_url,
        "language": found.language,
        "robots": found.robots,
        "crawl_delay": found.crawl_delay,
        "endpoints": [dataclasses.asdict(e) for e in found.endpoints],
        "headlines": found.headlines[:_SAMPLES],
        "browser": found.browser,
        "rendering": found.rendering_note,
        "tried": [{"url": u, "reason": w} for u, w in found.tried],
        "problem": found.problem,
    }


def _print(found: Discovery, followed: str | None, dry_run: bool) -> None:
    if found.title:
        click.secho(f"{found.title} ({found.language or 'language unknown'})", bold=True)
    delay = f", one request every {found.crawl_delay:g} s" if found.crawl_delay else ""
    click.echo(f"robots.txt: {found.robots}{delay}")
    for endpoint in found.endpoints:
        what = plural(endpoint.announced, "article")
        if endpoint.children:
            what = f"index of {plural(endpoint.children, 'sitemap')}, {what} in the sampled ones"
        click.echo(f"  {endpoint.kind:8} {endpoint.url}")
        click.echo(f"           {what}")
    if not found.endpoints and found.problem is None:
        click.echo("  no feed, sitemap or section page; only this article is added")
    if found.rendering_note:
        click.echo(f"rendering: {found.rendering_note}")
    for headline in found.headlines[:_SAMPLES]:
        click.echo(f"  • {headline[:74]}")
    if followed:
        click.echo(f"Added source {followed}. Next: dateline crawl {followed}", err=True)
    elif dry_run and found.problem is None:
        click.echo("Nothing added (--dry-run).", err=True)


@click.command()
@click.argument("names", nargs=-1, metavar="[SOURCE]...")
@click.option(
    "--rights",
    type=click.Choice(_POLICIES),
    help="Pages with noarchive, noindex or a TDM reservation, from now on: keep them out of "
    "exports (reserve); do not store or index them (strict); no effect (ignore).",
)
@click.option(
    "--interval",
    "every",
    metavar="MIN..MAX",
    help="Bounds of the polling interval: 10m..1d, 1h.., ..6h; `any` removes them.",
)
@click.option(
    "--daily-requests",
    "daily",
    type=click.IntRange(0),
    help="Maximum number of requests per day; 0: no limit.",
)
@click.option(
    "--browser",
    type=click.Choice(["never", "needed", "always"]),
    help="Pages to render in a browser: none, those without text, or all.",
)
@click.option("--state", type=click.Choice(["active", "paused"]), help="Pause or resume crawling.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def sources(
    ctx: click.Context,
    names: tuple[str, ...],
    rights: str | None,
    every: str | None,
    daily: int | None,
    browser: str | None,
    state: str | None,
    as_json: bool,
) -> None:
    """List the sources, or change the settings of the named sources."""
    from storage.crawl.sources import get_source, list_sources

    changes: dict[str, Any] = {}
    if rights is not None:
        changes["rights"] = rights
    if state is not None:
        changes["state"] = state
    if browser is not None:
        changes["browser"] = browser
        if browser != "never":
            _check_browser()
    if daily is not None:
        changes["daily_requests"] = daily or None
    bounds = None if every is None else _bounds(every)
    if (changes or bounds) and not names:
        raise click.UsageError("Name the sources to change.")
    with opened(ctx) as archive:
        if changes or bounds:
            archive.write(lambda session: _change(session, names, changes, bounds))
        with archive.reading() as session:
            for name in names:
                get_source(session, name)
            rows = [row for row in list_sources(session) if not names or row.name in names]
    if as_json:
        put_json(
            [
                {
                    **dataclasses.asdict(r),
                    "last_run_at": r.last_run_at and r.last_run_at.isoformat(),
                }
                for r in rows
            ]
        )
        return
    if not rows:
        say("No sources yet. Add one: dateline add URL")
        return
    if sys.stdout.isatty():
        _as_paragraphs(rows)
        return
    table(
        [
            (
                r.name,
                str(r.articles),
                str(r.pending),
                str(r.endpoints),
                local(r.last_run_at),
                r.home_url,
            )
            for r in rows
        ],
        ("SOURCE", "ARTICLES", "WAITING", "ENDPOINTS", "LAST CRAWL", "HOME PAGE"),
    )


def _as_paragraphs(rows: Sequence[Any]) -> None:
    """Print sources for a terminal, so that no URL is cut or wrapped."""
    for row in rows:
        click.secho(row.name, bold=True, nl=False)
        click.echo(f"  {row.title}" if row.title and row.title != row.name else "")
        click.echo(f"  {row.home_url}")
        waiting = f", {row.pending} waiting" if row.pending else ""
        paused = "" if row.state == "active" else f", {row.state}"
        click.secho(
            f"  {plural(row.articles, 'article')}{waiting}, {plural(row.endpoints, 'endpoint')}, "
            f"last crawl {local(row.last_run_at)}{paused}",
            dim=True,
        )


def _check_browser() -> None:
    from crawler.run.pages.browser import missing_requirement

    lack = missing_requirement()
    if lack is not None:
        say(f"{lack}. Until then, pages that need a browser fail.")


def _change(
    session: Any,
    names: tuple[str, ...],
    changes: dict[str, Any],
    bounds: tuple[int | None, int | None] | None,
) -> None:
    from storage import utc_now
    from storage.crawl.sources import get_source, set_bounds

    for name in names:
        row = get_source(session, name)
        for field, value in changes.items():
            setattr(row, field, value)
        if bounds is not None:
            set_bounds(session, name, *bounds, utc_now())


def _bounds(text: str) -> tuple[int | None, int | None]:
    """Parse ``10m..1d`` to minutes."""
    if text == "any":
        return None, None
    units = {"m": 1, "h": 60, "d": 24 * 60}
    match = re.fullmatch(r"(?:(\d{1,4})([mhd]))?\.\.(?:(\d{1,4})([mhd]))?", text)
    if match is None or not any(match.groups()):
        raise click.UsageError(
            f"--interval {text!r} is not valid. Examples: 10m..1d, 1h.., ..6h, any"
        )
    least = int(match[1]) * units[match[2]] if match[1] else None
    most = int(match[3]) * units[match[4]] if match[3] else None
    if least is not None and most is not None and most < least:
        raise click.UsageError(f"--interval {text!r}: the maximum is less than the minimum.")
    return least, most
