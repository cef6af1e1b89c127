"""FastAPI dependencies of the routes: archive, authenticated reader, search parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import Depends, Path, Query, Request
from starlette.exceptions import HTTPException

from dateline.web.sessions import Reader, Sessions
from storage.archive import Archive

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.search.results.results import SearchResults

MAX_LIMIT = 100


def archive_of(request: Request) -> Archive:
    """Return the archive that the application serves."""
    archive: Archive = request.app.state.archive
    return archive


def sessions_of(request: Request) -> Sessions:
    """Return the session store of the application."""
    sessions: Sessions = request.app.state.sessions
    return sessions


def reader_of(request: Request) -> Reader:
    """Return the authenticated reader of an API request.

    Raises:
        HTTPException: 401 when the request has neither a session nor a valid token.
    """
    reader = sessions_of(request).reader(request)
    if reader is None:
        raise HTTPException(
            401,
            "This request is not authenticated. Log in, or send a token: Authorization: Bearer …",
            {"WWW-Authenticate": "Bearer"},
        )
    return reader


def writer_of(reader: Annotated[Reader, Depends(reader_of)]) -> Reader:
    """Return the reader of a request that changes data.

    Raises:
        HTTPException: 403 for a read-only token.
    """
    if not reader.may_write:
        raise HTTPException(
            403,
            "This token is read-only. Create one that may write: dateline token add NAME --write",
        )
    return reader


def require_login(reader: Reader, names: Sequence[str]) -> None:
    """Refuse the capture of a page with reservations to tokens, which may be shared.

    Raises:
        HTTPException: 403 for a token when ``names`` (the page's reservations) is not empty.
    """
    if names and reader.kind == "token":
        raise HTTPException(
            403,
            f"The publisher reserves this page ({', '.join(names)}). "
            "Only logged-in users can read its capture; tokens cannot.",
        )


ArchiveDep = Annotated[Archive, Depends(archive_of)]
ReaderDep = Annotated[Reader, Depends(reader_of)]
QueryParam = Annotated[
    str,
    Query(
        description="Search query; `/help` describes the query language. "
        "An empty query matches every article.",
        max_length=2_000,
        examples=["hôpital numérique"],
    ),
]


@dataclass(frozen=True, slots=True)
class SearchParams:
    """Query parameters of a search."""

    q: QueryParam = ""
    source: Annotated[str | None, Query(description="Name of the source to search in.")] = None
    since: Annotated[
        str | None,
        Query(
            description="Published on or after this date: `2021-09-23`, `2021-09` or `2021`.",
            max_length=40,
        ),
    ] = None
    until: Annotated[
        str | None, Query(description="Published on or before this date.", max_length=40)
    ] = None
    sort: Annotated[
        Literal["best", "newest"],
        Query(description="Sort order: best match first, or newest first."),
    ] = "best"
    duplicates: Annotated[
        bool,
        Query(description="List every article of a duplicate cluster, not only the leading one."),
    ] = False

    def execute(self, archive: Archive) -> SearchResults:
        """Run the search.

        Raises:
            BadQuery, UnknownSource: see :meth:`Archive.search`.
        """
        return archive.search(
            self.q,
            source=self.source,
            since=self.since or None,
            until=self.until or None,
            sort=self.sort,
            duplicates=self.duplicates,
        )


SearchParamsDep = Annotated[SearchParams, Depends()]
# PostgreSQL's integer type ends there: larger numbers are refused before the query.
IdPath = Annotated[int, Path(ge=1, le=2**31 - 1)]
LimitParam = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Maximum number of results.")]
CursorParam = Annotated[
    str | None, Query(description="Cursor from the previous page of results.", max_length=10_000)
]
