"""A real Chromium for tests, and what must be true of everything that it does."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-background-networking", "--no-first-run",
    "--disable-component-update", "--disable-default-apps", "--disable-sync", "--no-proxy-server",
]  # fmt: skip
# A page that says that something is wrong, and what a policy stopped, are told of as errors too.
_EXPECTED = ("status of 4", "Content Security Policy", "frame is sandboxed")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium; a test that wants one is skipped where there is none."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("no Chromium: `apt-get install chromium` brings one")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def browsing(browser: Browser, base: str, **options: Any) -> Iterator[Page]:
    """A page at the room ``base``; nothing else may be asked for, no script may complain."""
    options.setdefault("locale", "en-GB")
    context = browser.new_context(base_url=base, **options)
    page = context.new_page()
    page.set_default_timeout(15_000)
    asked: list[str] = []
    said: list[str] = []
    blocked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    # What the policy stops never leaves the browser; it is told of as a request all the same.
    context.on(
        "requestfailed",
        lambda request: blocked.append(request.url) if request.failure == "csp" else None,
    )
    page.on("dialog", lambda dialog: (said.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    page.on("pageerror", lambda error: said.append(f"error: {error}"))
    page.on("console", lambda m: said.append(f"console: {m.text}") if m.type == "error" else None)
    try:
        yield page
    finally:
        context.close()
    elsewhere = [url for url in asked if not url.startswith(base) and url not in blocked]
    assert not elsewhere, elsewhere
    wrong = [one for one in said if not any(words in one for words in _EXPECTED)]
    assert not wrong, wrong
