"""A fetched page with what the archive knows it by: addresses, identity, what is derived of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from storage.ingest.derived import Deriving
from storage.ingest.identity import identity_of, keys_of
from storage.text.urls import guid_key, is_web_url, url_key
from storage.types import rights
from storage.types.content import Article, Entry

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from storage.types.endpoints import ItemKind
    from storage.types.pages import DerivedFrom, Origin, PageStored, Task


@dataclass(slots=True)
class ExtractedPage:
    """What an extractor made of a page, with what is derived from it once.

    ``done`` is what another process derived of it before.
    """

    content: Article | Entry
    extractor: str
    origin: Origin = "crawl"
    rights: Sequence[str] = ()
    # When an imported page was fetched: it was seen then, whenever it is imported.
    fetched_at: datetime | None = None
    done: DerivedFrom | None = None
    derived: Deriving = field(init=False)

    def __post_init__(self) -> None:
        """Go on from what was derived before."""
        self.derived = Deriving(self.content, self.done)

    @property
    def article(self) -> Article:
        """The content where it is an article's."""
        if not isinstance(self.content, Article):
            raise TypeError(f"{self.content.name} is no article")
        return self.content

    @property
    def is_searchable(self) -> bool:
        """Whether it may be found by its words."""
        return rights.HIDDEN not in self.rights


@dataclass(slots=True)
class StoredPage:
    """A page to be stored, with the addresses and the identity that it claims.

    Matching may give it another identity: where its canonical URL names another article.
    """

    outcome: PageStored
    kind: ItemKind
    identity: str
    # The keys of the URLs on the way to the page; the last one is its own.
    keys: list[str]
    # Those URLs, and the canonical one.
    urls: list[str]
    extracted: ExtractedPage
    # The key under which the feed's own id of the page is kept among its addresses.
    guid: str | None = None

    @classmethod
    def of(cls, outcome: PageStored) -> StoredPage:
        """Derive addresses and identity from an outcome."""
        content = outcome.content
        urls = list(outcome.urls)
        identity = identity_of(content, urls[-1])
        keys = keys_of(urls)
        if content.canonical_url:
            urls.append(content.canonical_url)
        extracted = ExtractedPage(
            content,
            outcome.extractor,
            outcome.origin,
            rights.stored_reservations(outcome.capture.rights),
            outcome.capture.fetched_at if outcome.origin == "import" else None,
            outcome.derived,
        )
        kind: ItemKind = "entry" if isinstance(content, Entry) else "article"
        return cls(outcome, kind, identity, keys, urls, extracted, _guid_key(outcome.task))

    @property
    def task(self) -> Task:
        """What was to be fetched."""
        return self.outcome.task

    @property
    def address(self) -> str:
        """The last URL on the way to the page."""
        return self.outcome.urls[-1]

    @property
    def title(self) -> str:
        """Its headline or name."""
        content = self.outcome.content
        return content.headline if isinstance(content, Article) else content.name

    @property
    def all_keys(self) -> list[str]:
        """The keys of all its addresses: on the way to it, announced, canonical."""
        return [*self.keys, url_key(self.task.url), *keys_of(self.urls)]

    @property
    def own_identity(self) -> str:
        """The identity that its own address gives it."""
        return f"url:{self.keys[-1]}"

    def forget_canonical(self) -> None:
        """Take the page for what its own address says, not for what its canonical URL names."""
        self.urls = list(self.outcome.urls)


def _guid_key(task: Task) -> str | None:
    """The key of a feed's id that is more than the page's address; ``None`` where it is not."""
    guid = task.hints.get("guid")
    if not isinstance(guid, str) or not guid.strip():
        return None
    guid = guid.strip()
    if is_web_url(guid) and url_key(guid) == url_key(task.url):
        return None
    return guid_key(guid)
