"""Reads all that one batch may concern, in a fixed number of queries per batch.

First the items that its pages may be (by URL, identity and words), then the stored state of those
items, then the link targets of pages with new content.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select

from storage.crawl import tombstones
from storage.database.engine import chunked
from storage.ingest.decide.pointers import STUB_RELATIONS, links_of, stub_identity
from storage.ingest.decide.revisions import changes_nothing
from storage.ingest.erased import Shown, erased_of
from storage.ingest.identity import DUPLICATE_WORDS, keys_of
from storage.ingest.known import (
    Known,
    KnownArticle,
    KnownCandidate,
    KnownItem,
    KnownRevision,
    Twin,
    WaitingLink,
    WallEvent,
)
from storage.ingest.page import StoredPage
from storage.models import Address, Article, Candidate, DirectoryEntry, Event, Item, Link, Revision
from storage.text.urls import is_web_url, url_key
from storage.types.content import Article as ArticleContent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import Connection

    from storage.types.content import Entry
    from storage.types.pages import PageFailed, PageSkipped, PageUnchanged

    Decided = StoredPage | PageUnchanged | PageSkipped | PageFailed

_SOME: Any = bindparam("some", expanding=True)
_ITEM = (
    Item.id,
    Item.kind,
    Item.state,
    Item.identity,
    Item.url,
    Item.number,
    Item.title,
    Item.teaser,
    Item.first_seen_at,
)
_AT = (
    select(Address.key, *_ITEM)
    .join(Item, Item.id == Address.item_id)
    .where(Address.source_id == bindparam("source"), Address.key.in_(_SOME))
)
_NAMED = select(*_ITEM).where(
    Item.source_id == bindparam("source"),
    Item.kind == bindparam("kind"),
    Item.identity.in_(_SOME),
)
# The source is looked at in a second query: without statistics SQLite would walk through all of
# its items rather than look up the few that are named.
_TEXTS = select(Article.text_digest, Article.item_id, Article.headline).where(
    Article.text_digest.in_(_SOME)
)
_ITEMS = select(Item.source_id, *_ITEM).where(Item.id.in_(_SOME))
_HELD = (
    select(
        Item.id,
        DirectoryEntry.item_id,
        Article.headline,
        Article.first_fetched_at,
        Article.checked_at,
        Article.next_check_at,
        Article.capture_id,
        Article.revision,
        Article.rights,
        Article.search_key,
    )
    .outerjoin(Article, Article.item_id == Item.id)
    .outerjoin(DirectoryEntry, DirectoryEntry.item_id == Item.id)
    .where(Item.id.in_(_SOME))
)
_REVISIONS = (
    select(
        Revision.item_id,
        Revision.number,
        Revision.content,
        Revision.delta,
        Revision.seen_at,
        Revision.capture_id,
        Revision.extractor,
        Revision.origin,
    )
    .where(Revision.item_id.in_(_SOME))
    .order_by(Revision.item_id, Revision.number)
)
_WALLS = (
    select(Event.item_id, Event.at, Event.kind, Event.detail)
    .where(Event.item_id.in_(_SOME), Event.kind.in_(("teaser", "full")))
    .order_by(Event.at, Event.id)
)
_CANDIDATE = (
    Candidate.id,
    Candidate.key,
    Candidate.state,
    Candidate.attempts,
    Candidate.cause,
    Candidate.detail,
    Candidate.settled_at,
    Candidate.modified_at,
    Candidate.published_at,
    Candidate.hints,
)
_CANDIDATES = select(*_CANDIDATE).where(
    Candidate.source_id == bindparam("source"), Candidate.key.in_(_SOME)
)
_TASKS = select(*_CANDIDATE).where(Candidate.id.in_(_SOME))
_WAITING = select(Link.key, Link.id, Link.item_id).where(
    Link.key.in_(_SOME), Link.target_id.is_(None)
)


def lookup(connection: Connection, source_id: int, outcomes: Sequence[Decided]) -> Known:
    """Read the stored state that a batch of outcomes may concern."""
    look = _Lookup(connection, source_id)
    pages = [one for one in outcomes if isinstance(one, StoredPage)]
    known = look.known
    if tombstones.any_exist(connection):
        known.erased = erased_of(connection, source_id, _shown(pages))
    followed = {url_key(said.url) for page in pages for said in page.outcome.follow}
    own = {key for page in pages for key in keys_of(page.urls)}
    look.addresses(own | followed | {page.guid for page in pages if page.guid is not None})
    look.identities(
        (page.kind, name) for page in pages for name in (page.identity, page.own_identity)
    )
    look.texts(page for page in pages if page.kind == "article")
    tasks = {one.task.item_id for one in outcomes if one.task.item_id is not None}
    look.items(tasks)
    met = [_candidates(known, page) for page in pages]
    look.held(tasks | {item.id for some in met for item in some})
    look.histories({item.id for some in met for item in some if item.state != "stub"})
    look.candidates(own | followed, [one.task.candidate_id for one in outcomes])
    look.waiting(
        key
        for page in pages
        if any(key not in known.at for key in keys_of(page.urls))
        for key in keys_of(page.urls)
    )
    shared = Counter(item.id for some in met for item in some)
    look.pointed(
        page.outcome.content
        for page, some in zip(pages, met, strict=True)
        if not _says_nothing_new(page, some, shared)
    )
    return known


def lookup_items(
    connection: Connection,
    source_id: int,
    ids: Iterable[int],
    contents: Iterable[ArticleContent | Entry],
) -> Known:
    """Read the stored state of the items ``ids``, for which ``contents`` may be written."""
    look = _Lookup(connection, source_id)
    wanted = set(ids)
    some = list(contents)
    if tombstones.any_exist(connection):
        look.known.erased = erased_of(connection, source_id, _shown_by(some))
    look.items(wanted)
    look.held(wanted)
    look.histories(wanted)
    look.pointed(some)
    return look.known


def lookup_pointed(
    connection: Connection, source_id: int, known: Known, contents: Iterable[ArticleContent | Entry]
) -> None:
    """Add the link targets of further contents to ``known``."""
    some = list(contents)
    if known.erased is not None:
        known.erased = erased_of(connection, source_id, _shown_by(some))
    look = _Lookup(connection, source_id, known)
    look.pointed(some)


def _candidates(known: Known, page: StoredPage) -> list[KnownItem]:
    """The items that a page may belong to."""
    keys = keys_of(page.urls) if page.guid is None else [*keys_of(page.urls), page.guid]
    names = [(page.kind, page.identity), (page.kind, page.own_identity)]
    found = [known.at.get(key) for key in keys]
    found += [known.named.get(name) for name in names]
    if page.kind == "article":
        twins = known.texts.get(page.extracted.derived.digest, ())
        found += [known.items[twin.item_id] for twin in twins]
    return list({item.id: item for item in found if item is not None}.values())


def _says_nothing_new(page: StoredPage, met: Sequence[KnownItem], shared: Counter[int]) -> bool:
    """Return whether nothing will be written of a page but that it was looked at."""
    if len(met) != 1 or shared[met[0].id] > 1:
        return False
    item = met[0]
    return (
        item.state != "stub"
        and item.kind == page.kind
        and page.task.item_id in (None, item.id)
        and changes_nothing(item, page.extracted)
    )


def _pointed_keys(
    content: ArticleContent | Entry, known: Known
) -> Iterator[tuple[str, str | None, str | None]]:
    """(key, kind, number) of what a content points to; no kind where nothing is made of it."""
    for link in links_of(known, content):
        stub = link.relation in STUB_RELATIONS
        kind = ("entry" if link.relation == "entry" else "article") if stub else None
        yield url_key(link.url), kind, link.number
    for mention in content.mentions if isinstance(content, ArticleContent) else ():
        if mention.url is not None and is_web_url(mention.url):
            yield url_key(mention.url), "entry", None


def _shown(pages: Sequence[StoredPage]) -> Shown:
    """What pages show that may have been erased by request."""
    shown = _shown_by([page.outcome.content for page in pages])
    for page in pages:
        guid = page.task.hints.get("guid")
        shown.keys.update(page.all_keys, tombstones.keys_of_guid(guid))
        shown.identities.add((page.kind, page.identity))
        shown.digests.add(page.extracted.derived.digest)
        shown.titles.add(page.title)
        for said in page.outcome.follow:
            guids = tombstones.keys_of_guid(said.hints.get("guid"))
            shown.keys.update([url_key(said.url), *guids])
            headline = said.hints.get("headline")
            if isinstance(headline, str):
                shown.titles.add(headline)
    return shown


def _shown_by(contents: Sequence[ArticleContent | Entry]) -> Shown:
    shown = Shown(set(), set(), set(), set(), set())
    for content in contents:
        links = [link for link in content.links if is_web_url(link.url)]
        shown.keys.update(url_key(link.url) for link in links)
        shown.titles.update(link.anchor for link in links if link.anchor)
        shown.media.update(one.url for one in content.media)
    return shown


@dataclass(slots=True)
class _Lookup:
    """The queries of one batch, each for all that is asked of it."""

    connection: Connection
    source_id: int
    known: Known = field(default_factory=Known)
    _asked: set[str] = field(default_factory=set)

    def _rows(self, statement: Any, some: Iterable[Any], **bound: Any) -> Iterator[Any]:
        for part in chunked(sorted(some)):
            yield from self.connection.execute(statement, {"some": part, **bound})

    def addresses(self, keys: Iterable[str]) -> None:
        """The items that keys lead to."""
        wanted = set(keys) - self._asked
        self._asked |= wanted
        for key, *columns in self._rows(_AT, wanted, source=self.source_id):
            self.known.at[key] = self.known.add(KnownItem(*columns))

    def identities(self, names: Iterable[tuple[str, str]]) -> None:
        """The items under (kind, identity)."""
        by_kind: dict[str, set[str]] = {}
        for kind, name in names:
            if (kind, name) not in self.known.named:
                by_kind.setdefault(kind, set()).add(name)
        for kind, some in by_kind.items():
            for columns in self._rows(_NAMED, some, source=self.source_id, kind=kind):
                self.known.add(KnownItem(*columns))

    def texts(self, pages: Iterable[StoredPage]) -> None:
        """The source's articles that have the words of one of ``pages``."""
        derived = [page.extracted.derived for page in pages]
        wanted = {one.digest for one in derived if one.word_count >= DUPLICATE_WORDS}
        rows = list(self._rows(_TEXTS, wanted))
        self.items({row.item_id for row in rows})
        self.known.texts = {digest: [] for digest in wanted}
        for digest, item_id, headline in sorted(rows, key=lambda row: row.item_id):
            if item_id in self.known.items:
                self.known.texts[digest].append(Twin(item_id, headline))

    def items(self, ids: set[int]) -> None:
        """Items of the source by their ids."""
        for owner, *columns in self._rows(_ITEMS, ids - self.known.items.keys()):
            if owner == self.source_id:
                self.known.add(KnownItem(*columns))

    def held(self, ids: set[int]) -> None:
        """What the current rows of items say."""
        for item_id, entry_id, headline, first, *article in self._rows(
            _HELD, ids & self.known.items.keys()
        ):
            item = self.known.items[item_id]
            item.has_entry = entry_id is not None
            if first is not None:
                checked, due, capture_id, revision, rights, key = article
                item.article = KnownArticle(
                    headline, first, checked, due, capture_id, revision, tuple(rights or ()), key
                )

    def histories(self, ids: set[int]) -> None:
        """The revisions of items, and whether a wall stands before them."""
        wanted = ids & self.known.items.keys()
        for item_id, *columns in self._rows(_REVISIONS, wanted):
            self.known.items[item_id].history.revisions.append(KnownRevision(*columns))
        for item_id, *columns in self._rows(_WALLS, wanted):
            self.known.items[item_id].wall = WallEvent(*columns)

    def candidates(self, keys: Iterable[str], ids: Iterable[int | None]) -> None:
        """The pages of the frontier at ``keys``, and those that were taken from it."""
        known = self.known
        for columns in self._rows(_CANDIDATES, keys, source=self.source_id):
            candidate = KnownCandidate(*columns)
            known.candidates[candidate.key] = known.tasks[candidate.id] = candidate
        wanted = {number for number in ids if number is not None} - known.tasks.keys()
        for columns in self._rows(_TASKS, wanted):
            candidate = KnownCandidate(*columns)
            known.candidates[candidate.key] = known.tasks[candidate.id] = candidate

    def waiting(self, keys: Iterable[str]) -> None:
        """The links that wait for an item at one of ``keys``."""
        wanted = set(keys) - self.known.waiting.keys()
        self.known.waiting.update((key, []) for key in wanted)
        for key, number, item_id in self._rows(_WAITING, wanted):
            self.known.waiting[key].append(WaitingLink(number, item_id))

    def pointed(self, contents: Iterable[ArticleContent | Entry]) -> None:
        """What contents point to: the items there, or that would be there under another URL."""
        pointed = [one for content in contents for one in _pointed_keys(content, self.known)]
        self.addresses(key for key, _, _ in pointed)
        stubs = [
            (key, kind, number)
            for key, kind, number in pointed
            if kind is not None and key not in self.known.at
        ]
        self.identities((kind, stub_identity(key, number)) for key, kind, number in stubs)
        self.waiting(key for key, _, _ in stubs)
