"""What every route shares: the archive, who asks, and what is meant by a search's parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import Depends, Path, Query, Request
from starlette.exceptions import HTTPException

from dateline.web.sessions import Reader, Sessions
from storage.archive import Archive

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.search.results.results import Answer

MAX_LIMIT = 100


def archive_of(request: Request) -> Archive:
    """The archive that is served."""
    archive: Archive = request.app.state.archive
    return archive


def sessions_of(request: Request) -> Sessions:
    """The sessions of its readers."""
    sessions: Sessions = request.app.state.sessions
    return sessions


def reader_of(request: Request) -> Reader:
    """Who asks the API.

    Raises:
        HTTPException: 401 where that is not known.
    """
    reader = sessions_of(request).reader(request)
    if reader is None:
        raise HTTPException(401, "log in or send a token", {"WWW-Authenticate": "Bearer"})
    return reader


def writer_of(reader: Annotated[Reader, Depends(reader_of)]) -> Reader:
    """Who asks to change something.

    Raises:
        HTTPException: 403 for a token that may only read.
    """
    if not reader.may_write:
        raise HTTPException(403, "this token may only read")
    return reader


def require_login(reader: Reader, names: Sequence[str]) -> None:
    """Refuse the bytes of a reserved page to who is not logged in: a token may be anybody's.

    Raises:
        HTTPException: 403 for a token, where ``names`` (reservations) are any.
    """
    if names and reader.kind == "token":
        raise HTTPException(
            403, f"the page's publisher reserves it ({', '.join(names)}): it is shown to logged-in "
            "users, not to tokens",
        )  # fmt: skip


Held = Annotated[Archive, Depends(archive_of)]
Asking = Annotated[Reader, Depends(reader_of)]
Words = Annotated[
    str, Query(description="A query in the language of `/help`; empty: everything.",
               max_length=2_000, examples=["hôpital numérique"])
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Searched:
    """The parameters of a search."""

    q: Words = ""
    source: Annotated[str | None, Query(description="Only of this source.")] = None
    since: Annotated[
        str | None,
        Query(description="On or after: `2021-09-23`, `2021-09`, `2021`.", max_length=40),
    ] = None
    until: Annotated[
        str | None, Query(description="On or before that day, month or year.", max_length=40)
    ] = None
    sort: Annotated[Literal["best", "newest"], Query(description="Best match or newest first.")] = (
        "best"
    )
    duplicates: Annotated[
        bool, Query(description="All articles of the same text, not one for all of them.")
    ] = False

    def answer(self, archive: Archive) -> Answer:
        """The articles that are asked for.

        Raises:
            BadQuery, UnknownSource: as for any search.
        """
        return archive.search(
            self.q, source=self.source, since=self.since or None, until=self.until or None,
            sort=self.sort, duplicates=self.duplicates,
        )  # fmt: skip


Asked = Annotated[Searched, Depends()]
# What no database has a row for is refused before one is asked.
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Articles at most.")]
Cursor = Annotated[
    str | None, Query(description="Where the last answer said that it goes on.", max_length=10_000)
]
