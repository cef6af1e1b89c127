"""Errors of discovery: each names the URL and the reason."""

from __future__ import annotations


class DiscoveryError(ValueError):
    """The content at ``url`` is not what was expected."""

    what = "not readable"

    def __init__(self, url: str, reason: str) -> None:
        self.url = url
        self.reason = reason
        super().__init__(url, reason)

    def __str__(self) -> str:
        """Return one line: what, where, why."""
        return f"{self.url} is {self.what}: {self.reason}"


class NotAFeed(DiscoveryError):
    """The bytes hold no feed."""

    what = "not a feed"


class NotASitemap(DiscoveryError):
    """The bytes hold no sitemap."""

    what = "not a sitemap"
