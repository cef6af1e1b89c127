"""The pages of an item: an article as reading, a directory entry, the history of both."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, RedirectResponse, Response

from dateline.web.api.items import record_of
from dateline.web.api.memento import newest_place, place_of
from dateline.web.dependencies import ArchiveDep, IdPath
from dateline.web.i18n import formats
from dateline.web.i18n.catalogue import Words
from dateline.web.i18n.labels import CODED, field_value
from dateline.web.markup import charts, texts
from dateline.web.pages.frame import Visitor, page, words_of
from storage.errors import ArchiveError, CaptureUnreadable, UnknownItem
from storage.queries import cooccurrence, directory, items, timemap
from storage.text.word_diff import Piece, diff_contents
from storage.users import dossiers

router = APIRouter()
# Types of pictures that browsers show and that carry no script.
_PICTURES = {"image/jpeg", "image/png", "image/gif", "image/webp", "image/avif"}
_RELATIONS = ("related", "entry", "attachment", "further", "embedded", "outside")


@router.get("/item/{item_id}")
def item(
    request: Request,
    archive: ArchiveDep,
    reader: Visitor,
    item_id: IdPath,
    revision: int | None = None,
) -> Response:
    """An article, or a directory entry."""
    record = record_of(archive, item_id, revision)
    if record["kind"] == "entry":
        return _entry(request, archive, reader, record)
    links: dict[str, list[dict[str, Any]]] = {}
    # What stands in the text or among the attachments need not be listed again.
    named = {one["url"] for one in (*record["mentions"], *record["media"])}
    for link in record["links"]:
        if link["url"] not in named:
            links.setdefault(link["relation"], []).append(link)
    pictures = {one["url"]: one for one in record["media"] if one["kind"] == "picture"}
    try:
        similar = archive.more_like_this(item_id, 6) if record["revisions"] else []
    except UnknownItem:
        similar = []
    cards = {one["item"]: one for one in record["mentions"] if one["item"]}
    figures = {block.get("media") for block in record["blocks"] if block["kind"] == "figure"}
    lead = next(
        (one for url, one in pictures.items() if url not in figures and _can_show(one)), None
    )
    beside = {link["item"] for link in record["links"]} | set(cards)
    record["linked_from"] = [one for one in record["linked_from"] if one["item"] not in beside]
    return page(request, "article.html", {
        "record": record,
        "blocks": texts.without_standfirst(
            texts.grouped(record["blocks"], record["mentions"]), record.get("standfirst")
        ),
        "relations": [(name, links[name]) for name in _RELATIONS if name in links],
        "pictures": pictures, "similar": similar, "coins": texts.coins(record),
        "cards": list(cards.values()), "capture": _capture_place(archive, record),
        "in_dossiers": dossiers.dossiers_containing(archive, item_id),
        "dossiers": dossiers.list_dossiers(archive), "shown": revision,
        "attachments": [one for one in record["media"] if one["kind"] == "attachment"],
        "lead": lead, "can_show": _can_show,
    }, reader=reader)  # fmt: skip


def _can_show(one: dict[str, Any]) -> bool:
    """Return whether a picture is here and of a type that browsers show."""
    kind = (one["content_type"] or "").partition(";")[0].lower()
    return one["state"] == "stored" and kind in _PICTURES


def _entry(request: Request, archive: Any, reader: Any, record: dict[str, Any]) -> Response:
    number = record["id"]
    answer = archive.search(f"who:{number}", sort="newest")
    try:
        months = dict(answer.over_time("month"))
        hits = answer.page(20).hits
    except ArchiveError:
        months, hits = {}, ()
    labels = charts.periods(min(months), max(months), "month") if months else []
    values = charts.Series("", tuple(float(months.get(one, 0)) for one in labels))
    words = words_of(request)
    names_of_months = [formats.period(one, "month", words.language) for one in labels]
    circle = cooccurrence.network(archive, number)
    names = [(one.id, one.name, one.articles) for one in circle.neighbours]
    return page(request, "entry.html", {
        "record": record, "blocks": texts.grouped(record["blocks"], ()), "hits": hits,
        "labels": names_of_months, "values": values.values,
        "chart": lambda title: charts.bars(names_of_months, values, title, words),
        "circle": circle, "capture": _capture_place(archive, record),
        "names": directory.names_of(archive, number),
        "graph": lambda title: charts.graph(
            record["title"] or "", names, list(circle.pairs), title),
    }, reader=reader)  # fmt: skip


def _capture_place(archive: Any, record: dict[str, Any]) -> str | None:
    """Where the newest capture of an item's page is shown."""
    for url in (record["url"], *record["addresses"]):
        try:
            return newest_place(archive, url)
        except UnknownItem:
            continue
    return None


