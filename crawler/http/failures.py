"""Classify failed requests: a cause to count, one line to read, and whether it is final."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
    UnsupportedURLSchemeError,
)

from crawler.http.resolver import refused_hosts
from storage.errors import ArchiveError
from storage.text.urls import host_of

if TYPE_CHECKING:
    from scrapy.http import Response

# Client errors that may pass: they describe the moment, not the page.
_TRANSIENT_STATUSES = frozenset({401, 403, 407, 408, 418, 421, 423, 425, 429, 451})
# robots.txt may change; a private IP address or an invalid URL does not.
_FINAL_REFUSALS = frozenset({"address-refused", "bad-url"})
_CLIENT_ERROR, _SERVER_ERROR = 400, 500


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed request: ``cause`` to count, ``detail`` to read; ``final`` if no retry helps."""

    cause: str
    detail: str
    final: bool = False


_DOWNLOAD_ERRORS: tuple[tuple[type[Exception], str], ...] = (
    (DownloadTimeoutError, "timeout"),
    (DownloadConnectionRefusedError, "connection-refused"),
    (CannotResolveHostError, "unknown-host"),
    (ResponseDataLossError, "truncated"),
    (DownloadCancelledError, "too-large"),
    (UnsupportedURLSchemeError, "bad-url"),
    (DownloadFailedError, "connection-failed"),
)


def classify_exception(error: BaseException | None, url: str) -> Failure:
    """Classify an exception of a download."""
    detail = " ".join(str(error).split())[:300] or type(error).__name__
    if isinstance(error, RefusedRequest):
        return Failure(error.cause, error.reason, final=error.cause in _FINAL_REFUSALS)
    if isinstance(error, ArchiveError):
        return Failure("storage", str(error))
    if isinstance(error, CannotResolveHostError) and host_of(url) in refused_hosts:
        return Failure(
            "address-refused",
            "its host has only private IP addresses. Set DATELINE_ALLOW_PRIVATE=1 to allow them",
            final=True,
        )
    if isinstance(error, IgnoreRequest):
        message = detail.lower()
        cause = "redirect-loop" if "redirect" in message else "ignored"
        # A body that unpacks to more than is allowed.
        cause = "too-large" if "exceeded" in message else cause
        return Failure(cause, detail, final=True)
    for kind, cause in _DOWNLOAD_ERRORS:
        if isinstance(error, kind):
            return Failure(cause, detail, final=cause == "too-large")
    return Failure("download-failed", f"{type(error).__name__}: {detail}")


def classify_status(response: Response) -> Failure | None:
    """Classify an HTTP error response; ``None`` for a page."""
    status = response.status
    if status < _CLIENT_ERROR:
        if status not in (200, 203, 206, 304):
            return Failure(f"http-{status}", f"the server answered {status}", final=True)
        return None
    final = status < _SERVER_ERROR and status not in _TRANSIENT_STATUSES
    return Failure(f"http-{status}", f"the server answered {status}", final=final)


class RefusedRequest(IgnoreRequest):
    """A request that Dateline does not make. ``cause`` is a short word for counting."""

    def __init__(self, url: str, cause: str, reason: str) -> None:
        self.url = url
        self.cause = cause
        self.reason = reason
        super().__init__(f"{url}: {reason}")
