"""Plans a takedown: URLs, captures, media and dictionaries to erase."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import or_, select

from storage.captures import warc
from storage.captures import zstd_dictionaries as dictionaries
from storage.captures.files import DICTIONARIES
from storage.captures.reader import read_capture
from storage.crawl.tombstones import keys_of_guid
from storage.database.engine import chunked
from storage.errors import CaptureUnreadable
from storage.ingest import history
from storage.models import Address, ArticleMedia, Candidate, Capture, Item, Media, Revision
from storage.text.urls import is_web_url, url_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection
    from sqlalchemy.orm import Session

    from storage.database.handle import Database


@dataclass(slots=True)
class TakedownPlan:
    """Everything that a takedown erases."""

    items: list[int]
    keys: set[str] = field(default_factory=set)
    records: dict[str, list[str]] = field(default_factory=dict)
    captures: int = 0
    media: list[int] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    dictionaries: list[str] = field(default_factory=list)


def plan_takedown(database: Database, ids: list[int], source_id: int | None) -> TakedownPlan:
    """Plan the takedown of items, or of a whole source."""
    plan = TakedownPlan(ids)
    with database.reading() as session:
        for some in chunked(ids, 1_000):
            plan.keys.update(session.scalars(select(Address.key).where(Address.item_id.in_(some))))
            urls = session.scalars(select(Item.url).where(Item.id.in_(some)))
            plan.keys.update(url_key(url) for url in urls if is_web_url(url))
        captures = _captures(session, plan, source_id)
        for row in captures:
            plan.records.setdefault(row.file, []).append(row.record_id)
        plan.captures = len(captures)
        _plan_media(session, plan)
        plan.dictionaries = _dictionaries_with(database, session, captures, source_id)
    return plan


def names_of(
    connection: Connection, plan: TakedownPlan
) -> Iterator[tuple[int, set[str], list[str]]]:
    """Return (source, headlines, GUID keys) of what is to be erased.

    Headlines that other articles of the source share are left out: they belong to a column.
    """
    titles: dict[int, set[str]] = {}
    guids: dict[int, set[str]] = {}
    for some in chunked(plan.items, 1_000):
        rows = connection.execute(
            select(Item.source_id, Item.id, Item.title).where(Item.id.in_(some))
        ).all()
        for source_id, item_id, title in rows:
            found = titles.setdefault(source_id, set())
            found.update([title] if title else [])
            found.update(
                str(content["headline"])
                for content in history.contents(connection, item_id).values()
                if content.get("headline")
            )
    for part in chunked(sorted(plan.keys), 1_000):
        hints = select(Candidate.source_id, Candidate.hints).where(
            Candidate.key.in_(part), Candidate.hints.is_not(None)
        )
        for source_id, said in connection.execute(hints):
            guids.setdefault(source_id, set()).update(keys_of_guid(said.get("guid")))
            headline = said.get("headline")
            titles.setdefault(source_id, set()).update([headline] if headline else [])
    for source_id, found in titles.items():
        shared = _shared(connection, source_id, found, set(plan.items))
        yield source_id, found - shared, sorted(guids.get(source_id, ()))


def _shared(connection: Connection, source_id: int, titles: set[str], items: set[int]) -> set[str]:
    """Return the headlines that other articles of a source share."""
    found: set[str] = set()
    for some in chunked(sorted(titles), 500):
        rows = connection.execute(
            select(Item.id, Item.title).where(
                Item.source_id == source_id, Item.title.in_(some), Item.state != "stub"
            )
        )
        found.update(title for item_id, title in rows if title and item_id not in items)
    return found


def _captures(session: Session, plan: TakedownPlan, source_id: int | None) -> list[Capture]:
    if source_id is not None:
        return list(session.scalars(select(Capture).where(Capture.source_id == source_id)))
    found: dict[int, Capture] = {}
    for some in chunked(plan.items, 1_000):
        made_of = select(Revision.capture_id).where(Revision.item_id.in_(some))
        found.update(
            (c.id, c)
            for c in session.scalars(
                select(Capture).where(or_(Capture.id.in_(made_of), Capture.refers_to.in_(made_of)))
            )
        )
    for part in chunked(sorted(plan.keys), 1_000):
        # In every source: a URL may have been met from several.
        found.update(
            (c.id, c) for c in session.scalars(select(Capture).where(Capture.key.in_(part)))
        )
    return list(found.values())


def _plan_media(session: Session, plan: TakedownPlan) -> None:
    """Plan media that no other item shows, and files that no other URL has."""
    own: set[int] = set()
    shared: set[int] = set()
    for some in chunked(plan.items, 1_000):
        own.update(
            session.scalars(select(ArticleMedia.media_id).where(ArticleMedia.item_id.in_(some)))
        )
    items = set(plan.items)
    for part in chunked(sorted(own), 1_000):
        rows = session.execute(
            select(ArticleMedia.media_id, ArticleMedia.item_id).where(
                ArticleMedia.media_id.in_(part)
            )
        )
        shared.update(media_id for media_id, item_id in rows if item_id not in items)
    plan.media = sorted(own - shared)
    going = set(plan.media)
    for part in chunked(plan.media, 1_000):
        stored = select(Media.digest).where(Media.id.in_(part), Media.path.is_not(None))
        digests = set(session.scalars(stored))
        # A file has one digest, and every address that led to it has that.
        held = session.execute(select(Media.id, Media.path).where(Media.digest.in_(digests))).all()
        paths = {path for _, path in held if path is not None}
        plan.paths += sorted(paths - {path for number, path in held if number not in going})
    plan.paths = list(dict.fromkeys(plan.paths))


def _dictionaries_with(
    database: Database, session: Session, captures: Sequence[Capture], source_id: int | None
) -> list[str]:
    """Return the dictionaries that may hold erased pages: those of the sources' files."""
    sources = {c.source_id for c in captures} | ({source_id} if source_id is not None else set())
    files = session.scalars(
        select(Capture.file)
        .distinct()
        .where(Capture.source_id.in_(sources), Capture.file.endswith(warc.ZSTD_SUFFIX))
    )
    names = {dictionaries.dictionary_name(file) for file in files}
    folder = database.location.captures / DICTIONARIES
    found = []
    for name in sorted(names):
        try:
            held = dictionaries.read_dictionary(folder, name)
        except CaptureUnreadable:
            continue
        if source_id is not None or any(_holds(database, held, c) for c in captures):
            found.append(name)
    return found


def _holds(database: Database, dictionary: bytes, capture: Capture) -> bool:
    """Return whether a dictionary contains a page, whole or in part."""
    if capture.kind != "response":
        return False
    try:
        body = read_capture(database, capture)
    except CaptureUnreadable:
        return False
    # A page's middle is its own; template stands at both ends.
    middle = len(body) // 2
    pieces = [body[at : at + 120] for at in range(middle // 2, middle + middle // 2, 1_000)]
    return sum(piece in dictionary for piece in pieces) * 2 > len(pieces)
