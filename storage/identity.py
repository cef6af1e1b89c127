"""Which item a page belongs to: one row an item, whatever address or order it comes by."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import TYPE_CHECKING

from sqlalchemy import delete, select, update

from storage.addresses import url_key
from storage.database import insert_ignore
from storage.models import Address, Article, Candidate, Item, Link, Mention

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from storage.content import Article as ArticleContent
    from storage.content import Entry
    from storage.records import ItemKind

# Shorter texts are alike by chance: "No comment." is no duplicate of "No comment.".
DUPLICATE_WORDS = 20
# A page that shares less than this of its words' sequence with the item that its canonical URL
# names, under another headline, is another article behind a careless template.
_SAME_ARTICLE = 0.2


def words_of(text: str) -> list[str]:
    """The words of ``text``, folded so that case, width and punctuation do not count."""
    return re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold())


def text_digest(text: str) -> str:
    """SHA-256 (hex) of the folded words of ``text``."""
    return hashlib.sha256(" ".join(words_of(text)).encode("utf-8", "surrogatepass")).hexdigest()


def identity_of(content: ArticleContent | Entry, url: str) -> str:
    """The identity within source and kind: the site's own number, else the canonical URL's key."""
    if content.number:
        return f"number:{content.number}"
    return f"url:{url_key(content.canonical_url or url)}"


def keys_of(urls: Iterable[str]) -> list[str]:
    """The distinct keys of ``urls`` in their order."""
    return list(dict.fromkeys(url_key(url) for url in urls))


def likeness(one: str, other: str) -> float:
    """Share of 3-word shingles that two texts have in common (Jaccard, 0 to 1)."""
    first, second = _shingles(one), _shingles(other)
    union = len(first | second)
    return len(first & second) / union if union else 1.0


def _shingles(text: str) -> set[tuple[str, ...]]:
    words = words_of(text)
    return {tuple(words[i : i + 3]) for i in range(max(1, len(words) - 2))} if words else set()


def find_item(
    session: Session, source_id: int, kind: ItemKind, identity: str, keys: Sequence[str]
) -> Item | None:
    """The item under ``identity``, else the one that was met at any of ``keys``."""
    item = session.scalar(
        select(Item).where(
            Item.source_id == source_id, Item.kind == kind, Item.identity == identity
        )
    )
    if item is not None:
        return item
    return session.scalar(
        select(Item)
        .join(Address, Address.item_id == Item.id)
        .where(Address.source_id == source_id, Address.key.in_(keys))
        .order_by(Item.state == "stub", Item.id)
        .limit(1)
    )


def find_same_text(
    session: Session, source_id: int, content: ArticleContent, digest: str
) -> Item | None:
    """An article of the source with the very same words under the same headline."""
    if len(words_of(content.text)) < DUPLICATE_WORDS:
        return None
    rows = session.execute(
        select(Item, Article.headline)
        .join(Article, Article.item_id == Item.id)
        .where(Item.source_id == source_id, Article.text_digest == digest)
        .order_by(Item.id)
    )
    wanted = words_of(content.headline)
    return next((item for item, headline in rows if words_of(headline) == wanted), None)


def is_other_article(
    session: Session, item: Item, content: ArticleContent, keys: Sequence[str]
) -> bool:
    """Whether ``content`` cannot be a revision of ``item``: other address, headline and text."""
    stored = session.get(Article, item.id)
    if stored is None or words_of(stored.headline) == words_of(content.headline):
        return False
    met_here = session.scalar(
        select(Address.id).where(Address.item_id == item.id, Address.key.in_(keys)).limit(1)
    )
    return met_here is None and likeness(stored.text, content.text) < _SAME_ARTICLE


def create_item(
    session: Session, source_id: int, kind: ItemKind, identity: str, url: str, now: datetime
) -> Item:
    """The item under ``identity``, made now if no other writer was faster."""
    insert_ignore(
        session,
        Item,
        [
            {
                "source_id": source_id, "kind": kind, "identity": identity, "url": url,
                "state": "stub", "first_seen_at": now, "last_seen_at": now,
            }
        ],
    )  # fmt: skip
    return session.scalars(
        select(Item).where(
            Item.source_id == source_id, Item.kind == kind, Item.identity == identity
        )
    ).one()


def add_addresses(session: Session, item: Item, urls: Iterable[str], now: datetime) -> None:
    """Let every one of ``urls`` lead to ``item``; stubs that lay there become part of it."""
    by_key: dict[str, str] = {}
    for url in urls:
        by_key.setdefault(url_key(url), url)
    rows = session.execute(
        select(Address, Item)
        .join(Item, Item.id == Address.item_id)
        .where(Address.source_id == item.source_id, Address.key.in_(list(by_key)))
    )
    for _, other in list(rows):
        if other.id != item.id and other.state == "stub":
            _absorb(session, item, other)
    insert_ignore(
        session,
        Address,
        [
            {"source_id": item.source_id, "key": key, "url": url, "item_id": item.id,
             "first_seen_at": now}
            for key, url in by_key.items()
        ],
    )  # fmt: skip
    keys = list(by_key)
    if item.state != "stub":
        session.execute(
            update(Candidate)
            .where(
                Candidate.source_id == item.source_id,
                Candidate.key.in_(keys),
                Candidate.state == "pending",
            )
            .values(state="done", settled_at=now)
        )
        session.execute(
            update(Link)
            .where(Link.key.in_(keys), Link.target_id.is_(None), Link.item_id != item.id)
            .values(target_id=item.id)
        )


def _absorb(session: Session, item: Item, stub: Item) -> None:
    session.execute(update(Link).where(Link.target_id == stub.id).values(target_id=item.id))
    session.execute(update(Mention).where(Mention.entry_id == stub.id).values(entry_id=item.id))
    session.execute(update(Address).where(Address.item_id == stub.id).values(item_id=item.id))
    item.teaser = item.teaser or stub.teaser
    item.first_seen_at = min(item.first_seen_at, stub.first_seen_at)
    session.flush()
    session.execute(delete(Item).where(Item.id == stub.id))
    session.expunge(stub)
