"""Reading an endpoint of whatever kind: bytes in, announcements out. Pure."""

from __future__ import annotations

from dataclasses import replace

from crawler.discovery.feeds import parse_feed
from crawler.discovery.links import is_page, same_site
from crawler.discovery.listings import parse_listing
from crawler.discovery.sitemaps import parse_sitemap
from crawler.items import EndpointContent
from storage.records import FoundEndpoint, Wishes


def read_endpoint(kind: str, body: bytes, url: str, content_type: str = "") -> EndpointContent:
    """Read an endpoint of ``kind`` (``feed``, ``sitemap``, ``listing``) that came from ``url``.

    Raises:
        DiscoveryError: it is something else.
        BadPage: a listing that is no page.
    """
    if kind == "feed":
        feed = parse_feed(body, url, content_type)
        wishes = replace(feed.wishes, entries=len(feed.announcements))
        return EndpointContent(feed.title, feed.language, feed.announcements, wishes=wishes)
    if kind == "listing":
        listing = parse_listing(body, url, content_type)
        return EndpointContent(listing.title, listing.language, listing.articles)
    return _sitemap(body, url)


def _sitemap(body: bytes, url: str) -> EndpointContent:
    sitemap = parse_sitemap(body, url)
    # The protocol lets a sitemap speak for its own host only.
    pages = tuple(a for a in sitemap.announcements if same_site(a.url, url) and is_page(a.url))
    children = tuple(
        FoundEndpoint(child.url, "sitemap", indexed=True, announced_at=child.changed)
        for child in sitemap.children
        if same_site(child.url, url)
    )
    notes = []
    left = len(sitemap.announcements) - len(pages)
    if left:
        notes.append(f"{left} URLs are of other sites or no pages of articles")
    if sitemap.skipped:
        notes.append(f"{sitemap.skipped} entries have no usable URL")
    if sitemap.cut:
        notes.append(f"read only in part: {sitemap.cut}")
    # An archive's sitemap holds all there ever was: nothing scrolls out of it.
    wishes = Wishes(usual_minutes=sitemap.usual_minutes)
    return EndpointContent(
        announcements=pages, children=children, note="; ".join(notes), wishes=wishes
    )
