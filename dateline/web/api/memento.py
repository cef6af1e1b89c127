"""Memento (RFC 7089): TimeGate, TimeMaps and the captures of a URL."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import TYPE_CHECKING

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException

from dateline.web.dependencies import ArchiveDep, IdPath, ReaderDep, reader_of, require_login
from dateline.web.safety import CAPTURE_POLICY
from storage.captures import reservations
from storage.queries import timemap as mementos

if TYPE_CHECKING:
    from storage.archive import Archive
    from storage.queries.timemap import Memento

router = APIRouter(tags=["Memento"], dependencies=[Depends(reader_of)])
_STAMP = "%Y%m%d%H%M%S"
# Content types that a sandboxed frame may show; others are downloaded.
_SHOWN = ("text/html", "application/xhtml+xml", "text/plain")


@router.get("/timegate/{url:path}")
def timegate(request: Request, archive: ArchiveDep, url: str) -> Response:
    """Redirect to the capture nearest to `Accept-Datetime`, or to the newest capture."""
    address = _address(request, url)
    accept_datetime = request.headers.get("accept-datetime")
    at = None
    if accept_datetime is not None:
        try:
            at = parsedate_to_datetime(accept_datetime)
        except ValueError as error:
            raise HTTPException(
                400, "Accept-Datetime is not an HTTP date. Example: Thu, 01 Sep 2021 12:00:00 GMT"
            ) from error
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    found = mementos.mementos(archive, address)
    chosen = mementos.nearest_memento(found, at)
    headers = {"Vary": "accept-datetime", "Link": _links(request, address, found, chosen)}
    return RedirectResponse(_place(request, chosen), 302, headers)


@router.get("/timemap/link/{url:path}")
def timemap(request: Request, archive: ArchiveDep, url: str) -> Response:
    """List the captures of a URL as `application/link-format`."""
    address = _address(request, url)
    found = mementos.mementos(archive, address)
    base = _base(request)
    lines = [
        f'<{_safe(address)}>;rel="original"',
        f'<{base}/timemap/link/{_safe(address)}>;rel="self";type="application/link-format"'
        f';from="{_http(found[0].at)}";until="{_http(found[-1].at)}"',
        f'<{base}/timegate/{_safe(address)}>;rel="timegate"',
    ]
    for i, one in enumerate(found):
        rel = " ".join(
            filter(
                None,
                [
                    "first" if i == 0 else "",
                    "last" if i == len(found) - 1 else "",
                    "memento",
                ],
            )
        )
        lines.append(f'<{_place(request, one)}>;rel="{rel}";datetime="{_http(one.at)}"')
    return Response(",\n".join(lines) + "\n", media_type="application/link-format")


@router.get("/timemap/json/{url:path}")
def timemap_json(request: Request, archive: ArchiveDep, url: str) -> Response:
    """List the captures of a URL as JSON."""
    address = _address(request, url)
    found = mementos.mementos(archive, address)
    base = _base(request)
    return JSONResponse(
        {
            "original_uri": address,
            "timegate_uri": f"{base}/timegate/{_safe(address)}",
            "timemap_uri": {"link_format": f"{base}/timemap/link/{_safe(address)}"},
            "mementos": {
                "list": [
                    {"datetime": one.at.isoformat(), "uri": _place(request, one)} for one in found
                ]
            },
        }
    )


@router.get("/memento/{number}/{stamp}/{url:path}")
def memento(
    request: Request, archive: ArchiveDep, reader: ReaderDep, number: IdPath, stamp: str, url: str
) -> Response:
    """Serve a captured page for a sandboxed frame without scripts.

    Pages that their publishers reserve are available to logged-in users only.
    """
    del stamp, url
    require_login(reader, reservations.reservations_of_id(archive, number))
    found, body = mementos.read_body(archive, number)
    every = mementos.mementos(archive, found.url)
    headers = {
        "Memento-Datetime": _http(found.at),
        "Link": _links(request, found.url, every, found),
        "Content-Security-Policy": CAPTURE_POLICY,
    }
    kind = (found.content_type or "").partition(";")[0].strip().lower()
    if kind not in _SHOWN:
        headers["Content-Disposition"] = f'attachment; filename="capture-{number}"'
        return Response(body, media_type="application/octet-stream", headers=headers)
    # Keeps the server's charset; without one the browser reads the page's own declaration.
    return Response(body, headers={**headers, "Content-Type": found.content_type or kind})


def place_of(one: Memento) -> str:
    """Return the path of a capture."""
    return f"/memento/{one.id}/{one.at.astimezone(UTC).strftime(_STAMP)}/{_safe(one.url)}"


def newest_place(archive: Archive, url: str) -> str:
    """Return the path of a URL's newest capture."""
    return place_of(mementos.mementos(archive, url)[-1])


def _place(request: Request, one: Memento) -> str:
    return _base(request) + place_of(one)


def _links(request: Request, address: str, found: list[Memento], chosen: Memento) -> str:
    """Build the Link header that RFC 7089 requires of a TimeGate and of a memento."""
    base = _base(request)
    links = [
        f'<{_safe(address)}>; rel="original"',
        f'<{base}/timegate/{_safe(address)}>; rel="timegate"',
        f'<{base}/timemap/link/{_safe(address)}>; rel="timemap"; type="application/link-format"',
    ]
    for rel, one in (("first memento", found[0]), ("last memento", found[-1]), ("memento", chosen)):
        links.append(f'<{_place(request, one)}>; rel="{rel}"; datetime="{_http(one.at)}"')
    return ", ".join(links)


def _address(request: Request, url: str) -> str:
    """Return the URL from the path, with the query string that the browser separated."""
    query = request.url.query
    return f"{url}?{query}" if query else url


def _safe(url: str) -> str:
    """Escape the characters of a URL that would end its angle brackets or its line."""
    return "".join(
        c
        if c.isascii() and c.isprintable() and c not in '<>" '
        else "".join(f"%{byte:02X}" for byte in c.encode("utf-8", "replace"))
        for c in url
    )


def _http(at: datetime) -> str:
    return format_datetime(at.astimezone(UTC), usegmt=True)


def _base(request: Request) -> str:
    return str(request.base_url).rstrip("/")
