"""Handle signals: the first one ends crawls in order, a second one ends the process at once."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

from crawler.run.downloader import StoppableDownloader
from crawler.workers import pool

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy.crawler import AsyncCrawlerRunner

logger = logging.getLogger(__name__)

INTERRUPTED_CODE = 130
# What was sent may still be answered for so long, and read in worker processes; then it is left
# to the next crawl. With what is written after it, a stop takes less than ten seconds.
GRACE_SECONDS = 5.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def exit_now() -> None:
    """End this process and its workers. What was reported as stored is on the disk."""
    pool.kill_all()
    if sys.stderr.isatty():
        sys.stderr.write("\x1b[?25h")  # a progress bar hides the cursor
    logging.shutdown()
    os._exit(INTERRUPTED_CODE)


def exit_on_signal() -> None:
    """Make SIGINT and SIGTERM end this process at once: nothing is being stored."""
    _set_handlers(exit_now)


class Shutdown:
    """The shutdown of a process's crawls. ``requested`` is set once a signal arrived."""

    def __init__(self, runner: AsyncCrawlerRunner) -> None:
        self.requested = asyncio.Event()
        self.signal_number: int | None = None
        self._runner = runner
        self._tasks: list[asyncio.Task[None]] = []

    def install_handlers(self) -> None:
        """Make SIGINT and SIGTERM end the crawls in order; a second one ends them at once."""
        _set_handlers(self._on_signal)

    def _on_signal(self, number: int) -> None:
        if self.requested.is_set():
            exit_now()
        self.signal_number = number
        self.requested.set()
        logger.warning("stopping: storing the pages in flight (press Ctrl-C again to exit at once)")
        self._tasks.append(asyncio.get_running_loop().create_task(self._stop()))

    async def _stop(self) -> None:
        for downloader in self._downloaders():
            downloader.stop()
        ending = asyncio.ensure_future(self._wait_until_ended())
        await asyncio.wait([ending], timeout=GRACE_SECONDS)
        if not ending.done():
            for downloader in self._downloaders():
                downloader.give_up()
            pool.abandon()
        await ending

    async def _wait_until_ended(self) -> None:
        """Wait until no crawl is left; one that is starting is stopped a moment later."""
        while self._runner.crawlers:
            for crawler in list(self._runner.crawlers):
                engine: Any = crawler.engine
                if engine is not None and engine.running:
                    await crawler.stop_async()
            await asyncio.sleep(0.05)

    def _downloaders(self) -> list[StoppableDownloader]:
        # A crawl that has only begun has no engine yet.
        engines: list[Any] = [crawler.engine for crawler in self._runner.crawlers]
        found = [engine.downloader for engine in engines if engine is not None]
        return [one for one in found if isinstance(one, StoppableDownloader)]


def _set_handlers(work: Callable[..., None]) -> None:
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        arguments = (number,) if work is not exit_now else ()
        loop.add_signal_handler(number, work, *arguments)
