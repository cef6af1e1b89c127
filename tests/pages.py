"""Pages, feeds and a server that tests serve on loopback: what a test needs, made by hand."""

from __future__ import annotations

import html
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from dateline.demo.responses import ResponseVariants, send

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WORDS = (
    "harbour council tide lantern bridge market winter ferry bakery school river orchard signal"
    " choir quarry meadow station museum garden library festival captain"
).split()


def sentences(seed: int, count: int = 8) -> list[str]:
    """Paragraphs of invented words, different for each ``seed``."""
    out = []
    for i in range(count):
        picked = [WORDS[(seed * 7 + i * 3 + k * (seed % 5 + 1)) % len(WORDS)] for k in range(14)]
        out.append(f"The {' and the '.join(picked[:4])} met in {picked[5]} number {seed}-{i}, "
                   f"where the {picked[6]} of the {picked[7]} had been {picked[8]} before.")  # fmt: skip
    return out


def article_page(
    headline: str, paragraphs: list[str], *, published: str | None = "2026-03-05T09:30:00+01:00",
    canonical: str | None = None, extra: str = "", language: str = "en",
) -> str:  # fmt: skip
    """A plain article page with furniture around it."""
    head = f'<link rel="canonical" href="{canonical}"/>' if canonical else ""
    if published:
        head += f'<meta property="article:published_time" content="{published}"/>'
    body = "".join(f"<p>{html.escape(p)}</p>" for p in paragraphs)
    return (
        f'<!DOCTYPE html><html lang="{language}"><head><meta charset="utf-8"/>'
        f"<title>{html.escape(headline)} | The Test Herald</title>{head}"
        '<meta property="og:type" content="article"/></head><body>'
        '<header><nav><a href="/">Home</a> <a href="/sport/">Sport</a></nav></header>'
        f"<main><article><h1>{html.escape(headline)}</h1>{body}</article>{extra}</main>"
        "<footer><p>All rights reserved. Subscribe to our newsletter.</p></footer></body></html>"
    )


@dataclass
class Reply:
    """What the server gives for a path."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "text/html; charset=utf-8"
    # As it stands, with a length: for tests of the very bytes, headers or validators.
    bare: bool = False


Answer = Reply | bytes | str | None


class LocalSite:
    """A site on loopback whose pages a test may change while it runs; it keeps a log."""

    def __init__(self) -> None:
        self.pages: dict[str, Answer | Callable[[BaseHTTPRequestHandler], Answer]] = {}
        self.requests: list[str] = []
        self.variants = ResponseVariants()
        self.base = ""

    def set(self, path: str, answer: Answer, content_type: str | None = None) -> None:
        """Serve ``answer`` at ``path``."""
        if content_type is not None:
            body = answer.encode() if isinstance(answer, str) else answer
            answer = Reply(body if isinstance(body, bytes) else b"", content_type=content_type)
        self.pages[path] = answer

    def asked(self, path: str) -> int:
        """How often ``path`` was asked for."""
        return self.requests.count(path)


def _handler(site: LocalSite) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            site.requests.append(self.path)
            found = site.pages.get(self.path)
            if callable(found):
                found = found(self)
            if isinstance(found, str):
                found = found.encode()
            if isinstance(found, bytes):
                found = Reply(found)
            reply = found or Reply(b"<h1>Not found</h1>", 404)
            headers = list(reply.headers.items())
            if not any(name.lower() == "content-type" for name in reply.headers):
                headers.insert(0, ("Content-Type", reply.content_type))
            if reply.bare and "content-length" not in map(str.lower, reply.headers):
                headers.append(("Content-Length", str(len(reply.body))))
            send(self, site.variants, reply.status, headers, reply.body)

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            pass

    return Handler


class _Server(ThreadingHTTPServer):
    # Two crawls at once open more connections than the library lets wait.
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """A crawl that is killed or gives up hangs up: nothing to print."""


@contextmanager
def serving(site: LocalSite | None = None) -> Iterator[LocalSite]:
    """Serve a site on a free port of loopback."""
    site = site or LocalSite()
    server = _Server(("127.0.0.1", 0), _handler(site))
    server.daemon_threads = True
    site.base = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
