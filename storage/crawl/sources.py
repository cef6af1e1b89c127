"""Sources and their endpoints: add, list, find."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, true, update

from storage.crawl import tombstones
from storage.crawl.revisit import PollingBounds
from storage.crawl.runs import newest_runs
from storage.errors import SourceExists, unknown_source
from storage.models import Candidate, Endpoint, Item, Source
from storage.text.urls import host_of, url_key

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """A source as lists show it, with counts of its content."""

    id: int
    name: str
    title: str | None
    home_url: str
    language: str | None
    timezone: str | None
    site: str | None
    delay: float | None
    rights: str
    store: str
    state: str
    browser: str
    endpoints: int
    articles: int
    pending: int
    last_run: str | None
    last_run_at: datetime | None


def suggest_name(home_url: str, taken: Sequence[str] = (), title: str | None = None) -> str:
    """Suggest a short name of a source from its host: ``www.example.co.uk`` → ``example``.

    For an IP address it uses the site's ``title``. A number is added where the name is taken.
    """
    host = host_of(home_url).removeprefix("www.")
    if re.fullmatch(r"[\d.:\[\]a-f]+", host):
        name = _plain(title or "") or _plain(host)
    else:
        labels = host.split(".")
        # Second-level registries such as co.uk or com.au carry no name of a publication.
        drop = 2 if len(labels) > 2 and len(labels[-2]) <= 3 and len(labels[-1]) == 2 else 1
        labels = labels[:-drop] or labels
        name = "-".join(labels)
    name = _plain(name)[:90] or "source"
    unique, number = name, 2
    while unique in taken:
        unique, number = f"{name}-{number}", number + 1
    return unique


def _plain(name: str) -> str:
    """Reduce to lower-case ASCII letters, digits and dashes."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60]


def add_source(
    session: Session,
    *,
    name: str,
    home_url: str,
    now: datetime,
    title: str | None = None,
    language: str | None = None,
    timezone: str | None = None,
    delay: float | None = None,
) -> Source:
    """Add a source.

    Raises:
        SourceExists: a source with this name or home page exists.
    """
    require_new(session, name, home_url)
    source = Source(
        name=name,
        title=title,
        home_url=home_url,
        language=language,
        timezone=timezone,
        delay=delay,
        state="active",
        created_at=now,
    )
    session.add(source)
    session.flush()
    return source


def require_new(session: Session, name: str | None, home_url: str) -> None:
    """Raise :class:`SourceExists` where a source with this name or home page exists."""
    wanted = url_key(home_url)
    if tombstones.find_erased(session.connection(), "source", [wanted]):
        raise SourceExists(
            f"{home_url} was erased by request",
            "`dateline forget --list` says why, `dateline forget --revoke N` lifts it",
        )
    for other in session.scalars(select(Source)):
        if url_key(other.home_url) == wanted:
            raise SourceExists(
                f"{other.home_url} is followed already as {other.name!r}",
                f"crawl it with `dateline crawl {other.name}`",
            )
        if other.name == name:
            raise SourceExists(
                f"the name {name!r} is taken by {other.home_url}", "give another --name"
            )


def get_source(session: Session, name: str) -> Source:
    """Return the source with this name.

    Raises:
        UnknownSource: no source has this name; the hint lists similar names.
    """
    source = session.scalar(select(Source).where(Source.name == name))
    if source is not None:
        return source
    raise unknown_source(name, list(session.scalars(select(Source.name).order_by(Source.name))))


def list_sources(session: Session, source_id: int | None = None) -> list[SourceInfo]:
    """List all sources by name, or one, with counts and their last run."""

    def only(column: Any) -> Any:
        return true() if source_id is None else column == source_id

    def counted(query: Any) -> dict[int, int]:
        return dict(session.execute(query).all())

    endpoints = counted(
        select(Endpoint.source_id, func.count())
        .where(only(Endpoint.source_id))
        .group_by(Endpoint.source_id)
    )
    articles = counted(
        select(Item.source_id, func.count())
        .where(Item.kind == "article", Item.state != "stub", only(Item.source_id))
        .group_by(Item.source_id)
    )
    # Source by source: few wait, and most of the table is what is done.
    waiting = select(func.count()).where(
        Candidate.source_id == Source.id, Candidate.state == "pending"
    )
    pending = counted(select(Source.id, waiting.scalar_subquery()).where(only(Source.id)))
    runs = newest_runs(session, source_id)
    return [
        SourceInfo(
            id=s.id,
            name=s.name,
            title=s.title,
            home_url=s.home_url,
            language=s.language,
            timezone=s.timezone,
            site=s.site,
            delay=s.delay,
            rights=s.rights,
            store=s.store,
            state=s.state,
            browser=s.browser,
            endpoints=endpoints.get(s.id, 0),
            articles=articles.get(s.id, 0),
            pending=pending.get(s.id, 0),
            last_run=runs[s.id].state if s.id in runs else None,
            last_run_at=runs[s.id].started_at if s.id in runs else None,
        )
        for s in session.scalars(select(Source).where(only(Source.id)).order_by(Source.name))
    ]


def set_bounds(
    session: Session, name: str, least: int | None, most: int | None, now: datetime
) -> None:
    """Set the limits of the interval between two visits of a source's endpoints, in minutes.

    Raises:
        UnknownSource: no source has this name.
    """
    source = get_source(session, name)
    source.least_minutes, source.most_minutes = least, most
    latest = now + PollingBounds.of_minutes(least, most).most
    session.execute(
        update(Endpoint)
        .where(
            Endpoint.source_id == source.id, Endpoint.failures == 0, Endpoint.next_due_at > latest
        )
        .values(next_due_at=latest)
    )


def source_names(session: Session) -> list[tuple[str, str]]:
    """Return (name, title) of all sources; the name where there is no title."""
    rows = session.execute(select(Source.name, Source.title).order_by(Source.name))
    return [(name, title or name) for name, title in rows]