@router.get("/item/{item_id}/capture")
def captured(request: Request, archive: ArchiveDep, reader: Visitor, item_id: IdPath) -> Response:
    """The captured page in a frame, and its other captures."""
    record = record_of(archive, item_id)
    place = _capture_place(archive, record)
    if place is None:
        raise UnknownItem(
            f"The page of item {item_id} has not been fetched yet.", "Crawl its source."
        )
    number = int(place.split("/")[2])
    url = timemap.read_body(archive, number)[0].url
    every = [(one, place_of(one)) for one in reversed(timemap.mementos(archive, url))]
    wanted = request.query_params.get("capture", "")
    chosen = next(((one, p) for one, p in every if str(one.id) == wanted), every[0])
    return page(request, "capture.html", {
        "record": record, "place": chosen[1], "chosen": chosen[0], "every": every[:200],
    }, reader=reader)  # fmt: skip


@router.get("/item/{item_id}/revisions")
def revisions(
    request: Request,
    archive: ArchiveDep,
    reader: Visitor,
    item_id: IdPath,
    first: Annotated[int | None, Query(ge=1, le=1_000_000)] = None,
    second: Annotated[int | None, Query(ge=1, le=1_000_000)] = None,
    view: str = "inline",
) -> Response:
    """How an item changed: two of its revisions compared, word by word."""
    record = record_of(archive, item_id)
    count = len(record["revisions"])
    found = None
    if count > 1:
        second = min(second or count, count)
        first = min(first or max(1, second - 1), count)
        found = diff_contents(
            items.read_content(archive, item_id, first),
            items.read_content(archive, item_id, second),
        )
        found["fields"] = {
            name: _field_pieces(words_of(request), name, pieces)
            for name, pieces in found["fields"].items()
        }
    return page(request, "revisions.html", {
        "record": record, "found": found, "first": first, "second": second,
        "view": view if view in ("inline", "side") else "inline",
    }, reader=reader)  # fmt: skip


def _field_pieces(words: Words, field: str, pieces: list[Piece]) -> list[Piece]:
    """How a field changed; codes, languages and timestamps in words, each as a whole."""
    if field not in CODED:
        return pieces
    old, new = ("".join(text for sign, text in pieces if sign in signs) for signs in ("=-", "=+"))
    shown = (("-", field_value(words, field, old)), ("+", field_value(words, field, new)))
    return [piece for piece in shown if piece[1]]


@router.get("/media/{digest}")
def media(archive: ArchiveDep, reader: Visitor, digest: str) -> Response:
    """A picture or attachment from the archive."""
    del reader
    found = items.media_file(archive, digest)
    kind = (found.content_type or "").partition(";")[0].lower()
    shown = kind in _PICTURES
    headers = {"Content-Security-Policy": "sandbox; default-src 'none'",
               "Cache-Control": "private, max-age=86400"}  # fmt: skip
    if not shown:
        headers["Content-Disposition"] = f'attachment; filename="{found.path.name}"'
    if not found.path.is_file():
        raise CaptureUnreadable(
            f"The file {found.path.name} is missing.", "Restore it from a backup."
        )
    return FileResponse(
        found.path, media_type=kind if shown else "application/octet-stream", headers=headers
    )


@router.get("/directory")
def entries(request: Request, archive: ArchiveDep, reader: Visitor, name: str = "") -> Response:
    """Find an entry of the directory by its name."""
    found: list[dict[str, Any]] = []
    if name.strip():
        try:
            found = directory.find_entries(archive, name)
        except UnknownItem:
            found = []
        if len(found) == 1:
            return RedirectResponse(f"/item/{found[0]['id']}", 303)
    top = archive.search("", sort="newest").facets("entry", limit=30, most=charts.SAMPLE)[0].values
    return page(request, "directory.html", {"name": name, "found": found, "top": top},
                reader=reader)  # fmt: skip


@router.get("/open")
def opened(archive: ArchiveDep, reader: Visitor, url: str = "") -> Response:
    """The item that a URL leads to."""
    del reader
    if not url.startswith("http"):
        raise HTTPException(404, f"{url!r} is not a web address. Example: https://news.example/")
    return RedirectResponse(f"/item/{items.find_item(archive, url)}", 303)
