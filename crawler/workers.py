"""Extraction and the reading of endpoints in worker processes, with a time limit a page.

The reactor never touches a DOM: a page that takes a second to parse would hold up every
download, and one that crashes the parser would end the crawl.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from pebble import ProcessExpired, ProcessPool

from crawler.discovery.errors import DiscoveryError
from crawler.extraction.page import BadPage

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawler.extraction.article import Extraction, Known
    from crawler.items import EndpointContent

T = TypeVar("T")

# The slowest real page of the bench takes half a second; what takes this long is an attack.
TIME_LIMIT_SECONDS = 30.0
# A worker that lives for years should not have to prove that no library leaks.
_TASKS_A_WORKER = 5_000


@dataclass(frozen=True, slots=True)
class WorkerFailure(Exception):
    """A worker could not do its task. ``cause`` is a short word for counting."""

    cause: str
    reason: str

    def __str__(self) -> str:
        """The reason in one line."""
        return self.reason


def _initialise() -> None:
    # Ctrl-C goes to the whole group; the parent decides when workers end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def extract_job(body: bytes, url: str, content_type: str, known: Known) -> Extraction:
    """Runs in a worker."""
    from crawler.sites import extract_for_site

    return extract_for_site(body, url, content_type, known)


def endpoint_job(kind: str, body: bytes, url: str, content_type: str) -> EndpointContent:
    """Runs in a worker."""
    from crawler.discovery.endpoints import read_endpoint

    return read_endpoint(kind, body, url, content_type)


class Workers:
    """A pool of processes. Created when first used; shared by all crawls of this process."""

    def __init__(self, count: int | None = None) -> None:
        self.count = count or max(1, os.cpu_count() or 1)
        self._pool: ProcessPool | None = None

    def _started(self) -> ProcessPool:
        if self._pool is None:
            context = multiprocessing.get_context("forkserver")
            # Loaded once in the server, so that a new worker starts in milliseconds.
            context.set_forkserver_preload(["crawler.extraction.preload"])
            self._pool = ProcessPool(
                max_workers=self.count, max_tasks=_TASKS_A_WORKER, initializer=_initialise,
                context=context,
            )  # fmt: skip
        return self._pool

    async def run(self, job: Callable[..., T], *args: Any) -> T:
        """Run ``job`` in a worker.

        Raises:
            BadPage, DiscoveryError: as ``job`` raises them.
            WorkerFailure: the job took too long, or its process died.
        """
        future = self._started().schedule(job, args=args, timeout=TIME_LIMIT_SECONDS)
        try:
            return await asyncio.wrap_future(future)
        except (BadPage, DiscoveryError):
            raise
        except TimeoutError as error:
            raise WorkerFailure(
                "extraction-timeout", f"reading it took over {TIME_LIMIT_SECONDS:.0f} s"
            ) from error
        except ProcessExpired as error:
            raise WorkerFailure(
                "extraction-crashed", f"the process that read it died: {error}"
            ) from error

    def close(self) -> None:
        """End the workers."""
        if self._pool is not None:
            self._pool.stop()  # type: ignore[no-untyped-call]
            self._pool.join()
            self._pool = None


class _Shared:
    """The workers of this process, and how many crawls use them."""

    workers: Workers | None = None
    users = 0


def acquire() -> Workers:
    """The workers of this process; give them back with :func:`release`."""
    if _Shared.workers is None:
        _Shared.workers = Workers()
    _Shared.users += 1
    return _Shared.workers


def release() -> None:
    """Give the workers back; the last user ends them."""
    _Shared.users -= 1
    if _Shared.users == 0 and _Shared.workers is not None:
        _Shared.workers.close()
        _Shared.workers = None
