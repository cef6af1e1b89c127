"""A fetched page with its URLs, its identity, and the data derived from its text."""

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
    """The content of a page, with the data derived from it once.

    ``done`` is what another process already derived.
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
        """Reuse what was derived already."""
        self.derived = Deriving(self.content, self.done)

    @property
    def article(self) -> Article:
        """Return the content of an article."""
        if not isinstance(self.content, Article):
            raise TypeError(f"{self.content.name} is no article")
        return self.content

    @property
    def is_searchable(self) -> bool:
        """Return whether searches may find it."""
        return rights.HIDDEN not in self.rights


@dataclass(slots=True)
class StoredPage:
    """A page to store, with the URLs and the identity that it claims.

    Matching changes the identity if the canonical URL belongs to another article.
    """

    outcome: PageStored
    kind: ItemKind
    identity: str
    # The keys of the URLs on the way to the page; the last one is its own.
    keys: list[str]
    # Those URLs, and the canonical one.
    urls: list[str]
    extracted: ExtractedPage
    # The key under which the feed's own id of the page is kept among its URLs.
    guid: str | None = None

    @classmethod
    def of(cls, outcome: PageStored) -> StoredPage:
        """Derive URLs and identity from an outcome."""
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
        """Return the task that fetched the page."""
        return self.outcome.task

    @property
    def address(self) -> str:
        """The last URL on the way to the page."""
        return self.outcome.urls[-1]

    @property
    def title(self) -> str:
        """Return the headline or name."""
        content = self.outcome.content
        return content.headline if isinstance(content, Article) else content.name

    @property
    def all_keys(self) -> list[str]:
        """Return the keys of all its URLs: redirects, announced, canonical."""
        return [*self.keys, url_key(self.task.url), *keys_of(self.urls)]

    @property
    def own_identity(self) -> str:
        """Return the identity by the fetched URL."""
        return f"url:{self.keys[-1]}"

    def forget_canonical(self) -> None:
        """Ignore the canonical URL: the fetched URL identifies the page."""
        self.urls = list(self.outcome.urls)


def _guid_key(task: Task) -> str | None:
    """Return the key of the feed's id; ``None`` if it is missing or is the page's URL."""
    guid = task.hints.get("guid")
    if not isinstance(guid, str) or not guid.strip():
        return None
    guid = guid.strip()
    if is_web_url(guid) and url_key(guid) == url_key(task.url):
        return None
    return guid_key(guid)
