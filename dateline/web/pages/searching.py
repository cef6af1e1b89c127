"""The search page: box, builder, answer, facets, saved searches, exports."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from dateline.web import exports
from dateline.web.background import Background
from dateline.web.dependencies import ArchiveDep, CursorParam, IdPath, SearchParams, SearchParamsDep
from dateline.web.i18n import formats
from dateline.web.i18n.catalogue import Words
from dateline.web.markup import charts
from dateline.web.pages.frame import Form, Visitor, back, page, parameters, words_of
from storage.clock import utc_now
from storage.crawl.sources import source_names
from storage.errors import ArchiveError, BadQuery
from storage.search.query.parser import quote_phrase
from storage.search.results.facets import Facet
from storage.search.results.matches import MAX_TERM_COUNT
from storage.users import dossiers, saved_searches

router = APIRouter()
_PAGE = 20
_FACETS: tuple[Facet, ...] = ("source", "section", "author", "language", "entry")


@router.get("/search")
def search(
    request: Request,
    archive: ArchiveDep,
    reader: Visitor,
    params: SearchParamsDep,
    cursor: CursorParam = None,
    facets: bool = False,
) -> Response:
    """The answer to a query, a page at a time."""
    values: dict[str, Any] = {
        "asked": params, "hits": (), "cursor": None, "total": 0, "exact": True, "error": None,
        "searches": saved_searches.list_searches(archive),
        "formats": exports.LABELS, "facets": None,
        "chart": None, "first": cursor is None, "dossiers": dossiers.list_dossiers(archive),
    }  # fmt: skip
    try:
        answer = params.execute(archive)
        counted = Background(lambda: answer.total(MAX_TERM_COUNT + 1))
        found = answer.page(_PAGE, cursor)
        total = counted.result()
        values |= {"hits": found.hits, "cursor": found.cursor, "total": min(total, MAX_TERM_COUNT),
                   "exact": total <= MAX_TERM_COUNT}  # fmt: skip
        if facets:
            values |= _facets(archive, params, words_of(request))
    except ArchiveError as error:
        values["error"] = error
        values["position"] = error.position if isinstance(error, BadQuery) else None
    status = 400 if values["error"] else 200
    if request.headers.get("hx-request") and cursor is not None:
        return page(request, "results.html", values, reader=reader, status=status)
    return page(request, "search.html", values, reader=reader, status=status)


@router.get("/search/facets")
def narrowed(
    request: Request, archive: ArchiveDep, reader: Visitor, params: SearchParamsDep
) -> Response:
    """The facets of an answer, fetched beside it."""
    return page(
        request,
        "facets.html",
        {"asked": params, **_facets(archive, params, words_of(request))},
        reader=reader,
    )


def _facets(archive: Any, params: SearchParams, words: Words) -> dict[str, Any]:
    answer = params.execute(archive)
    timed = Background(lambda: dict(answer.over_time("month")))
    counted = answer.facets(*_FACETS, limit=8, most=charts.SAMPLE)
    months = timed.result()
    chart = None
    if len(months) > 1:
        labels = charts.periods(min(months), max(months), "month")
        series = charts.Series("", tuple(float(months.get(one, 0)) for one in labels))
        names = [formats.period(one, "month", words.language) for one in labels]
        chart = charts.lines(names, [series], params.q or "*", words)
    return {"facets": [(one, _narrower(one, params)) for one in counted if one.values],
            "chart": chart}  # fmt: skip


def _narrower(facet: Any, params: SearchParams) -> list[str]:
    """The query of each value of a facet: the present one, narrowed."""
    name = {"language": "lang", "entry": "who"}.get(facet.facet, facet.facet)
    whole = f"({params.q})" if " OR " in params.q or " OU " in params.q else params.q
    return [
        parameters(q=f"{whole} {name}:{quote_phrase(one.value)}".strip(), sort=params.sort,
                   since=params.since, until=params.until, source=params.source)
        for one in facet.values
    ]  # fmt: skip


@router.get("/search/builder")
def builder(request: Request, archive: ArchiveDep, reader: Visitor) -> Response:
    """A form that writes a query."""
    with archive.reading() as session:
        names = source_names(session)
    return page(request, "builder.html", {"sources": names}, reader=reader)


@router.get("/search/built")
def built(
    request: Request,
    reader: Visitor,
    every: str = "",
    phrase: str = "",
    some: str = "",
    none: str = "",
    title: str = "",
    author: str = "",
    source: str = "",
    since: str = "",
    until: str = "",
) -> Response:
    """The query that the builder's fields mean."""
    del reader
    parts = [every.strip()]
    if phrase.strip():
        parts.append(quote_phrase(phrase))
    if len(some.split()) > 1:
        parts.append("(" + " OR ".join(some.split()) + ")")
    else:
        parts.append(some.strip())
    parts += [f"title:({title.strip()})" if title.strip() else ""]
    parts += [f"author:{quote_phrase(author)}" if author.strip() else ""]
    parts += [f"source:{quote_phrase(source)}" if source.strip() else ""]
    parts += [f"NOT {word}" for word in none.split()]
    query = " ".join(part for part in parts if part)
    return back(request, "/search?" + parameters(q=query, since=since.strip(), until=until.strip()))


@router.get("/search/export")
def exported(
    archive: ArchiveDep, reader: Visitor, params: SearchParamsDep, format: str = "ris"
) -> Response:
    """The whole answer as a download."""
    del reader
    if format not in exports.LABELS:
        raise HTTPException(404, f"Unknown export format {format!r}.")
    where = exports.limits(params.since, params.until, params.source)
    return exports.download(archive, format, params.q, where, params.q)


@router.post("/searches")
def save(request: Request, archive: ArchiveDep, reader: Visitor, form: Form) -> Response:
    """Keep a search under a name."""
    del reader
    query = form.get("query", "")
    saved_searches.save_search(archive, form.get("name", "") or query, query, utc_now())
    return back(request, "/search?" + parameters(q=query, sort=form.get("sort")))


@router.post("/searches/{number}/delete")
def drop(
    request: Request, archive: ArchiveDep, reader: Visitor, form: Form, number: IdPath
) -> Response:
    """Keep a search no more."""
    del reader
    saved_searches.delete_search(archive, number)
    return back(request, form.get("back", "/search"))
