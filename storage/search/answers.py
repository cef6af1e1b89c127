"""Searching: a query and its limits in, hits with marked snippets out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import JSON, Boolean, bindparam, text

from storage.content import ClaimedMoment
from storage.errors import unknown_source
from storage.moments import Moment
from storage.search import index
from storage.search.analysis import tokens_at
from storage.search.query import Term, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy import BindParameter, Connection
    from sqlalchemy.types import TypeEngine

Sort = Literal["best", "newest"]
SNIPPET_CHARACTERS = 220
# Only so much of a text is looked through for the best place to quote.
_SNIPPET_REACH = 40_000
# Rows beyond those wanted that are read at once: some will be duplicates.
_MORE = 20


@dataclass(frozen=True, slots=True)
class Filter:
    """What an answer is limited to. Moments are aware; ``until`` is exclusive."""

    source: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """One article of an answer; ``marks`` are the matched stretches of ``snippet``."""

    id: int
    source: str
    headline: str
    url: str
    published: ClaimedMoment | None
    sort_at: datetime
    byline: tuple[str, ...]
    language: str | None
    snippet: str
    marks: tuple[tuple[int, int], ...]
    text: str
    # The article that leads its cluster of duplicates, and the sources of the others in it.
    leading: int | None = None
    copies: tuple[str, ...] = ()


def search(
    connection: Connection,
    query: str,
    where: Filter,
    *,
    sort: Sort = "best",
    limit: int = 20,
    duplicates: bool = False,
) -> list[Hit]:
    """The articles that ``query`` finds, best or newest first.

    Of articles that are duplicates one is shown: the leading one where it is found too;
    ``duplicates`` shows all of them.

    Raises:
        BadQuery: the query cannot be understood.
        UnknownSource: ``where`` names a source that is not followed.
    """
    terms = parse(query)
    if where.source is not None:
        _require_source(connection, where.source)
    sqlite = connection.dialect.name == "sqlite"
    if sqlite:
        match, found = index.sqlite_match(terms), "search_index MATCH :match"
        join, rank = "search_index.rowid", f"bm25(search_index, {index.FTS_WEIGHTS})"
    else:
        match, found = index.postgres_match(terms), "document @@ CAST(:match AS tsquery)"
        join, rank = "search_index.item_id", "-ts_rank_cd(document, CAST(:match AS tsquery), 1)"
    conditions, bound = _conditions(where)
    order = f"{rank}, articles.sort_at DESC" if sort == "best" else "articles.sort_at DESC"

    def rows(only: str, limit: int, offset: int = 0) -> list[Any]:
        # Nothing of the query's text is in the statement: it is bound as :match, made of tokens.
        statement = text(
            "SELECT items.id, sources.name, articles.headline, items.url,"  # noqa: S608
            " articles.published_at, articles.published_offset, articles.published_day_only,"
            " articles.sort_at, articles.byline, articles.language, articles.text,"
            " articles.cluster_id"
            f" FROM search_index JOIN articles ON articles.item_id = {join}"
            " JOIN items ON items.id = articles.item_id"
            " JOIN sources ON sources.id = items.source_id"
            f" WHERE {found}{conditions}{only} ORDER BY {order}, items.id DESC"
            " LIMIT :limit OFFSET :offset"
        ).bindparams(*bound, match=match, limit=limit, offset=offset)
        return list(connection.execute(statement.columns(**_column_types())))

    shown = rows("", limit) if duplicates else _folded(rows, limit)
    copies = _copies(connection, [row.cluster_id for row in shown if row.cluster_id])
    return [_hit(row, terms, copies) for row in shown]


def _folded(rows: Callable[..., list[Any]], limit: int) -> list[Any]:
    """One row of each cluster, the leading article's where it is among those found."""
    shown: dict[tuple[str, int], Any] = {}
    offset, count = 0, limit + _MORE
    while len(shown) < limit:
        some = rows("", count, offset)
        for row in some:
            key = ("item", row.id) if row.cluster_id is None else ("cluster", row.cluster_id)
            if len(shown) < limit:
                shown.setdefault(key, row)
        if len(some) < count:
            break
        offset, count = offset + count, count * 2
    wanted = [row.cluster_id for row in shown.values() if row.cluster_id not in (None, row.id)]
    if wanted:
        numbers = ", ".join(str(int(number)) for number in wanted)
        for row in rows(f" AND items.id IN ({numbers})", len(wanted)):
            shown[("cluster", row.id)] = row
    return list(shown.values())


