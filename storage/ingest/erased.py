"""Looks up which values of a batch were erased by a takedown, so that they are not stored again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from storage.crawl import tombstones
from storage.database.engine import chunked

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Erased:
    """The erased values among those of a batch, by kind of tombstone.

    ``address`` grows with the URLs at which an erased page appears again.
    """

    home: str
    address: set[str]
    identity: set[str]
    text: set[str]
    title: set[str]
    media: set[str]

    def announced(self, hints: Mapping[str, Mapping[str, Any]]) -> set[str]:
        """Return the URL keys whose announcement refers to something erased."""
        return {
            key
            for key, said in hints.items()
            if not self.address.isdisjoint([key, *tombstones.keys_of_guid(said.get("guid"))])
            or self._titles([said.get("headline")])
        }

    def of_page(
        self, keys: Iterable[str], kind: str, identity: str, digest: str, title: str
    ) -> list[tuple[str, str]]:
        """Return the erased values of a page: (kind, value)."""
        named = f"{self.home} {kind} {identity}"
        return [
            *(("address", key) for key in dict.fromkeys(keys) if key in self.address),
            *(("identity", value) for value in (named,) if value in self.identity),
            *(("text", value) for value in (digest,) if value in self.text),
            *(("title", value) for value in self._titles([title])),
        ]

    def _titles(self, titles: Iterable[Any]) -> list[str]:
        values = (
            f"{self.home} {words}" for words in tombstones.distinctive_titles(titles).values()
        )
        return [value for value in values if value in self.title]


@dataclass(frozen=True, slots=True)
class Shown:
    """The values of a batch of pages that may have been erased."""

    # Keys of URLs and GUIDs, (kind, identity) of pages, text digests, headlines, URLs of media.
    keys: set[str]
    identities: set[tuple[str, str]]
    digests: set[str]
    titles: set[str]
    media: set[str]


def erased_of(connection: Connection, source_id: int, shown: Shown) -> Erased | None:
    """Return the erased values among ``shown``; ``None`` if the archive has no tombstones."""
    if not tombstones.any_exist(connection):
        return None
    home = tombstones.home_key(connection, source_id)
    values: dict[str, Iterable[str]] = {
        "address": shown.keys,
        "identity": (f"{home} {kind} {identity}" for kind, identity in shown.identities),
        "text": shown.digests,
        "title": (
            f"{home} {words}" for words in tombstones.distinctive_titles(shown.titles).values()
        ),
        "media": shown.media,
    }
    found: dict[str, set[str]] = {}
    for kind, some in values.items():
        found[kind] = set()
        for part in chunked(sorted(some)):
            found[kind] |= tombstones.find_erased(connection, kind, part)
    return Erased(home, **found)
