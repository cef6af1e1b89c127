"""Reads the articles of an export, one after the other."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, text

from storage.models import PUBLISHED, Article, Item, Source
from storage.search.results.compiled_search import Filter, matching_keys_sql, require_source
from storage.types.content import StatedTimestamp

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection, Select

_TOGETHER = 500
# The date of a reference whose publisher states none.
UNDATED = "n.d."


@dataclass(frozen=True, slots=True)
class ExportedArticle:
    """One article, with all fields that any format needs."""

    id: int
    source: str
    source_title: str
    url: str
    number: str | None
    headline: str
    standfirst: str | None
    byline: list[str]
    dateline_place: str | None
    kind: str | None
    section: str | None
    tags: list[str]
    language: str | None
    published: StatedTimestamp | None
    modified: StatedTimestamp | None
    access: str
    notices: list[str]
    rights: list[str]
    text: str
    blocks: list[dict[str, Any]]
    word_count: int
    revision: int
    leading: int | None
    state: str
    first_fetched_at: datetime
    sort_at: datetime
    doubtful: bool = False

    @property
    def day(self) -> str | None:
        """Return the day of publication in the publisher's calendar; ``None`` where not stated."""
        return self.published.at.date().isoformat() if self.published is not None else None

    @property
    def archived_day(self) -> str:
        """Return the day of the first capture (UTC), which is never the publication date."""
        return self.first_fetched_at.date().isoformat()


@dataclass(slots=True)
class ReservedCount:
    """The number of articles or captures left out because their publishers reserve them."""

    reserved: int = 0


_ARTICLE = (
    "headline", "standfirst", "byline", "dateline_place", "kind", "section", "tags", "language",
    "access", "doubtful", "notices", "rights", "text", "blocks", "word_count", "revision",
    "first_fetched_at", "sort_at",
)  # fmt: skip
_COLUMNS = (
    Item.id, Source.name, Source.title, Source.home_url, Item.url, Item.number, Item.state,
    Article.cluster_id, *PUBLISHED, Article.modified_at, Article.modified_offset,
    Article.modified_zoned,
    *(getattr(Article, name) for name in _ARTICLE),
)  # fmt: skip


def articles(
    connection: Connection,
    query: str,
    where: Filter,
    left: ReservedCount,
    *,
    reserved: bool = False,
) -> Iterator[ExportedArticle]:
    """Yield the articles that ``query`` finds (``""``: all), by id; ``reserved`` ones on request.

    Raises:
        BadQuery: the query cannot be parsed.
        UnknownSource: ``where`` names an unknown source.
    """
    statement = _statement(connection, query, where, _COLUMNS).order_by(Article.item_id)
    for row in connection.execution_options(yield_per=_TOGETHER).execute(statement):
        one = _exported(row)
        if one.rights and not reserved:
            left.reserved += 1
        else:
            yield one


def matching_ids(connection: Connection, query: str, where: Filter) -> Select[Any]:
    """Build a statement of the ids of the articles that ``query`` finds."""
    return _statement(connection, query, where, (Article.item_id,))


def _exported(row: Any) -> ExportedArticle:
    (
        item_id,
        source,
        title,
        home,
        url,
        number,
        state,
        cluster,
        _at,
        _offset,
        _zoned,
        _day_only,
        modified,
        modified_offset,
        modified_zoned,
        *rest,
    ) = row
    return ExportedArticle(
        id=item_id,
        source=source,
        source_title=title or home,
        url=url,
        number=number,
        state=state,
        leading=cluster,
        published=StatedTimestamp.published_from_row(row),
        modified=None
        if modified is None
        else StatedTimestamp.from_stored(modified, modified_offset, zoned=modified_zoned),
        **dict(zip(_ARTICLE, rest, strict=True)),
    )


def _statement(
    connection: Connection, query: str, where: Filter, columns: Sequence[Any]
) -> Select[Any]:
    statement = (
        select(*columns)
        .select_from(Article)
        .join(Item, Item.id == Article.item_id)
        .join(Source, Source.id == Item.source_id)
    )
    if where.source is not None:
        require_source(connection, where.source)
        statement = statement.where(Source.name == where.source)
    if where.since is not None or where.until is not None:
        # As in searches, an article without a date is in no date range.
        statement = statement.where(Article.published_at.is_not(None))
    if where.since is not None:
        statement = statement.where(Article.sort_at >= where.since)
    if where.until is not None:
        statement = statement.where(Article.sort_at < where.until)
    return statement.where(_matching(connection, query)) if query.strip() else statement


def _matching(connection: Connection, query: str) -> Any:
    sql, bound = matching_keys_sql(connection, query, Filter(), datetime.now(UTC))
    # Of the values not all need be used: a day before all others bounds nothing.
    used = {name: value for name, value in bound.items() if re.search(rf":{name}\b", sql)}
    return text(f"articles.search_key IN ({sql})").bindparams(**used)
