"""Read an endpoint of any kind: bytes in, announcements out. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from crawler.discovery.feeds import parse_feed
from crawler.discovery.listings import parse_listing
from crawler.discovery.sitemaps import parse_sitemap
from crawler.extraction.linked.link_rules import is_page, same_site
from crawler.items import EndpointContent
from storage.types.endpoints import FoundEndpoint, PollingHints

if TYPE_CHECKING:
    from collections import Counter


def read_endpoint(kind: str, body: bytes, url: str, content_type: str = "") -> EndpointContent:
    """Read an endpoint of ``kind`` (``feed``, ``sitemap``, ``listing``) that came from ``url``.

    Raises:
        DiscoveryError: it is something else.
        BadPage: a listing that is no page.
    """
    if kind == "feed":
        feed = parse_feed(body, url, content_type)
        hints = replace(feed.polling_hints, entries=len(feed.announcements))
        return EndpointContent(
            feed.title,
            feed.language,
            feed.announcements,
            polling_hints=hints,
            skipped=feed.skipped,
            note=_note(feed.skipped, feed.cut),
        )
    if kind == "listing":
        listing = parse_listing(body, url, content_type)
        return EndpointContent(listing.title, listing.language, listing.articles)
    return _sitemap(body, url, content_type)


# What each cause of a skip means to a reader of the log.
_MEANING = {
    "announcement-url": "entries without a usable URL",
    "announcement-timestamp": "timestamps that are not understood",
    "announcement-malformed": "entries that are none",
}


def _note(skipped: Counter[str], cut: str | None, first: str = "") -> str:
    """Describe what was left out of an endpoint, and why."""
    notes = [first] if first else []
    notes += [f"{number} {_MEANING[cause]}" for cause, number in sorted(skipped.items())]
    notes += [f"read only in part: {cut}"] if cut else []
    return "; ".join(notes)


def _sitemap(body: bytes, url: str, content_type: str) -> EndpointContent:
    sitemap = parse_sitemap(body, url, content_type)
    # The protocol lets a sitemap speak for its own host only.
    pages = tuple(a for a in sitemap.announcements if same_site(a.url, url) and is_page(a.url))
    children = tuple(
        FoundEndpoint(child.url, "sitemap", indexed=True, announced_at=child.changed)
        for child in sitemap.children
        if same_site(child.url, url)
    )
    left = len(sitemap.announcements) - len(pages)
    first = f"{left} URLs are of other sites or no pages of articles" if left else ""
    # An archive's sitemap holds all there ever was: nothing scrolls out of it.
    hints = PollingHints(usual_minutes=sitemap.usual_minutes)
    return EndpointContent(
        announcements=pages,
        children=children,
        polling_hints=hints,
        skipped=sitemap.skipped,
        note=_note(sitemap.skipped, sitemap.cut, first),
    )
