"""Resolve host names to public addresses only: the last check before a connection.

Every connection of every entry point (pages, robots.txt, feeds, redirects) resolves its host
here, literals too, so a name that changes its answer between check and use gains nothing.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from scrapy.resolver import CachingHostnameResolver, dnscache
from twisted.internet.interfaces import IHostnameResolver, IResolutionReceiver
from zope.interface import implementer, provider

from crawler.http.ip_policy import is_public, private_allowed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrapy.crawler import Crawler
    from twisted.internet.base import ReactorBase

CACHE_SECONDS = 600
# Hosts that were refused, so that the failed request can say why it failed.
refused_hosts: set[str] = set()


@provider(IResolutionReceiver)
class _PublicAddressFilter:
    """Forwards public addresses and drops the rest."""

    def __init__(self, receiver: Any, host: str) -> None:
        self._receiver = receiver
        self._host = host

    def resolutionBegan(self, resolution: Any) -> None:
        """Forward the event."""
        self._receiver.resolutionBegan(resolution)

    def addressResolved(self, address: Any) -> None:
        """Forward a public address."""
        if private_allowed() or is_public(getattr(address, "host", "")):
            self._receiver.addressResolved(address)
        else:
            refused_hosts.add(self._host)

    def resolutionComplete(self) -> None:
        """Forward the event."""
        self._receiver.resolutionComplete()


@implementer(IHostnameResolver)
class GuardedResolver:
    """Scrapy's caching resolver behind an address filter."""

    def __init__(self, reactor: ReactorBase, cache_size: int) -> None:
        self._reactor = reactor
        self._cache_started_at = time.monotonic()
        self._inner = CachingHostnameResolver(reactor, cache_size)

    @classmethod
    def from_crawler(cls, crawler: Crawler, reactor: ReactorBase) -> GuardedResolver:
        """Create the resolver for Scrapy."""
        return cls(reactor, crawler.settings.getint("DNSCACHE_SIZE"))

    def install_on_reactor(self) -> None:
        """Make the reactor resolve names through this resolver."""
        self._reactor.installNameResolver(self)  # type: ignore[arg-type]  # implements it

    def resolveHostName(
        self,
        resolutionReceiver: Any,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Sequence[Any] | None = None,
        transportSemantics: str = "TCP",
    ) -> Any:
        """Resolve ``hostName``; private IP addresses are dropped."""
        now = time.monotonic()
        if now - self._cache_started_at > CACHE_SECONDS:
            # The library keeps answers for ever, and a process that runs for years would ask a
            # host that moved at its old address for ever.
            dnscache.clear()
            self._cache_started_at = now
        public_only = _PublicAddressFilter(resolutionReceiver, hostName)
        return self._inner.resolveHostName(
            public_only,  # type: ignore[arg-type]  # provides it
            hostName,
            portNumber,
            addressTypes,
            transportSemantics,
        )
