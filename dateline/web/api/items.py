"""API routes for articles and directory entries: fields, revisions, captures, similar articles."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Response

from dateline.web.api.schemas import (
    Cooccurrence,
    ItemDetail,
    ItemLink,
    ItemMention,
    ItemRevision,
    RevisionDiff,
    SearchHit,
)
from dateline.web.dependencies import ArchiveDep, LimitParam, ReaderDep, reader_of, require_login
from dateline.web.problems import responses
from dateline.web.safety import CAPTURE_POLICY
from storage.captures import reservations
from storage.captures.reader import read_capture
from storage.errors import UnknownItem
from storage.queries import cooccurrence, directory, items, timemap
from storage.text.normalize import is_whole_number
from storage.text.word_diff import diff_contents

router = APIRouter(tags=["items"], dependencies=[Depends(reader_of)])
Id = Annotated[int, Path(ge=1, le=2**31 - 1, description="Item number.")]
Revision = Annotated[
    int | None, Query(ge=1, le=1_000_000, description="Revision number; the newest by default.")
]
_MISSING = responses(404)


def record_of(archive: Any, item_id: int, revision: int | None = None) -> dict[str, Any]:
    """Return all fields of an item.

    Raises:
        UnknownItem: the archive has no item with this number.
    """
    items.find_item(archive, str(item_id))
    return items.read_item(archive, item_id, revision)


@router.get("/items/{item_id}", responses=_MISSING)
def item(archive: ArchiveDep, item_id: Id, revision: Revision = None) -> ItemDetail:
    """Get an article or directory entry with its text, links, mentions, media and revisions."""
    return ItemDetail.model_validate(record_of(archive, item_id, revision))


@router.get("/items", responses=_MISSING)
def item_by_url(
    archive: ArchiveDep,
    url: Annotated[str, Query(description="Any URL of the item.", max_length=4_000)],
) -> ItemDetail:
    """Get an item by its URL."""
    if is_whole_number(url):
        raise UnknownItem(f"{url!r} is not a URL", "write it with http:// or https://")
    return ItemDetail.model_validate(items.read_item(archive, items.find_item(archive, url)))


@router.get("/items/{item_id}/links", responses=_MISSING)
def links(archive: ArchiveDep, item_id: Id) -> list[ItemLink]:
    """List the links of an item in the order of the page."""
    return [ItemLink.model_validate(one) for one in record_of(archive, item_id)["links"]]


@router.get("/items/{item_id}/mentions", responses=_MISSING)
def mentions(archive: ArchiveDep, item_id: Id) -> list[ItemMention]:
    """List the mentions of directory entries in an article."""
    return [ItemMention.model_validate(one) for one in record_of(archive, item_id)["mentions"]]


@router.get("/items/{item_id}/revisions", responses=_MISSING)
def revisions(archive: ArchiveDep, item_id: Id) -> list[ItemRevision]:
    """List the revisions of an item, oldest first."""
    return [ItemRevision.model_validate(one) for one in record_of(archive, item_id)["revisions"]]


@router.get("/items/{item_id}/diff", responses=_MISSING)
def diff(
    archive: ArchiveDep,
    item_id: Id,
    first: Annotated[int, Query(ge=1, le=1_000_000, description="Number of the older revision.")],
    second: Annotated[int, Query(ge=1, le=1_000_000, description="Number of the newer revision.")],
) -> RevisionDiff:
    """Compare two revisions word by word."""
    items.find_item(archive, str(item_id))
    found = diff_contents(
        items.read_content(archive, item_id, first), items.read_content(archive, item_id, second)
    )
    return RevisionDiff(first=first, second=second, **found)


@router.get(
    "/items/{item_id}/capture",
    responses=responses(403, 404, 410) | {200: {"content": {"application/octet-stream": {}}}},
    response_class=Response,
)
def capture(
    archive: ArchiveDep, reader: ReaderDep, item_id: Id, revision: Revision = None
) -> Response:
    """Get the captured page of a revision, with its content coding removed.

    Pages that their publishers reserve are available to logged-in users only.
    """
    items.find_item(archive, str(item_id))
    row = items.capture_of(archive, item_id, revision)
    require_login(reader, reservations.reservations_of_id(archive, row.id))
    body = read_capture(archive, row)
    # Never the page's own content type: a browser must not run its scripts.
    return Response(
        body,
        media_type="application/octet-stream",
        headers={
            "Content-Security-Policy": CAPTURE_POLICY,
            "Content-Disposition": f'attachment; filename="item-{item_id}.html"',
        },
    )


@router.get("/items/{item_id}/mementos", responses=_MISSING)
def mementos(archive: ArchiveDep, item_id: Id) -> list[dict[str, Any]]:
    """List the captures of an item's URL, oldest first."""
    found = timemap.mementos(archive, record_of(archive, item_id)["url"])
    return [
        {
            "id": one.id,
            "url": one.url,
            "at": one.at.isoformat(),
            "status": one.status,
            "content_type": one.content_type,
        }
        for one in found
    ]


@router.get("/items/{item_id}/similar", responses=_MISSING)
def similar(archive: ArchiveDep, item_id: Id, limit: LimitParam = 10) -> list[SearchHit]:
    """List the most similar articles, without the article's duplicates."""
    return [SearchHit.of(hit) for hit in archive.more_like_this(item_id, limit)]


@router.get("/items/{item_id}/cooccurrences", responses=_MISSING)
def cooccurrences(archive: ArchiveDep, item_id: Id, limit: LimitParam = 20) -> list[Cooccurrence]:
    """List the directory entries that are mentioned in the same articles as this one."""
    if record_of(archive, item_id)["kind"] != "entry":
        raise UnknownItem(
            f"item {item_id} is not a directory entry", "find one with /api/directory"
        )
    circle = cooccurrence.network(archive, item_id, limit)
    return [Cooccurrence(id=o.id, name=o.name, articles=o.articles) for o in circle.neighbours]


@router.get("/directory", responses=_MISSING)
def directory_entries(
    archive: ArchiveDep,
    name: Annotated[
        str, Query(min_length=1, max_length=200, description="A name or a part of a name.")
    ],
) -> list[dict[str, Any]]:
    """Find directory entries by name, with the articles that mention them."""
    return directory.find_entries(archive, name)
