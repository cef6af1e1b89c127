"""Atom and RSS feeds of queries, saved searches and dossiers; OPML of sources and feeds."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Literal
from xml.etree import ElementTree as ET

from fastapi import APIRouter, Depends, Request, Response

from dateline.web.dependencies import ArchiveDep, IdPath, SearchParamsDep, reader_of
from storage.export.formats import export
from storage.search.results.compiled_search import Filter
from storage.users import dossiers, saved_searches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.search.results.hits import Hit

router = APIRouter(tags=["feeds"], dependencies=[Depends(reader_of)])
_ENTRIES = 50
_ATOM = "http://www.w3.org/2005/Atom"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Form = Literal["atom", "rss"]


@router.get("/feeds/search.{form}")
def of_query(
    request: Request, archive: ArchiveDep, form: Form, params: SearchParamsDep
) -> Response:
    """Feed of the newest articles that match a query."""
    hits = archive.search(
        params.q,
        source=params.source,
        since=params.since or None,
        until=params.until or None,
        sort="newest",
        duplicates=params.duplicates,
        limit=_ENTRIES,
    )
    return _feed(request, form, params.q or "Dateline", list(hits))


@router.get("/feeds/search/{number}.{form}")
def of_saved(request: Request, archive: ArchiveDep, number: IdPath, form: Form) -> Response:
    """Feed of the newest articles that match a saved search."""
    saved = saved_searches.get_search(archive, number)
    hits = archive.search(saved.query, sort="newest", limit=_ENTRIES)
    return _feed(request, form, saved.name, list(hits))


@router.get("/feeds/dossier/{number}.{form}")
def of_dossier(request: Request, archive: ArchiveDep, number: IdPath, form: Form) -> Response:
    """Feed of the newest articles of a dossier: added by hand, or matching its query."""
    dossier = dossiers.get_dossier(archive, number)
    hits = archive.search(dossiers.query_of(dossier), sort="newest", limit=_ENTRIES)
    return _feed(request, form, dossier.name, list(hits))


@router.get("/feeds/sources.opml")
def opml(archive: ArchiveDep) -> Response:
    """OPML of the sources' feeds."""
    out = io.BytesIO()
    export(archive, "opml", "", Filter(), out)
    return Response(out.getvalue(), media_type="text/x-opml")


@router.get("/feeds/searches.opml")
def searches_opml(request: Request, archive: ArchiveDep) -> Response:
    """OPML of the feeds of saved searches and dossiers."""
    root = ET.Element("opml", version="2.0")
    ET.SubElement(ET.SubElement(root, "head"), "title").text = "Dateline"
    body = ET.SubElement(root, "body")
    base = _base(request)
    lines = [
        (one.name, f"{base}/feeds/search/{one.id}.atom")
        for one in saved_searches.list_searches(archive)
    ]
    lines += [
        (one.name, f"{base}/feeds/dossier/{one.id}.atom") for one in dossiers.list_dossiers(archive)
    ]
    for name, url in lines:
        ET.SubElement(body, "outline", type="rss", text=_plain(name), xmlUrl=url)
    return Response(ET.tostring(root, "utf-8", xml_declaration=True), media_type="text/x-opml")


def _feed(request: Request, form: Form, title: str, hits: Sequence[Hit]) -> Response:
    address = str(request.url)
    if form == "atom":
        return Response(
            _atom(_base(request), address, title, hits), media_type="application/atom+xml"
        )
    return Response(_rss(_base(request), address, title, hits), media_type="application/rss+xml")


def _base(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def _plain(text: str) -> str:
    """Remove the characters that XML 1.0 does not allow."""
    return "".join(
        c
        for c in text
        if c in "\t\n\r" or "\x20" <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c > "\uffff"
    )


def _atom(base: str, address: str, title: str, hits: Sequence[Hit]) -> bytes:
    """RFC 4287."""
    ET.register_namespace("", _ATOM)
    root = ET.Element(f"{{{_ATOM}}}feed")

    def put(
        parent: ET.Element, name: str, text: str | None = None, **attributes: str
    ) -> ET.Element:
        one = ET.SubElement(parent, f"{{{_ATOM}}}{name}", attributes)
        one.text = None if text is None else _plain(text)
        return one

    put(root, "title", title)
    put(root, "id", address)
    put(root, "link", rel="self", href=address)
    put(root, "link", rel="alternate", href=base + "/")
    newest = max((hit.sort_at for hit in hits), default=_EPOCH)
    put(root, "updated", newest.isoformat())
    put(put(root, "author"), "name", "Dateline")
    for hit in hits:
        entry = put(root, "entry")
        put(entry, "title", hit.headline)
        put(entry, "id", f"{base}/item/{hit.id}")
        put(entry, "link", rel="alternate", href=f"{base}/item/{hit.id}")
        put(entry, "link", rel="via", href=_plain(hit.url))
        put(entry, "updated", hit.sort_at.isoformat())
        if hit.published is not None:
            put(entry, "published", hit.published.at.isoformat())
        for name in hit.byline:
            put(put(entry, "author"), "name", name)
        put(entry, "category", term=_plain(hit.source))
        put(entry, "summary", hit.standfirst or hit.snippet)
    return bytes(ET.tostring(root, "utf-8", xml_declaration=True))


def _rss(base: str, address: str, title: str, hits: Sequence[Hit]) -> bytes:
    """RSS 2.0 (https://www.rssboard.org/rss-specification), with the atom:link it recommends."""
    ET.register_namespace("atom", _ATOM)
    root = ET.Element("rss", version="2.0")
    channel = ET.SubElement(root, "channel")

    def put(parent: ET.Element, name: str, text: str, **attributes: str) -> None:
        ET.SubElement(parent, name, attributes).text = _plain(text)

    put(channel, "title", title)
    put(channel, "link", base + "/")
    put(channel, "description", f"Dateline: {title}")
    ET.SubElement(channel, f"{{{_ATOM}}}link", rel="self", href=address, type="application/rss+xml")
    for hit in hits:
        item = ET.SubElement(channel, "item")
        put(item, "title", hit.headline)
        put(item, "link", f"{base}/item/{hit.id}")
        put(item, "guid", f"{base}/item/{hit.id}", isPermaLink="true")
        if hit.published is not None:
            put(item, "pubDate", format_datetime(hit.published.at))
        put(item, "category", hit.source)
        put(item, "description", hit.standfirst or hit.snippet)
    return bytes(ET.tostring(root, "utf-8", xml_declaration=True))
