"""Write each exchange to a WARC file before anything else sees it, and decode its body."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Headers, TextResponse
from scrapy.responsetypes import responsetypes

from crawler.http.fetch import header
from crawler.middlewares.refresh import redirect_target
from crawler.run import fetch_context
from storage.captures.content_encoding import UNDECLARED, decode_response
from storage.captures.warc import Exchange, RevisitTarget
from storage.errors import BodyTooLarge
from storage.types import rights
from storage.types.pages import CaptureRecord

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response

    from crawler.run.capture_writer import CaptureWriterThread
    from storage.types.pages import KnownCapture

_OK, _NOT_MODIFIED = 200, 304


class CaptureMiddleware(HttpCompressionMiddleware):
    """Writes captures, where both the raw and the decoded body are available.

    It asks for codings as Scrapy's middleware does, and decodes by the function that reads captures
    back. The sent response is never changed: it is what is kept.

    A request asks for a capture, or a digest alone, by its ``FetchContext``, which then holds the
    result: the capture's record (a revisit where the page did not change), the digest, or the
    reason why the page's rights and the source's policy forbid a capture.
    """

    async def process_response(self, request: Request, response: Response) -> Any:  # type: ignore[override]
        """Write ``response`` to a capture file if its request asks for it, and decode it."""
        sent, decoded = response, self._decoded(request, response)
        context = fetch_context.of(request)
        capture_writer, known = context.capture_writer, context.known
        if response.status == _NOT_MODIFIED and capture_writer is not None and known is not None:
            capture = await _write_capture(capture_writer, request, sent, known.digest, None, known)
            fetch_context.update(request, capture=capture)
        if response.status != _OK or (capture_writer is None and not context.wants_digest):
            return decoded
        digest = hashlib.sha256(decoded.body).hexdigest()
        fetch_context.update(request, digest=digest)
        # A signpost is no page, as a redirect is none: no row of the archive would name its record.
        if capture_writer is None or await redirect_target(request, decoded) is not None:
            return decoded
        reserved = capture_writer.page_rights(request.url, _pairs(sent.headers), decoded.body)
        if rights.forbids_storing(reserved):
            fetch_context.update(request, reserved=rights.NOARCHIVE)
            return decoded
        unchanged_since = known if known is not None and known.digest == digest else None
        undeclared = decoded is not sent and "Content-Encoding" not in sent.headers
        capture = await _write_capture(
            capture_writer, request, sent, digest, reserved, unchanged_since, undeclared=undeclared
        )
        fetch_context.update(request, capture=capture)
        return decoded

    def _decoded(self, request: Request, sent: Response) -> Response:
        """Return a new response with the decoded body, without the Content-Encoding header."""
        if request.method == "HEAD":
            return sent
        limit = request.meta.get("download_maxsize", self._max_size)
        try:
            body = decode_response(_pairs(sent.headers), sent.body, limit)
        except BodyTooLarge as error:
            raise IgnoreRequest(
                f"{request.url}: its body exceeded {limit} bytes when decompressed"
            ) from error
        if body is sent.body and "Content-Encoding" not in sent.headers:
            return sent
        headers = Headers(sent.headers)
        headers.pop("Content-Encoding", None)
        kind = responsetypes.from_args(headers=headers, url=sent.url, body=body)
        # A text's charset is told from what was decoded.
        anew: dict[str, Any] = {"encoding": None} if issubclass(kind, TextResponse) else {}
        return sent.replace(cls=kind, headers=headers, body=body, **anew)


async def _write_capture(
    capture_writer: CaptureWriterThread,
    request: Request,
    sent: Response,
    digest: str,
    reserved: dict[str, Any] | None,
    known: KnownCapture | None,
    *,
    undeclared: bool = False,
) -> CaptureRecord:
    exchange = _exchange(request, sent, digest, reserved, known, undeclared=undeclared)
    place = await capture_writer.keep(exchange)
    return CaptureRecord(
        url=request.url,
        status=sent.status,
        content_type=header(sent, "Content-Type"),
        etag=header(sent, "ETag"),
        last_modified=header(sent, "Last-Modified"),
        fetched_at=exchange.fetched_at,
        file=place.file,
        offset=place.offset,
        length=place.length,
        digest=digest,
        record_id=place.record_id,
        kind="response" if known is None else "revisit",
        refers_to=known.id if known is not None else None,
        rights=reserved,
    )


def _exchange(
    request: Request,
    response: Response,
    digest: str,
    reserved: dict[str, Any] | None,
    known: KnownCapture | None,
    *,
    undeclared: bool,
) -> Exchange:
    seconds = request.meta.get("download_latency")
    notes = [("digest-of-decoded-body", f"sha256:{digest}")]
    if undeclared:
        notes.append((UNDECLARED, "gzip"))
    if request.meta.get("redirect_urls"):
        notes.append(("via", request.meta["redirect_urls"][-1]))
    if seconds is not None:
        notes.append(("fetchTimeMs", str(round(seconds * 1000))))
    notes += [(f"rights-{name}", str(value)) for name, value in (reserved or {}).items()]
    revisited = None
    if known is not None:
        revisited = RevisitTarget(known.record_id, known.url, known.fetched_at)
    return Exchange(
        url=request.url,
        method=request.method,
        request_headers=_pairs(request.headers),
        status=response.status,
        response_headers=_pairs(response.headers),
        body=response.body,
        fetched_at=datetime.now(UTC),
        ip_address=str(response.ip_address) if response.ip_address else None,
        revisited=revisited,
        notes=tuple(notes),
    )


def _pairs(headers: Headers) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, values in headers.items()
        for value in values
    )
