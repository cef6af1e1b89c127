"""Scrapy's reactor and settings for an archive."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

# Scrapy imports it when the engine starts, and while it is imported reads the source of every
# frame on the stack: twice the time there, 40 frames deep in the running reactor.
import scrapy.core.downloader.contextfactory  # noqa: F401
from scrapy.utils.project import get_project_settings
from scrapy.utils.reactor import install_reactor

from crawler import settings as dateline_settings
from storage.text.urls import host_of
from storage.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from scrapy.settings import Settings

    from storage.config import Location


# Objects made before cycles are looked for among them, a dozen pages' worth; by default 700.
_NEW_OBJECTS = 5_000


def settings_for(
    location: Location, home_url: str | None = None, delay: float | None = None
) -> Settings:
    """Return Scrapy's settings for a crawl of ``home_url`` into the archive at ``location``."""
    settings: Settings = get_project_settings()
    if not settings.getlist("SPIDER_MODULES"):
        settings.setmodule(dateline_settings, priority="project")
    pause = _delay(location, home_url, delay)
    about = f"; +{location.contact}" if location.contact else ""
    settings.setdict(
        {
            "DATELINE_ARCHIVE": str(location.folder),
            "DATELINE_DATABASE": location.database_url,
            "USER_AGENT": f"Dateline/{VERSION} (self-hosted news archive{about})",
            "DOWNLOAD_DELAY": pause,
            "AUTOTHROTTLE_START_DELAY": pause,
            "CONCURRENT_REQUESTS_PER_DOMAIN": location.concurrency if pause else 16,
        },
        priority="cmdline",
    )
    return settings


def _delay(location: Location, home_url: str | None, delay: float | None) -> float:
    if delay is not None:
        return delay
    if location.delay is not None:
        return location.delay
    # A server on this machine needs no manners; every other gets a second.
    host = host_of(home_url or "")
    local = host in ("localhost", "::1") or host.startswith("127.") or host.endswith(".localhost")
    return 0.0 if local else dateline_settings.DOWNLOAD_DELAY


class _Host:
    """The part of a crawler that the resolver needs."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings


def run_in_reactor(main: Callable[[], Coroutine[Any, Any, None]], settings: Settings) -> None:
    """Run ``main`` in Scrapy's reactor, with our resolver in it."""
    from scrapy.utils.defer import deferred_from_coro
    from scrapy.utils.misc import load_object

    install_reactor(settings["TWISTED_REACTOR"])
    from twisted.internet import reactor as installed

    reactor: Any = installed
    resolver_class = load_object(settings["TWISTED_DNS_RESOLVER"])
    resolver = resolver_class.from_crawler(_Host(settings), reactor=reactor)
    resolver.install_on_reactor()
    failures: list[BaseException] = []

    def begin() -> None:
        done: Any = deferred_from_coro(main())
        done.addErrback(lambda failure: failures.append(failure.value))
        done.addBoth(lambda _: reactor.stop())

    reactor.callWhenRunning(begin)
    # What was imported stays: no search for cycles has to go through it.
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS)
    reactor.run(installSignalHandlers=False)
    if failures:
        raise failures[0]
