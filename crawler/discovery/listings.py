"""Parse listing pages: article links and section pages of a home or section page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crawler.extraction.linked.link_rules import LinkKind, classify, same_site
from crawler.extraction.page.parse import parse_html
from storage.text.urls import resolve_url, url_key
from storage.types.endpoints import Announcement

MAX_LINKS = 2_000


@dataclass(frozen=True, slots=True)
class Listing:
    """The links of a listing page to its own site."""

    title: str | None
    language: str | None
    articles: tuple[Announcement, ...]
    sections: tuple[str, ...]


def parse_listing(body: bytes, url: str, content_type: str = "") -> Listing:
    """Parse the links of a listing page that came from ``url``."""
    page = parse_html(body, url, content_type)
    found: dict[str, tuple[str, str, LinkKind]] = {}
    for count, anchor in enumerate(page.root.iter("a")):
        if count >= MAX_LINKS:
            break
        link = _link_url(anchor, page.base_url)
        if link is None or not same_site(link, url) or url_key(link) == url_key(url):
            continue
        words = " ".join("".join(anchor.itertext()).split()) or (anchor.get("title") or "")
        kind = classify(link, words)
        key = url_key(link)
        known = found.get(key)
        # The longest words of all links to one URL tell most: pictures link there too.
        if known is None or len(words) > len(known[1]):
            best = "article" if kind == "article" or (known and known[2] == "article") else kind
            found[key] = (link, words, best)
    articles = tuple(
        Announcement(url=link, hints={"headline": words} if _is_headline(words) else {})
        for link, words, kind in found.values()
        if kind == "article"
    )
    sections = tuple(link for link, words, kind in found.values() if kind == "section" and words)
    return Listing(page.title, page.language, articles, sections)


def _link_url(anchor: Any, base: str) -> str | None:
    href = (anchor.get("href") or "").strip()
    if not href or href.startswith(("#", "javascript:", "mailto:", "tel:", "data:")):
        return None
    return resolve_url(base, href)


def _is_headline(words: str) -> bool:
    return 3 <= len(words.split()) <= 40
