"""Which linked items of a page are fetched in their turn. A pure decision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.discovery.links import same_site
from storage.records import Announcement

if TYPE_CHECKING:
    from storage.content import Article, Entry, Link

_FOLLOWED = ("related", "entry")


def to_follow(
    content: Article | Entry, page_url: str, depth: int, limit: int
) -> tuple[Announcement, ...]:
    """Announcements for the related articles and directory entries that ``content`` links to.

    ``depth`` is how far the page itself lies from an endpoint, ``limit`` how far may be gone.
    """
    if depth >= limit:
        return ()
    return tuple(
        _announcement(link, depth + 1)
        for link in content.links
        if link.relation in _FOLLOWED and same_site(link.url, page_url)
    )


def _announcement(link: Link, depth: int) -> Announcement:
    return Announcement(
        url=link.url,
        kind="entry" if link.relation == "entry" else "article",
        depth=depth,
        hints={"headline": link.anchor} if link.anchor else {},
    )
