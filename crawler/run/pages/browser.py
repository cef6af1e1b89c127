"""Render pages in a browser that has no network of its own.

Chromium gets the page's own bytes, which were fetched and kept before, and each thing that the
page asks for comes from whoever asks :meth:`Browser.render`: so private addresses, robots.txt, the
pace of the site and every limit hold for scripts as for pages. Whatever would go around that
(sockets, WebRTC, prefetching) meets a resolver that knows no host and a proxy that is not there.
"""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import os
import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crawler.refcounted import RefCounted

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

logger = logging.getLogger(__name__)

# Seconds that a page may take in total, and that it must be quiet to count as rendered.
LIMIT_SECONDS = 60.0
_QUIET_SECONDS = 0.5
_POLL_SECONDS = 0.1
# After this many seconds, a page that is never quiet (a clock, a ticker) is taken as it is.
_MAX_WAIT_SECONDS = 20.0
# Requests per page: one with more is an application, or faulty.
MAX_SUBREQUESTS = 60
MAX_HTML_BYTES = 10 * 1024 * 1024
MAX_CONCURRENT_PAGES = 2
# Restarted after this many pages, in case it leaks memory.
_PAGES_PER_BROWSER = 300
_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
_SUBREQUEST_TYPES = frozenset({"script", "xhr", "fetch"})
_ARGUMENTS = (
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-sync",
    "--disable-extensions",
    "--disable-gpu",
    "--mute-audio",
    "--js-flags=--max-old-space-size=512",
)
# A proxy that does not exist, for loopback too: nothing listens on the discard port.
_NO_PROXY: Any = {"server": "http://127.0.0.1:9", "bypass": "<-loopback>"}
# Shadow trees are not serialised, so their text is copied to where a reader sees it.
_FLATTEN_SHADOW_TREES = """() => {
  const flatten = root => {
    for (const host of root.querySelectorAll('*')) {
      if (!host.shadowRoot) continue;
      flatten(host.shadowRoot);
      const seen = document.createElement('div');
      seen.innerHTML = host.shadowRoot.innerHTML;
      host.prepend(seen);
    }
  };
  flatten(document);
}"""
_MEASURE_TEXT = (
    "() => document.readyState == 'loading' || !document.body ? -1 : document.body.innerText.length"
)


@dataclass(frozen=True, slots=True)
class SubRequest:
    """A request of a page's script."""

    url: str
    method: str
    kind: str  # script, xhr, fetch
    headers: dict[str, str]
    body: bytes | None


@dataclass(frozen=True, slots=True)
class SubResponse:
    """The response to a script's request. ``body`` is decoded."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class RenderedPage:
    """A rendered page: HTML in UTF-8, the browser's name, and how many subrequests it made."""

    html: bytes
    software: str
    subrequests: int


class BrowserFailure(Exception):
    """A page could not be rendered. ``cause`` is a short word for counting."""

    def __init__(self, cause: str, reason: str) -> None:
        self.cause = cause
        self.reason = reason
        super().__init__(reason)


def missing_requirement() -> str | None:
    """Return what a browser needs and lacks, with the next step; ``None`` if nothing."""
    if importlib.util.find_spec("playwright") is None:
        return "no browser is installed: run pip install 'dateline[browser]'"
    named = os.environ.get("DATELINE_BROWSER")
    if named and not os.access(named, os.X_OK):
        return f"DATELINE_BROWSER names {named}, which is not an executable file"
    if executable_path() is None and not _has_bundled_chromium():
        return "no Chromium was found: install your system's, or run `playwright install chromium`"
    return None


def executable_path() -> str | None:
    """Return the browser to start; ``None`` for Playwright's own Chromium."""
    named = os.environ.get("DATELINE_BROWSER")
    return named or next(filter(None, map(shutil.which, _NAMES)), None)


def _has_bundled_chromium() -> bool:
    """Tell whether Playwright has downloaded its own Chromium."""
    from pathlib import Path

    folder = os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache/ms-playwright"
    return any(Path(folder).glob("chromium*"))


