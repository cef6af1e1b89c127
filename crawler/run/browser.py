"""A browser for pages that their scripts draw. It has no network of its own.

Chromium gets the page's own bytes, which were fetched and kept before, and each thing that the
page asks for comes from whoever asks :meth:`Browser.draw`: so private addresses, robots.txt, the
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

from crawler.refcounted import Shared

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

logger = logging.getLogger(__name__)

# Seconds that a page may take in all, and that it must be quiet to count as drawn.
LIMIT_SECONDS = 60.0
_QUIET_SECONDS = 0.5
_LOOK_SECONDS = 0.1
# A page that is never quiet (a clock, a ticker) is taken as it stands after this long.
_PATIENCE_SECONDS = 20.0
# What one page may ask for: more than this is an application, or a fault.
MAX_ASKED = 60
MAX_HTML_BYTES = 10 * 1024 * 1024
PAGES_AT_A_TIME = 2
# A browser that lives for years should not have to prove that it does not leak.
_PAGES_A_BROWSER = 300
_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
_ASKED_TYPES = frozenset({"script", "xhr", "fetch"})
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
# A proxy that is not there, loopback included: nothing answers on the discard port.
_NO_PROXY: Any = {"server": "http://127.0.0.1:9", "bypass": "<-loopback>"}
# Text that stands in shadow trees is in no serialisation: it is put where a reader sees it.
_FLATTEN = """() => {
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
_TEXT_SIZE = (
    "() => document.readyState == 'loading' || !document.body ? -1 : document.body.innerText.length"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page's script asks for."""

    url: str
    method: str
    kind: str  # script, xhr, fetch
    headers: dict[str, str]
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What it gets. ``body`` is decoded."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Drawn:
    """A page as its scripts drew it: HTML in UTF-8, by which browser, and what they asked for."""

    html: bytes
    software: str
    asked: int


class BrowserFailure(Exception):
    """A page could not be drawn. ``cause`` is a short word for counting."""

    def __init__(self, cause: str, reason: str) -> None:
        self.cause = cause
        self.reason = reason
        super().__init__(reason)


def missing() -> str | None:
    """What a browser lacks here, with the next step; ``None`` where there is one."""
    if importlib.util.find_spec("playwright") is None:
        return "no browser is installed: pip install 'dateline[browser]'"
    named = os.environ.get("DATELINE_BROWSER")
    if named and not os.access(named, os.X_OK):
        return f"DATELINE_BROWSER names {named}, which is no program"
    if executable() is None and not _has_own():
        return "no Chromium was found: install your system's, or run `playwright install chromium`"
    return None


def executable() -> str | None:
    """The browser to start: ``DATELINE_BROWSER``, or the system's; else Playwright's own."""
    named = os.environ.get("DATELINE_BROWSER")
    return named or next(filter(None, map(shutil.which, _NAMES)), None)


def _has_own() -> bool:
    """Whether Playwright has fetched a Chromium of its own."""
    from pathlib import Path

    folder = os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache/ms-playwright"
    return any(Path(folder).glob("chromium*"))


class Browser:
    """One Chromium for all crawls of a process, started when first used."""

    def __init__(self) -> None:
        self._manager: Any = None
        self._browser: Any = None
        self._drawn = 0
        self._at_work = 0
        self._starting = asyncio.Lock()
        self._gate = asyncio.Semaphore(PAGES_AT_A_TIME)

    async def draw(
        self,
        url: str,
        content_type: str,
        body: bytes,
        user_agent: str,
        answer: Callable[[Asked], Awaitable[Answer | None]],
        limit: float = LIMIT_SECONDS,
    ) -> Drawn:
        """Draw the page that has ``body`` at ``url``; ``answer`` fetches what its scripts ask for.

        ``limit`` is how many seconds it may take.

        Raises:
            BrowserFailure: there is no browser, or the page took too long or was too large.
        """
        from playwright.async_api import Error

        async with self._gate:
            self._at_work += 1
            try:
                browser = await self._running()
                context = await browser.new_context(
                    user_agent=user_agent,
                    service_workers="block",
                    accept_downloads=False,
                    proxy=_NO_PROXY,
                )
                sheet = _Sheet(url, content_type, body, answer)
                try:
                    async with asyncio.timeout(limit):
                        html = await sheet.drawn(context)
                finally:
                    await self._closed(context)
                self._drawn += 1
                return Drawn(html, f"Chromium {browser.version}", sheet.asked)
            except TimeoutError as error:
                raise BrowserFailure(
                    "browser-timeout", f"drawing it took over {limit:.0f} s"
                ) from error
            except Error as error:
                reason = " ".join(str(error).split())[:200]
                raise BrowserFailure("browser-failed", f"the browser: {reason}") from error
            finally:
                self._at_work -= 1

    async def _running(self) -> Any:
        async with self._starting:
            worn = self._drawn >= _PAGES_A_BROWSER and self._at_work == 1
            if self._browser is not None and (worn or not self._browser.is_connected()):
                await self._end()
            if self._browser is None:
                self._browser = await self._started()
            return self._browser

    async def _started(self) -> Any:
        lack = missing()
        if lack is not None:
            raise BrowserFailure("no-browser", lack)
        from playwright.async_api import async_playwright

        self._manager = await async_playwright().start()
        self._drawn = 0
        return await self._manager.chromium.launch(
            executable_path=executable(),
            args=list(_ARGUMENTS),
            # Chromium's own sandbox cannot be had by root.
            chromium_sandbox=os.geteuid() != 0,
            # Signals are for the crawl, which ends in order.
            handle_sigint=False,
            handle_sigterm=False,
            handle_sighup=False,
        )

    async def _closed(self, context: Any) -> None:
        """Close a context; a browser that a script keeps busy is ended whole."""
        from playwright.async_api import Error

        try:
            async with asyncio.timeout(5):
                await context.close()
        except (TimeoutError, Error):
            await self._end()

    async def _end(self) -> None:
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
            logger.warning("the browser did not end in order: %s", error)

    async def close(self) -> None:
        """End the browser, if it runs."""
        async with self._starting:
            if self._browser is not None or self._manager is not None:
                await self._end()


class _Sheet:
    """One page in the browser."""

    def __init__(
        self,
        url: str,
        content_type: str,
        body: bytes,
        answer: Callable[[Asked], Awaitable[Answer | None]],
    ) -> None:
        self._url = url
        self._page = Answer(200, {"content-type": content_type or "text/html"}, body)
        self._answer = answer
        self._is_given = False
        self._pending = 0
        self.asked = 0

    async def drawn(self, context: Any) -> bytes:
        """The page's HTML once it is quiet."""
        await context.route("**/*", self._route)
        await context.route_web_socket("**/*", _refuse_socket)
        await context.add_init_script("window.open = () => null")
        page = await context.new_page()
        await page.goto(self._url, wait_until="commit", timeout=0)
        await self._until_quiet(page)
        await page.evaluate(_FLATTEN)
        html: bytes = (await page.content()).encode("utf-8", "replace")
        if len(html) > MAX_HTML_BYTES:
            raise BrowserFailure(
                "too-large", f"drawn, the page has {len(html) / 2**20:.0f} MB of HTML"
            )
        return html

    async def _until_quiet(self, page: Any) -> None:
        """Wait until nothing is on its way and the text grows no more."""
        quiet, size = 0.0, -1
        began = time.monotonic()
        while quiet < _QUIET_SECONDS:
            if self._pending == 0 and time.monotonic() - began > _PATIENCE_SECONDS:
                return
            await asyncio.sleep(_LOOK_SECONDS)
            now = await page.evaluate(_TEXT_SIZE)
            calm = self._pending == 0 and now == size >= 0
            quiet = quiet + _LOOK_SECONDS if calm else 0.0
            size = now

    async def _route(self, route: Any) -> None:
        from playwright.async_api import Error

        self._pending += 1
        try:
            answer = await self._answer_to(route.request)
            if answer is None:
                # An aborted navigation leaves the page as it is, a blocked one replaces it.
                await route.abort("aborted")
            else:
                await route.fulfill(status=answer.status, headers=answer.headers, body=answer.body)
        except Error:
            # The page was closed while its scripts still asked for something.
            logger.debug("%s: %s came too late", self._url, route.request.url[:200])
        finally:
            self._pending -= 1

    async def _answer_to(self, request: Any) -> Answer | None:
        if request.is_navigation_request():
            first = not self._is_given and request.frame.parent_frame is None
            self._is_given = self._is_given or first
            return self._page if first else None
        if request.resource_type not in _ASKED_TYPES or self.asked >= MAX_ASKED:
            return None
        self.asked += 1
        return await self._answer(
            Asked(
                request.url,
                request.method,
                request.resource_type,
                await request.all_headers(),
                request.post_data_buffer,
            )
        )


async def _refuse_socket(socket: Any) -> None:
    await socket.close()


_shared = Shared(Browser)


def acquire() -> Browser:
    """The browser of this process; give it back with :func:`release`."""
    return _shared.acquire()


async def release() -> None:
    """Give the browser back; the last user ends it."""
    last = _shared.release()
    if last is not None:
        await last.close()
