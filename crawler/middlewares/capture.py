"""Keeps the exchange in a WARC file before anything looks at it, and decodes its body."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Headers, TextResponse
from scrapy.responsetypes import responsetypes

from crawler.http.fetch import header
from crawler.middlewares.refresh import leads_to
from storage.captures.content_encoding import UNDECLARED, decode_answer
from storage.captures.warc import Exchange, Revisited
from storage.errors import BodyTooLarge
from storage.types import rights
from storage.types.pages import CaptureRecord

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response

    from crawler.run.capture_writer import Keeper
    from storage.types.pages import KnownCapture

_OK, _NOT_MODIFIED = 200, 304


class CaptureMiddleware(HttpCompressionMiddleware):
    """Stands where both the sent and the decoded body are at hand.

    It asks for codings as Scrapy's middleware does, and decodes by the function that reads captures
    back. The sent response is never changed: it is what is kept.

    Requests ask for it by ``meta["keep"]``, a :class:`crawler.run.capture_writer.Keeper`;
    ``meta["known"]`` is
    the last capture of the page. The answer's meta has ``digest`` (SHA-256 of the decoded body,
    hex) and ``capture`` (a :class:`CaptureRecord`, a revisit where the page is as it was); or
    ``reserved`` where its publisher asks not to keep it and the source's policy is strict.
    """

    async def process_response(self, request: Request, response: Response) -> Any:  # type: ignore[override]
        """Keep ``response`` if its request says so, and decode it."""
        sent, decoded = response, self._decoded(request, response)
        keeper: Keeper | None = request.meta.get("keep")
        known: KnownCapture | None = request.meta.get("known")
        if response.status == _NOT_MODIFIED and keeper is not None and known is not None:
            request.meta["capture"] = await _kept(keeper, request, sent, known.digest, None, known)
        if response.status != _OK or (keeper is None and not request.meta.get("digest_wanted")):
            return decoded
        digest = hashlib.sha256(decoded.body).hexdigest()
        request.meta["digest"] = digest
        # A signpost is no page, as a redirect is none: no row of the archive would name its record.
        if keeper is None or await leads_to(request, decoded) is not None:
            return decoded
        found = keeper.rights_of(request.url, _pairs(sent.headers), decoded.body)
        if rights.forbids_storing(found):
            request.meta["reserved"] = rights.NOARCHIVE
            return decoded
        same = known if known is not None and known.digest == digest else None
        undeclared = decoded is not sent and "Content-Encoding" not in sent.headers
        request.meta["capture"] = await _kept(
            keeper, request, sent, digest, found, same, undeclared=undeclared
        )
        return decoded

    def _decoded(self, request: Request, sent: Response) -> Response:
        """A response of its own with the decoded body, without the header that named its coding."""
        if request.method == "HEAD":
            return sent
        limit = request.meta.get("download_maxsize", self._max_size)
        try:
            body = decode_answer(_pairs(sent.headers), sent.body, limit)
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


async def _kept(
    keeper: Keeper,
    request: Request,
    sent: Response,
    digest: str,
    found: dict[str, Any] | None,
    known: KnownCapture | None,
    *,
    undeclared: bool = False,
) -> CaptureRecord:
    exchange = _exchange(request, sent, digest, found, known, undeclared=undeclared)
    place = await keeper.keep(exchange)
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
        rights=found,
    )


def _exchange(
    request: Request,
    response: Response,
    digest: str,
    found: dict[str, Any] | None,
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
    notes += [(f"rights-{name}", str(value)) for name, value in (found or {}).items()]
    revisited = None
    if known is not None:
        revisited = Revisited(known.record_id, known.url, known.fetched_at)
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
