"""Dateline's state of one request: what it is for, and what its response brought.

It lies in ``request.meta`` under the one key :data:`KEY`; every other key there is Scrapy's own.
Redirects and retries copy ``meta``, so a context is frozen: :func:`update` replaces it, and what
one hop notes never reaches the request before it.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from storage.crawl.backfills import PendingPage
from storage.types.endpoints import DueEndpoint
from storage.types.pages import Task

if TYPE_CHECKING:
    from typing import Any

    from scrapy import Request
    from scrapy.http import Response

    from crawler.http.fetch import Redirect
    from crawler.run.capture_writer import CaptureWriterThread
    from storage.types.pages import CaptureRecord, KnownCapture

Subject = TypeVar("Subject", Task, DueEndpoint, PendingPage)

KEY = "dateline"


class Validators(NamedTuple):
    """Validators of a conditional request, and the URL whose response brought them."""

    url: str
    etag: str | None
    last_modified: str | None


@dataclass(frozen=True, slots=True)
class FetchContext:
    """The state of one request. The first five fields are asked for, the others are found.

    ``subject``: what the request fetches, for its callback. ``capture_writer``: write the exchange
    to a capture file with it. ``known``: the page's last capture, for a revisit record.
    ``wants_digest``: compute ``digest`` even where no capture is written.

    ``digest``: SHA-256 of the decoded body, hexadecimal. ``capture``: the record written for the
    response. ``reserved``: why the rights of the page forbid a capture. ``redirect``: where the
    page's refresh leads; it counts once ``redirect_checked`` is true.
    """

    subject: Task | DueEndpoint | PendingPage | None = None
    capture_writer: CaptureWriterThread | None = None
    known: KnownCapture | None = None
    validators: Validators | None = None
    wants_digest: bool = False
    digest: str | None = None
    capture: CaptureRecord | None = None
    reserved: str | None = None
    redirect: Redirect | None = None
    redirect_checked: bool = False


_EMPTY = FetchContext()


def of(message: Request | Response) -> FetchContext:
    """Return the context of a request, or of a response's request; an empty one if it has none."""
    context = message.meta.get(KEY)
    return context if isinstance(context, FetchContext) else _EMPTY


def update(request: Request, **changes: Any) -> FetchContext:
    """Replace the context of ``request`` by one with these fields changed, and return it."""
    context = dataclasses.replace(of(request), **changes)
    request.meta[KEY] = context
    return context


def forget_response(request: Request) -> None:
    """Drop what an earlier response brought, for a request that follows it."""
    if KEY in request.meta:
        update(
            request,
            digest=None,
            capture=None,
            reserved=None,
            redirect=None,
            redirect_checked=False,
        )


def task_of(message: Request | Response) -> Task:
    """Return the task of a page's request or response.

    Raises:
        TypeError: it is not a page's.
    """
    return _subject(message, Task, "as a page")


def endpoint_of(message: Request | Response) -> DueEndpoint:
    """Return the endpoint of a request or response.

    Raises:
        TypeError: it is not an endpoint's.
    """
    return _subject(message, DueEndpoint, "as an endpoint")


def past_page_of(message: Request | Response) -> PendingPage:
    """Return the page of a backfill that a request or response is for.

    Raises:
        TypeError: it is not a backfill's.
    """
    return _subject(message, PendingPage, "by a backfill")


def _subject(message: Request | Response, kind: type[Subject], how: str) -> Subject:
    subject = of(message).subject
    if not isinstance(subject, kind):
        raise TypeError(f"{message.url} was not requested {how}")
    return subject
