"""Serves the demonstration sites on the loopback interface."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from dateline.demo.responses import ResponseVariants, send

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dateline.demo.site import Answer


def _handler(pages: dict[str, Answer]) -> type[BaseHTTPRequestHandler]:
    variants = ResponseVariants()

    class Handler(BaseHTTPRequestHandler):
        """Answers from ``pages``."""

        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            """Send a page, or 404."""
            answer = pages.get(self.path.partition("?")[0])
            body = answer.body if answer else b"<h1>Not found</h1>"
            kind = answer.content_type if answer else "text/html; charset=utf-8"
            send(self, variants, 200 if answer else 404, [("Content-Type", kind)], body)

        def log_message(self, *_: object) -> None:
            """Do not log requests; the demonstration shows the crawl's output."""

    return Handler


@contextmanager
def serving(make_pages: Callable[[str], dict[str, Answer]]) -> Iterator[str]:
    """Serve the pages of ``make_pages(base)``; yield ``http://127.0.0.1:PORT``."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    base = f"http://127.0.0.1:{server.server_port}"
    server.RequestHandlerClass = _handler(make_pages(base))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield base
    finally:
        server.shutdown()
        server.server_close()
