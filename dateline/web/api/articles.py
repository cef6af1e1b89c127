"""Articles and directory entries: whole, their revisions and captures, what is like them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Response

from dateline.web.api.shapes import (
    Difference,
    HitShape,
    ItemAnswer,
    LinkShape,
    MentionShape,
    NeighbourShape,
    RevisionShape,
)
from dateline.web.asking import Asking, Held, Limit, reader_of, require_login
from dateline.web.problems import responses
from dateline.web.safety import CAPTURE_POLICY
from storage.captures import reservations
from storage.captures.reader import read_capture
from storage.errors import UnknownItem
from storage.queries import cooccurrence, directory, items, timemap
from storage.text.normalize import is_whole_number
from storage.text.word_diff import difference

router = APIRouter(tags=["articles"], dependencies=[Depends(reader_of)])
Id = Annotated[int, Path(ge=1, le=2**31 - 1, description="An item of the archive.")]
Revision = Annotated[int | None, Query(ge=1, le=1_000_000, description="Default: the newest.")]
_MISSING = responses(404)


def record_of(archive: Any, item_id: int, revision: int | None = None) -> dict[str, Any]:
    """The record of an item.

    Raises:
        UnknownItem: there is none of that number.
    """
    items.find(archive, str(item_id))
    return items.item(archive, item_id, revision)


@router.get("/items/{item_id}", responses=_MISSING)
def item(archive: Held, item_id: Id, revision: Revision = None) -> ItemAnswer:
    """An article or directory entry with its text, links, mentions, media, revisions."""
    return ItemAnswer.model_validate(record_of(archive, item_id, revision))


@router.get("/items", responses=_MISSING)
def item_at(
    archive: Held,
    url: Annotated[str, Query(description="An address under which it was met.", max_length=4_000)],
) -> ItemAnswer:
    """The item that a URL leads to."""
    if is_whole_number(url):
        raise UnknownItem(f"{url!r} is no URL", "write http:// or https:// before it")
    return ItemAnswer.model_validate(items.item(archive, items.find(archive, url)))


@router.get("/items/{item_id}/links", responses=_MISSING)
def links(archive: Held, item_id: Id) -> list[LinkShape]:
    """What an item links to, in its order."""
    return [LinkShape.model_validate(one) for one in record_of(archive, item_id)["links"]]


@router.get("/items/{item_id}/mentions", responses=_MISSING)
def mentions(archive: Held, item_id: Id) -> list[MentionShape]:
    """The directory entries that an article names, and where."""
    return [MentionShape.model_validate(one) for one in record_of(archive, item_id)["mentions"]]


@router.get("/items/{item_id}/revisions", responses=_MISSING)
def revisions(archive: Held, item_id: Id) -> list[RevisionShape]:
    """The revisions of an item, the first one first."""
    return [RevisionShape.model_validate(one) for one in record_of(archive, item_id)["revisions"]]


@router.get("/items/{item_id}/difference", responses=_MISSING)
def compared(
    archive: Held,
    item_id: Id,
    first: Annotated[int, Query(ge=1, le=1_000_000)],
    second: Annotated[int, Query(ge=1, le=1_000_000)],
) -> Difference:
    """What differs between two revisions, word by word."""
    items.find(archive, str(item_id))
    found = difference(
        items.content(archive, item_id, first), items.content(archive, item_id, second)
    )
    return Difference(first=first, second=second, **found)


@router.get(
    "/items/{item_id}/capture",
    responses=responses(403, 404, 410) | {200: {"content": {"application/octet-stream": {}}}},
    response_class=Response,
)
def capture(archive: Held, reader: Asking, item_id: Id, revision: Revision = None) -> Response:
    """The page that a revision was made of, as its publisher sent it (content coding undone).

    What its publisher reserves is given to logged-in users only.
    """
    items.find(archive, str(item_id))
    made_of = items.capture_of(archive, item_id, revision)
    require_login(reader, reservations.of_number(archive, made_of.id))
    body = read_capture(archive, made_of)
    # Never the page's own type here: a browser that is led to it must not run it.
    return Response(
        body, media_type="application/octet-stream",
        headers={"Content-Security-Policy": CAPTURE_POLICY,
                 "Content-Disposition": f'attachment; filename="item-{item_id}.html"'},
    )  # fmt: skip


@router.get("/items/{item_id}/mementos", responses=_MISSING)
def captures(archive: Held, item_id: Id) -> list[dict[str, Any]]:
    """The captures of an item's address in the order of time."""
    found = timemap.mementos(archive, record_of(archive, item_id)["url"])
    return [
        {"id": one.id, "url": one.url, "at": one.at.isoformat(), "status": one.status,
         "content_type": one.content_type} for one in found
    ]  # fmt: skip


@router.get("/items/{item_id}/similar", responses=_MISSING)
def similar(archive: Held, item_id: Id, limit: Limit = 10) -> list[HitShape]:
    """The articles most like another, without its duplicates."""
    return [HitShape.of(hit) for hit in archive.similar(item_id, limit)]


@router.get("/items/{item_id}/together", responses=_MISSING)
def beside(archive: Held, item_id: Id, limit: Limit = 20) -> list[NeighbourShape]:
    """The directory entries that are named in the same articles as this one."""
    if record_of(archive, item_id)["kind"] != "entry":
        raise UnknownItem(f"item {item_id} is no directory entry", "look for one at /api/directory")
    circle = cooccurrence.around(archive, item_id, limit)
    return [NeighbourShape(id=o.id, name=o.name, articles=o.articles) for o in circle.neighbours]


@router.get("/directory", responses=_MISSING)
def who(
    archive: Held,
    name: Annotated[
        str, Query(min_length=1, max_length=200, description="A name or a part of it.")
    ],
) -> list[dict[str, Any]]:
    """The entries of the directory of that name, with the articles that name them."""
    return directory.who(archive, name)
