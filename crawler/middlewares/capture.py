"""Write each exchange to a WARC file before anything else sees it, and decode its body."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Headers
from scrapy.responsetypes import responsetypes

from crawler.http.coded import CodedResponse, header_pairs
from crawler.middlewares.refresh import refresh_of
from crawler.run import fetch_context
from crawler.run.capture_writer import SentPage, capture_record, notes, revisited
from storage.captures.content_encoding import decode_response
from storage.captures.warc import Exchange
from storage.errors import BodyTooLarge

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response

    from crawler.http.fetch import Redirect
    from crawler.run.capture_writer import CaptureWriterThread
    from storage.types.pages import CaptureRecord, KnownCapture

_OK, _NOT_MODIFIED = 200, 304
# Bodies of up to so many bytes are decoded on the event loop: a thread would take longer.
_SMALL = 8 * 1024


class CaptureMiddleware(HttpCompressionMiddleware):
    """Writes captures, where both the raw and the decoded body are available.

    It asks for codings as Scrapy's middleware does, and decodes by the function that reads captures
    back. The sent response is never changed: it is what is kept.

    A request asks for a capture, or a digest alone, by its ``FetchContext``, which then holds the
    result: the capture's record (a revisit where the page did not change), the digest, or the
    reason why the page's rights and the source's policy forbid a capture.
    """

    async def process_response(self, request: Request, response: Response) -> Any:  # type: ignore[override]
        """Write ``response`` to a capture file if its request asks for it, and decode it.

        The page of a captured response keeps its body as it was sent (``CodedResponse``): the
        capture's thread decodes it once, for the digest, and the worker once more.
        """
        context = fetch_context.of(request)
        capture_writer, known = context.capture_writer, context.known
        if capture_writer is not None and response.status == _OK and request.method != "HEAD":
            return await self._capture(request, response, capture_writer, known)
        if response.status == _NOT_MODIFIED and capture_writer is not None and known is not None:
            capture = await _write_revisit(capture_writer, request, response, known)
            fetch_context.update(request, capture=capture)
        decoded = await self._decoded(request, response)
        if response.status == _OK and context.wants_digest:
            fetch_context.update(request, digest=hashlib.sha256(decoded.body).hexdigest())
        return decoded

    async def _capture(
        self,
        request: Request,
        sent: Response,
        capture_writer: CaptureWriterThread,
        known: KnownCapture | None,
    ) -> Response:
        limit = self._limit(request)

        def find_redirect(body: bytes) -> Redirect | None:
            return refresh_of(request, sent, body)

        page = SentPage(sent, _exchange(request, sent), limit, known, find_redirect)
        try:
            found = await capture_writer.capture(page)
        except BodyTooLarge as error:
            raise _too_large(request, limit) from error
        fetch_context.update(
            request,
            digest=found.digest,
            redirect=found.redirect,
            redirect_checked=True,
            reserved=found.reserved,
            capture=found.record,
        )
        return _respond(CodedResponse, sent, sent.body, sent.headers) if found.is_coded else sent

    async def _decoded(self, request: Request, sent: Response) -> Response:
        """Return a response with the decoded body, without the Content-Encoding header."""
        if request.method == "HEAD":
            return sent
        limit = self._limit(request)
        pairs = header_pairs(sent.headers)
        try:
            if len(sent.body) > _SMALL:
                body = await asyncio.to_thread(decode_response, pairs, sent.body, limit)
            else:
                body = decode_response(pairs, sent.body, limit)
        except BodyTooLarge as error:
            raise _too_large(request, limit) from error
        if body is sent.body and "Content-Encoding" not in sent.headers:
            return sent
        headers = Headers(sent.headers)
        headers.pop("Content-Encoding", None)
        kind = responsetypes.from_args(headers=headers, url=sent.url, body=body)
        return _respond(kind, sent, body, headers)

    def _limit(self, request: Request) -> int:
        return int(request.meta.get("download_maxsize", self._max_size))


def _respond(kind: type[Response], sent: Response, body: bytes, headers: Headers) -> Response:
    # Not sent.replace(): it detects the charset of the sent body, packed as it is.
    return kind(
        url=sent.url,
        status=sent.status,
        headers=headers,
        body=body,
        flags=sent.flags,
        request=sent.request,
        certificate=sent.certificate,
        ip_address=sent.ip_address,
        protocol=sent.protocol,
    )


def _too_large(request: Request, limit: int) -> IgnoreRequest:
    return IgnoreRequest(f"{request.url}: its body exceeded {limit} bytes when decompressed")


async def _write_revisit(
    capture_writer: CaptureWriterThread, request: Request, sent: Response, known: KnownCapture
) -> CaptureRecord:
    """Keep that the server said 304."""
    exchange = _exchange(request, sent)
    exchange = replace(
        exchange,
        revisited=revisited(known),
        notes=(*notes(known.digest, None), *exchange.notes),
    )
    place = await capture_writer.keep(exchange)
    return capture_record(sent, exchange, place, known.digest, None, known)


def _exchange(request: Request, response: Response) -> Exchange:
    seconds = request.meta.get("download_latency")
    said = []
    if request.meta.get("redirect_urls"):
        said.append(("via", request.meta["redirect_urls"][-1]))
    if seconds is not None:
        said.append(("fetchTimeMs", str(round(seconds * 1000))))
    return Exchange(
        url=request.url,
        method=request.method,
        request_headers=header_pairs(request.headers),
        status=response.status,
        response_headers=header_pairs(response.headers),
        body=response.body,
        fetched_at=datetime.now(UTC),
        ip_address=str(response.ip_address) if response.ip_address else None,
        notes=tuple(said),
    )
