"""Choose the URLs that identify a page's item."""

from __future__ import annotations

import dataclasses
from typing import Any

from storage.text.urls import is_web_url, url_key
from storage.types.pages import PageStored


class IdentifyPipeline:
    """Keeps the usable URLs of a page, and drops a canonical URL that many pages claim.

    A template that names one canonical for all its pages (a section, a paywall) would make one
    article of them. The second page with another headline shows it; the first is told apart by
    the archive (``storage.ingest.decide.matching.is_other_article``).
    """

    def __init__(self) -> None:
        self._claimed: dict[str, str] = {}

    def process_item(self, item: Any) -> Any:
        """Choose the URLs of an extracted page."""
        if not isinstance(item, PageStored):
            return item
        urls = tuple(dict.fromkeys(url for url in item.urls if is_web_url(url)))
        content = item.content
        canonical = content.canonical_url
        if canonical is not None and not self._sound(canonical, _title(content), urls):
            content = dataclasses.replace(content, canonical_url=None)
        return dataclasses.replace(item, urls=urls or item.urls, content=content)

    def _sound(self, canonical: str, title: str, urls: tuple[str, ...]) -> bool:
        if not is_web_url(canonical):
            return False
        key = url_key(canonical)
        if key in {url_key(url) for url in urls}:
            return True
        return self._claimed.setdefault(key, title) == title


def _title(content: Any) -> str:
    return str(getattr(content, "headline", None) or getattr(content, "name", ""))
