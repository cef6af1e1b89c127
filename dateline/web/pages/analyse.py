"""The analyse page: queries compared over time, and what their articles say of themselves."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from dateline.web.background import Background
from dateline.web.dependencies import ArchiveDep
from dateline.web.i18n import formats
from dateline.web.markup import charts
from dateline.web.pages.frame import Visitor, page, words_of
from storage.archive import Archive
from storage.errors import ArchiveError, BadQuery

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.search.results.facets import Facet

router = APIRouter()
_FACETS: tuple[Facet, ...] = ("source", "author", "section", "entry")
By = Literal["day", "month", "year"]
Measure = Literal["count", "share"]
Queries = Annotated[list[str] | None, Query(max_length=charts.MOST_SERIES * 2)]


@dataclass(frozen=True)
class Compared:
    """Queries over time: the periods, and a series a query."""

    periods: list[date]
    series: list[charts.Series]
    totals: list[int]


@router.get("/analyse")
def analyse(
    request: Request,
    archive: ArchiveDep,
    reader: Visitor,
    q: Queries = None,
    by: By = "month",
    measure: Measure = "count",
    since: str = "",
    until: str = "",
    more: bool = False,
) -> Response:
    """Charts of one query or of several."""
    queries = _queries(q)
    values: dict[str, object] = {
        "queries": queries, "by": by, "measure": measure, "since": since, "until": until,
        "error": None, "compared": None, "more": more, "most": charts.MOST_SERIES,
        "chart": None, "labels": (),
    }  # fmt: skip
    try:
        if queries:
            compared = _compared(archive, queries, by, measure, since, until)
            words = words_of(request)
            labels = [formats.period(one, by, words.language) for one in compared.periods]
            values |= {
                "compared": compared,
                "labels": labels,
                "chart": lambda title: charts.lines(
                    labels, compared.series, title, words, percent=measure == "share"
                ),
            }
            if more:
                values |= _more(archive, queries[0], since, until)
    except ArchiveError as error:
        values["error"] = error
        values["position"] = error.position if isinstance(error, BadQuery) else None
    return page(request, "analyse.html", values, reader=reader,
                status=400 if values["error"] else 200)  # fmt: skip


@router.get("/analyse/more")
def tops(
    request: Request,
    archive: ArchiveDep,
    reader: Visitor,
    q: Annotated[str, Query(max_length=2_000)],
    since: str = "",
    until: str = "",
) -> Response:
    """What the articles of a query say of themselves, fetched beside the chart."""
    values = {"queries": [q], **_more(archive, q, since, until)}
    return page(request, "tops.html", values, reader=reader)


def _more(archive: Archive, query: str, since: str, until: str) -> dict[str, object]:
    answer = archive.search(query, since=since or None, until=until or None)
    telling = Background(answer.distinctive_terms)
    facets = answer.facets(*_FACETS, limit=10, most=charts.SAMPLE)
    return {"facets": facets, "telling": telling.result()}


@router.get("/analyse.csv")
def table(
    archive: ArchiveDep,
    reader: Visitor,
    q: Queries = None,
    by: By = "month",
    measure: Measure = "count",
    since: str = "",
    until: str = "",
) -> Response:
    """The chart's figures."""
    del reader
    queries = _queries(q) or [""]
    compared = _compared(archive, queries, by, measure, since, until)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([by, *(_cell(one.name) for one in compared.series)])
    for i, first in enumerate(compared.periods):
        writer.writerow(
            [charts.label(first, by), *(f"{one.values[i]:g}" for one in compared.series)]
        )
    headers = {"Content-Disposition": 'attachment; filename="analysis.csv"'}
    return Response(out.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def _queries(given: list[str] | None) -> list[str]:
    """The queries asked for, each once: fields, or lines of one field."""
    lines = [line.strip() for one in given or () for line in one.splitlines()]
    return list(dict.fromkeys(line for line in lines if line))[: charts.MOST_SERIES]


def _cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _compared(
    archive: Archive, queries: Sequence[str], by: By, measure: Measure, since: str, until: str
) -> Compared:
    def over_time(query: str) -> dict[date, int]:
        answer = archive.search(query, since=since or None, until=until or None)
        return dict(answer.over_time(by))

    asked = [Background(partial(over_time, one)) for one in queries]
    found = [one.result() for one in asked]
    days: list[date] = [day for one in found for day in one]
    if not days:
        return Compared([], [], [0] * len(queries))
    every = over_time("") if measure == "share" else {}
    periods = charts.periods(min(days), max(days), by)
    series = []
    for query, counts in zip(queries, found, strict=True):
        numbers = [float(counts.get(day, 0)) for day in periods]
        if measure == "share":
            numbers = [
                n / every[day] if every.get(day) else 0.0
                for n, day in zip(numbers, periods, strict=True)
            ]
        series.append(charts.Series(query, tuple(numbers)))
    return Compared(periods, series, [sum(one.values()) for one in found])
