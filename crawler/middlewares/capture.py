"""Keeps the exchange in a WARC file before anything looks at it, then undoes its coding."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware

from crawler.fetching import header
from storage.captures import Exchange
from storage.records import CaptureRecord

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Headers, Response

_OK = 200


class CaptureMiddleware(HttpCompressionMiddleware):
    """Scrapy's decoding, which stands where both the sent and the decoded body are at hand.

    Requests ask for it by ``meta["keep"]``, a :class:`crawler.keeper.Keeper`. The answer's meta
    has ``digest`` (SHA-256 of the decoded body, hex) and, unless that is
    ``meta["known_digest"]``, ``capture`` (a :class:`CaptureRecord`).
    """

    async def process_response(self, request: Request, response: Response) -> Any:  # type: ignore[override]
        """Keep ``response`` if its request says so, and decode it."""
        sent = response
        decoded = super().process_response(request, response)
        keeper = request.meta.get("keep")
        if response.status != _OK or (keeper is None and not request.meta.get("digest_wanted")):
            return decoded
        digest = hashlib.sha256(decoded.body).hexdigest()
        request.meta["digest"] = digest
        if keeper is None or digest == request.meta.get("known_digest"):
            return decoded
        exchange = _exchange(request, sent)
        place = await asyncio.get_running_loop().run_in_executor(
            keeper.executor, keeper.writer.append, exchange
        )
        request.meta["capture"] = CaptureRecord(
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
        )
        return decoded


def _exchange(request: Request, response: Response) -> Exchange:
    return Exchange(
        url=request.url,
        method=request.method,
        request_headers=_pairs(request.headers),
        status=response.status,
        response_headers=_pairs(response.headers),
        body=response.body,
        fetched_at=datetime.now(UTC),
        ip_address=str(response.ip_address) if response.ip_address else None,
    )


def _pairs(headers: Headers) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, values in headers.items()
        for value in values
    )