class Browser:
    """One Chromium for all crawls of a process, started on first use."""

    def __init__(self) -> None:
        self._manager: Any = None
        self._browser: Any = None
        self._rendered = 0
        self._active = 0
        self._starting = asyncio.Lock()
        self._slots = asyncio.Semaphore(MAX_CONCURRENT_PAGES)

    async def render(
        self,
        url: str,
        content_type: str,
        body: bytes,
        user_agent: str,
        respond: Callable[[SubRequest], Awaitable[SubResponse | None]],
        limit: float = LIMIT_SECONDS,
    ) -> RenderedPage:
        """Render the page with ``body`` at ``url``; ``respond`` fetches what its scripts request.

        ``limit`` is how many seconds it may take.

        Raises:
            BrowserFailure: there is no browser, or the page took too long or was too large.
        """
        from playwright.async_api import Error

        async with self._slots:
            self._active += 1
            try:
                browser = await self._get_browser()
                context = await browser.new_context(
                    user_agent=user_agent,
                    service_workers="block",
                    accept_downloads=False,
                    proxy=_NO_PROXY,
                )
                page = _BrowserPage(url, content_type, body, respond)
                try:
                    async with asyncio.timeout(limit):
                        html = await page.render(context)
                finally:
                    await self._close_context(context)
                self._rendered += 1
                return RenderedPage(html, f"Chromium {browser.version}", page.subrequests)
            except TimeoutError as error:
                raise BrowserFailure(
                    "browser-timeout", f"rendering took over {limit:.0f} s"
                ) from error
            except Error as error:
                reason = " ".join(str(error).split())[:200]
                raise BrowserFailure("browser-failed", f"the browser failed: {reason}") from error
            finally:
                self._active -= 1

    async def _get_browser(self) -> Any:
        async with self._starting:
            is_worn_out = self._rendered >= _PAGES_PER_BROWSER and self._active == 1
            if self._browser is not None and (is_worn_out or not self._browser.is_connected()):
                await self._shut_down()
            if self._browser is None:
                self._browser = await self._launch()
            return self._browser

    async def _launch(self) -> Any:
        missing = missing_requirement()
        if missing is not None:
            raise BrowserFailure("no-browser", missing)
        from playwright.async_api import async_playwright

        self._manager = await async_playwright().start()
        self._rendered = 0
        return await self._manager.chromium.launch(
            executable_path=executable_path(),
            args=list(_ARGUMENTS),
            # Chromium's own sandbox cannot be had by root.
            chromium_sandbox=os.geteuid() != 0,
            # Signals are for the crawl, which ends in order.
            handle_sigint=False,
            handle_sigterm=False,
            handle_sighup=False,
        )

    async def _close_context(self, context: Any) -> None:
        """Close a context; if a script keeps the browser busy, close the browser."""
        from playwright.async_api import Error

        try:
            async with asyncio.timeout(5):
                await context.close()
        except (TimeoutError, Error):
            await self._shut_down()

    async def _shut_down(self) -> None:
        from playwright.async_api import Error

        browser, manager = self._browser, self._manager
        self._browser = self._manager = None
        try:
            async with asyncio.timeout(10):
                if browser is not None:
                    await browser.close()
                if manager is not None:
                    await manager.stop()
        except (TimeoutError, Error) as error:
            logger.warning("the browser could not be closed cleanly: %s", error)

    async def close(self) -> None:
        """Close the browser, if it runs."""
        async with self._starting:
            if self._browser is not None or self._manager is not None:
                await self._shut_down()


class _BrowserPage:
    """One page in the browser."""

    def __init__(
        self,
        url: str,
        content_type: str,
        body: bytes,
        respond: Callable[[SubRequest], Awaitable[SubResponse | None]],
    ) -> None:
        self._url = url
        self._page = SubResponse(200, {"content-type": content_type or "text/html"}, body)
        self._respond = respond
        self._is_served = False
        self._pending = 0
        self.subrequests = 0

    async def render(self, context: Any) -> bytes:
        """Return the page's HTML once it is quiet."""
        await context.route("**/*", self._route)
        await context.route_web_socket("**/*", _refuse_socket)
        await context.add_init_script("window.open = () => null")
        page = await context.new_page()
        await page.goto(self._url, wait_until="commit", timeout=0)
        await self._wait_until_quiet(page)
        await page.evaluate(_FLATTEN_SHADOW_TREES)
        html: bytes = (await page.content()).encode("utf-8", "replace")
        if len(html) > MAX_HTML_BYTES:
            raise BrowserFailure(
                "too-large", f"the rendered page has {len(html) / 2**20:.0f} MB of HTML"
            )
        return html

    async def _wait_until_quiet(self, page: Any) -> None:
        """Wait until no request is pending and the text stops growing."""
        quiet, size = 0.0, -1
        began = time.monotonic()
        while quiet < _QUIET_SECONDS:
            if self._pending == 0 and time.monotonic() - began > _MAX_WAIT_SECONDS:
                return
            await asyncio.sleep(_POLL_SECONDS)
            now = await page.evaluate(_MEASURE_TEXT)
            is_quiet = self._pending == 0 and now == size >= 0
            quiet = quiet + _POLL_SECONDS if is_quiet else 0.0
            size = now

    async def _route(self, route: Any) -> None:
        from playwright.async_api import Error

        self._pending += 1
        try:
            response = await self._response_to(route.request)
            if response is None:
                # An aborted navigation leaves the page as it is, a blocked one replaces it.
                await route.abort("aborted")
            else:
                await route.fulfill(
                    status=response.status, headers=response.headers, body=response.body
                )
        except Error:
            # The page was closed while its scripts still asked for something.
            logger.debug(
                "%s: the page was closed before the response of %s",
                self._url,
                route.request.url[:200],
            )
        finally:
            self._pending -= 1

    async def _response_to(self, request: Any) -> SubResponse | None:
        if request.is_navigation_request():
            first = not self._is_served and request.frame.parent_frame is None
            self._is_served = self._is_served or first
            return self._page if first else None
        if request.resource_type not in _SUBREQUEST_TYPES or self.subrequests >= MAX_SUBREQUESTS:
            return None
        self.subrequests += 1
        return await self._respond(
            SubRequest(
                request.url,
                request.method,
                request.resource_type,
                await request.all_headers(),
                request.post_data_buffer,
            )
        )


async def _refuse_socket(socket: Any) -> None:
    await socket.close()


_refcounted = RefCounted(Browser)


def acquire() -> Browser:
    """Return the browser of this process; give it back with :func:`release`."""
    return _refcounted.acquire()


async def release() -> None:
    """Give the browser back; the last user closes it."""
    last = _refcounted.release()
    if last is not None:
        await last.close()
