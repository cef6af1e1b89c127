"""Memento (RFC 7089): a TimeGate, TimeMaps and the captures of a URL in time."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import TYPE_CHECKING

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException

from dateline.web.asking import Asking, Held, Number, reader_of, require_login
from dateline.web.safety import CAPTURE_POLICY
from storage.captures import reservations
from storage.queries import timemap as mementos

if TYPE_CHECKING:
    from storage.archive import Archive
    from storage.queries.timemap import Memento

router = APIRouter(tags=["Memento"], dependencies=[Depends(reader_of)])
_STAMP = "%Y%m%d%H%M%S"
# Types that a sandboxed frame may show; anything else is downloaded.
_SHOWN = ("text/html", "application/xhtml+xml", "text/plain")


@router.get("/timegate/{url:path}")
def timegate(request: Request, archive: Held, url: str) -> Response:
    """The capture nearest to `Accept-Datetime`; the newest without it."""
    address = _address(request, url)
    asked = request.headers.get("accept-datetime")
    at = None
    if asked is not None:
        try:
            at = parsedate_to_datetime(asked)
        except ValueError as error:
            raise HTTPException(
                400, "Accept-Datetime is no date as in Thu, 01 Sep 2021 12:00:00 GMT"
            ) from error
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    found = mementos.mementos(archive, address)
    chosen = mementos.nearest(found, at)
    headers = {"Vary": "accept-datetime", "Link": _links(request, address, found, chosen)}
    return RedirectResponse(_place(request, chosen), 302, headers)


@router.get("/timemap/link/{url:path}")
def timemap(request: Request, archive: Held, url: str) -> Response:
    """All captures of a URL, as `application/link-format`."""
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
        rel = " ".join(filter(None, [
            "first" if i == 0 else "", "last" if i == len(found) - 1 else "", "memento",
        ]))  # fmt: skip
        lines.append(f'<{_place(request, one)}>;rel="{rel}";datetime="{_http(one.at)}"')
    return Response(",\n".join(lines) + "\n", media_type="application/link-format")


@router.get("/timemap/json/{url:path}")
def timemap_json(request: Request, archive: Held, url: str) -> Response:
    """All captures of a URL, as JSON."""
    address = _address(request, url)
    found = mementos.mementos(archive, address)
    base = _base(request)
    return JSONResponse({
        "original_uri": address,
        "timegate_uri": f"{base}/timegate/{_safe(address)}",
        "timemap_uri": {"link_format": f"{base}/timemap/link/{_safe(address)}"},
        "mementos": {"list": [
            {"datetime": one.at.isoformat(), "uri": _place(request, one)} for one in found
        ]},
    })  # fmt: skip


@router.get("/memento/{number}/{stamp}/{url:path}")
def memento(
    request: Request, archive: Held, reader: Asking, number: Number, stamp: str, url: str
) -> Response:
    """A capture as its publisher sent it, to be shown in a frame without origin or script.

    What its publisher reserves is shown to logged-in users only.
    """
    del stamp, url
    require_login(reader, reservations.of_number(archive, number))
    found, body = mementos.body_of(archive, number)
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
    # With its charset, if the server named one; else the browser looks at the page's own word.
    return Response(body, headers={**headers, "Content-Type": found.content_type or kind})


def place_of(one: Memento) -> str:
    """The path of a capture."""
    return f"/memento/{one.id}/{one.at.astimezone(UTC).strftime(_STAMP)}/{_safe(one.url)}"


def newest_place(archive: Archive, url: str) -> str:
    """The path of a URL's newest capture."""
    return place_of(mementos.mementos(archive, url)[-1])


def _place(request: Request, one: Memento) -> str:
    return _base(request) + place_of(one)


def _links(request: Request, address: str, found: list[Memento], chosen: Memento) -> str:
    """The Link header that RFC 7089 wants of a TimeGate and of a memento."""
    base = _base(request)
    links = [
        f'<{_safe(address)}>; rel="original"',
        f'<{base}/timegate/{_safe(address)}>; rel="timegate"',
        f'<{base}/timemap/link/{_safe(address)}>; rel="timemap"; type="application/link-format"',
    ]
    for rel, one in (("first memento", found[0]), ("last memento", found[-1]),
                     ("memento", chosen)):  # fmt: skip
        links.append(f'<{_place(request, one)}>; rel="{rel}"; datetime="{_http(one.at)}"')
    return ", ".join(links)


def _address(request: Request, url: str) -> str:
    """The URL in a path, with the query that a browser has cut off."""
    query = request.url.query
    return f"{url}?{query}" if query else url


def _safe(url: str) -> str:
    """A URL that cannot leave its brackets or its line."""
    return "".join(
        c if c.isascii() and c.isprintable() and c not in '<>" ' else
        "".join(f"%{byte:02X}" for byte in c.encode("utf-8", "replace")) for c in url
    )  # fmt: skip


def _http(at: datetime) -> str:
    return format_datetime(at.astimezone(UTC), usegmt=True)


def _base(request: Request) -> str:
    return str(request.base_url).rstrip("/")