def _copies(connection: Connection, clusters: Sequence[int]) -> dict[int, list[tuple[int, str]]]:
    """(item, source) of the articles of each cluster."""
    found: dict[int, list[tuple[int, str]]] = {}
    if not clusters:
        return found
    query = text(
        "SELECT articles.cluster_id, items.id, sources.name FROM articles"
        " JOIN items ON items.id = articles.item_id JOIN sources ON sources.id = items.source_id"
        " WHERE articles.cluster_id IN :clusters ORDER BY articles.sort_at, items.id"
    ).bindparams(bindparam("clusters", list(clusters), expanding=True))
    for cluster, item_id, source in connection.execute(query):
        found.setdefault(cluster, []).append((item_id, source))
    return found


def _require_source(connection: Connection, name: str) -> None:
    names = list(connection.execute(text("SELECT name FROM sources ORDER BY name")).scalars())
    if name not in names:
        raise unknown_source(name, names)


def _column_types() -> dict[str, TypeEngine[Any]]:
    return {"published_at": Moment(), "sort_at": Moment(), "byline": JSON(),
            "published_day_only": Boolean()}  # fmt: skip


def _conditions(where: Filter) -> tuple[str, list[BindParameter[Any]]]:
    parts: list[str] = []
    bound: list[BindParameter[Any]] = []
    if where.source is not None:
        parts.append(" AND sources.name = :source")
        bound.append(bindparam("source", where.source))
    for name, moment, operator in (("since", where.since, ">="), ("until", where.until, "<")):
        if moment is not None:
            parts.append(f" AND articles.sort_at {operator} :{name}")
            bound.append(bindparam(name, moment, type_=Moment()))
    return "".join(parts), bound


def _hit(row: Any, terms: tuple[Term, ...], copies: dict[int, list[tuple[int, str]]]) -> Hit:
    (item_id, source, headline, url, published, offset, day_only, sort_at, byline, language,
     body, cluster) = row  # fmt: skip
    moment = None
    if published is not None:
        moment = ClaimedMoment.from_stored(published, offset, day_only=bool(day_only))
    snippet, marks = quote(str(body), terms)
    return Hit(
        id=item_id, source=source, headline=headline, url=url, published=moment,
        sort_at=sort_at, byline=tuple(byline or ()), language=language,
        snippet=snippet, marks=marks, text=str(body), leading=cluster,
        copies=tuple(name for other, name in copies.get(cluster, ()) if other != item_id),
    )  # fmt: skip


def quote(body: str, terms: tuple[Term, ...]) -> tuple[str, tuple[tuple[int, int], ...]]:
    """The stretch of ``body`` with the most different wanted words, and where they stand in it."""
    wanted = {token for term in terms if not term.without for token in term.tokens}
    prefixes = tuple(term.tokens[-1] for term in terms if term.prefix and not term.without)
    text_ = body[:_SNIPPET_REACH]
    places = [
        (token.start, token.end, token.text)
        for token in tokens_at(text_)
        if token.text in wanted or (prefixes and token.text.startswith(prefixes))
    ]
    begin = 0
    if places:
        best = max(
            places,
            key=lambda p: (
                len({q[2] for q in places if p[0] <= q[0] < p[0] + SNIPPET_CHARACTERS}),
                -p[0],
            ),
        ) if len(places) <= 400 else places[0]  # fmt: skip
        begin = _word_start(text_, max(0, best[0] - 60))
    end = min(len(body), begin + SNIPPET_CHARACTERS)
    if end < len(body):
        cut = body.rfind(" ", begin + SNIPPET_CHARACTERS // 2, end)
        end = cut if cut > 0 else end
    lead = "… " if begin > 0 else ""
    snippet = lead + body[begin:end].replace("\n", " ") + (" …" if end < len(body) else "")
    shift = len(lead) - begin
    marks = tuple((s + shift, e + shift) for s, e, _ in places if begin <= s and e <= end)
    return snippet, marks


def _word_start(body: str, at: int) -> int:
    if at == 0:
        return 0
    space = body.find(" ", at, at + 60)
    return space + 1 if space >= 0 else at
