"""Dossiers: articles gathered by hand or by a query, with notes."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from dateline.web import exports
from dateline.web.dependencies import ArchiveDep, IdPath
from dateline.web.pages.frame import Form, Visitor, back, page
from storage.clock import utc_now
from storage.errors import ArchiveError
from storage.search.results.compiled_search import Filter
from storage.users import dossiers as gathering

router = APIRouter()
_OF_QUERY = 50


@router.get("/dossiers")
def dossiers(request: Request, archive: ArchiveDep, reader: Visitor) -> Response:
    """All dossiers, and a form for a new one."""
    return page(request, "dossiers.html", {"dossiers": gathering.list_dossiers(archive)},
                reader=reader)  # fmt: skip


@router.post("/dossiers")
def begin(request: Request, archive: ArchiveDep, reader: Visitor, form: Form) -> Response:
    """Begin a dossier."""
    del reader
    number = gathering.add_dossier(
        archive, form.get("name", ""), utc_now(), note=form.get("note", ""),
        query=form.get("query"),
    )  # fmt: skip
    return back(request, f"/dossiers/{number}")


@router.post("/dossiers/put")
def put(request: Request, archive: ArchiveDep, reader: Visitor, form: Form) -> Response:
    """Put an article into a dossier, a new one where its name is given."""
    del reader
    name = form.get("name", "").strip()
    if name:
        number = gathering.add_dossier(archive, name, utc_now())
    else:
        number = _number(form.get("dossier", ""))
    item_id = _number(form.get("item", ""))
    gathering.add_articles(archive, number, [item_id], utc_now())
    return back(request, form.get("back", "") or f"/item/{item_id}")


def _number(text: str) -> int:
    """A number that a form sends.

    Raises:
        ArchiveError: it is none.
    """
    if not text.isdecimal() or len(text) > 9:
        raise ArchiveError(
            "No dossier was chosen.", "Choose a dossier or enter a name for a new one."
        )
    return int(text)


@router.get("/dossiers/{number}")
def dossier(request: Request, archive: ArchiveDep, reader: Visitor, number: IdPath) -> Response:
    """A dossier with its articles."""
    found = gathering.get_dossier(archive, number)
    values = {
        "dossier": found, "gathered": gathering.dossier_entries(archive, number), "hits": (),
        "total": 0, "formats": exports.LABELS,
    }  # fmt: skip
    if found.query:
        answer = archive.search(found.query, sort="newest")
        values |= {"hits": answer.page(_OF_QUERY).hits, "total": answer.total(10_000)}
    return page(request, "dossier.html", values, reader=reader)


@router.post("/dossiers/{number}")
def change(
    request: Request, archive: ArchiveDep, reader: Visitor, form: Form, number: IdPath
) -> Response:
    """Another name, note or query."""
    del reader
    gathering.update_dossier(
        archive, number, form.get("name", ""), utc_now(), note=form.get("note", ""),
        query=form.get("query"),
    )  # fmt: skip
    return back(request, f"/dossiers/{number}")


@router.post("/dossiers/{number}/delete")
def drop(
    request: Request, archive: ArchiveDep, reader: Visitor, form: Form, number: IdPath
) -> Response:
    """Let go of a dossier."""
    del reader, form
    gathering.delete_dossier(archive, number)
    return back(request, "/dossiers")


@router.post("/dossiers/{number}/articles/{item_id}")
def note(
    request: Request,
    archive: ArchiveDep,
    reader: Visitor,
    form: Form,
    number: IdPath,
    item_id: IdPath,
) -> Response:
    """Note something of an article, or take it out."""
    del reader
    gathering.get_dossier(archive, number)
    if "remove" in form:
        gathering.remove_article(archive, number, item_id)
    else:
        gathering.set_note(archive, number, item_id, form.get("note", ""))
    return back(request, f"/dossiers/{number}#item-{item_id}")


@router.get("/dossiers/{number}/export")
def exported(archive: ArchiveDep, reader: Visitor, number: IdPath, format: str = "ris") -> Response:
    """A dossier's articles as a download."""
    del reader
    if format not in exports.LABELS:
        raise HTTPException(404, f"Unknown export format {format!r}.")
    found = gathering.get_dossier(archive, number)
    return exports.download(archive, format, gathering.query_of(found), Filter(), found.name)
