"""A fetched page with what the archive knows it by: addresses, identity, what is derived of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage.crawl import tombstones
from storage.ingest import identity
from storage.ingest.batch import Made
from storage.text.urls import guid_key, is_web_url, url_key
from storage.types import rights
from storage.types.content import Article, Entry

if TYPE_CHECKING:
    from storage.ingest.batch import Writing
    from storage.types.endpoints import ItemKind
    from storage.types.pages import PageStored, Task


@dataclass(slots=True)
class StoredPage:
    """A stored page with what is derived from it once."""

    outcome: PageStored
    kind: ItemKind
    identity: str
    keys: list[str]
    urls: list[str]
    made: Made
    # The key under which the feed's own id of the page is kept among its addresses.
    guid: str | None = None

    @classmethod
    def of(cls, outcome: PageStored) -> StoredPage:
        content = outcome.content
        urls = list(outcome.urls)
        named = identity.identity_of(content, urls[-1])
        keys = identity.keys_of(urls)
        if content.canonical_url:
            urls.append(content.canonical_url)
        made = Made(
            content, outcome.extractor, outcome.origin,
            rights.stored_reservations(outcome.capture.rights),
            outcome.capture.fetched_at if outcome.origin == "import" else None,
            outcome.derived,
        )  # fmt: skip
        kind: ItemKind = "entry" if isinstance(content, Entry) else "article"
        return cls(outcome, kind, named, keys, urls, made, _guid_key(outcome.task))

    @property
    def task(self) -> Task:
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
        return [*self.keys, url_key(self.task.url), *identity.keys_of(self.urls)]

    def forgotten(self, writing: Writing) -> list[tuple[str, str]]:
        """What of a page was erased by request, here or at another address: (kind, value)."""
        connection = writing.connection
        if not tombstones.any_exist(connection):
            return []
        named = tombstones.identity_value(connection, writing.source_id, self.kind, self.identity)
        titles = tombstones.title_values(connection, writing.source_id, [self.title])
        keys = [*self.all_keys, *tombstones.keys_of_guid(self.task.hints.get("guid"))]
        values = {
            "address": keys, "identity": [named], "text": [self.made.derived.digest],
            "title": [*titles.values()],
        }  # fmt: skip
        return [
            (kind, value) for kind, some in values.items()
            for value in tombstones.find_erased(connection, kind, some)
        ]  # fmt: skip


def _guid_key(task: Task) -> str | None:
    """The key of a feed's id that is more than the page's address; ``None`` where it is not."""
    guid = task.hints.get("guid")
    if not isinstance(guid, str) or not guid.strip():
        return None
    guid = guid.strip()
    if is_web_url(guid) and url_key(guid) == url_key(task.url):
        return None
    return guid_key(guid)
