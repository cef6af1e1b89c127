"""Pydantic models of the API's request and response bodies, as the OpenAPI document lists them."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

if TYPE_CHECKING:
    from storage.search.results.hits import Hit
    from storage.users.dossiers import DossierInfo
    from storage.users.saved_searches import SavedSearchInfo

Name = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=200, pattern=r"[^\s\x00-\x1f\x7f]"
    ),
]
ItemId = Annotated[int, Field(ge=1, le=2**31 - 1)]


class SearchHit(BaseModel):
    """An article that matches a search.

    `marks` and `headline_marks` are (start, end) character offsets of the matched words.
    """

    id: int
    source: str
    headline: str
    standfirst: str | None
    url: str
    published: str | None = Field(
        description="Publication date as the publisher states it, ISO 8601."
    )
    sort_at: datetime = Field(description="Timestamp that results are sorted by.")
    byline: list[str]
    section: str | None
    kind: str | None
    number: str | None
    language: str | None
    access: str
    doubtful: bool = Field(description="Whether the page may be something other than an article.")
    word_count: int
    revision: int
    snippet: str
    marks: list[tuple[int, int]]
    headline_marks: list[tuple[int, int]]
    score: float
    leading: int | None = Field(
        description="Item number of the leading article of its duplicate cluster."
    )
    copies: list[str] = Field(description="Names of the sources of its duplicates.")

    @classmethod
    def of(cls, hit: Hit) -> SearchHit:
        """Convert a search hit."""
        return cls(
            id=hit.id,
            source=hit.source,
            headline=hit.headline,
            standfirst=hit.standfirst,
            url=hit.url,
            published=hit.published.isoformat() if hit.published else None,
            sort_at=hit.sort_at,
            byline=list(hit.byline),
            section=hit.section,
            kind=hit.kind,
            number=hit.number,
            language=hit.language,
            access=hit.access,
            doubtful=hit.doubtful,
            word_count=hit.word_count,
            revision=hit.revision,
            snippet=hit.snippet,
            marks=list(hit.marks),
            headline_marks=list(hit.headline_marks),
            score=hit.score,
            leading=hit.leading,
            copies=list(hit.copies),
        )


class SearchPage(BaseModel):
    """One page of search results, and the cursor of the next page."""

    query: str
    total: int = Field(description="Number of articles that match, including duplicates.")
    total_is_exact: bool = Field(description="False when `total` is a lower bound.")
    hits: list[SearchHit]
    cursor: str | None = Field(description="Cursor of the next page; null on the last page.")


class PeriodCount(BaseModel):
    """Number of articles in one day, month or year."""

    first_day: date
    count: int
    share: float | None = Field(
        default=None, description="Share of all articles of the period, if `share` was requested."
    )


class TimeCounts(BaseModel):
    """Number of articles per period; periods without articles are omitted."""

    query: str
    by: Literal["day", "month", "year"]
    counts: list[PeriodCount]
    undated: int = Field(description="Number of articles without a publication date.")


class FacetValue(BaseModel):
    """A facet value and its count: `value` for queries, `label` for display."""

    value: str
    label: str
    count: int


class Facet(BaseModel):
    """The most frequent values of a facet."""

    facet: str
    values: list[FacetValue]
    counted: int
    complete: bool = Field(description="False when only the newest matches were counted.")


class Facets(BaseModel):
    """Facets of the search results."""

    query: str
    facets: list[Facet]


class Block(BaseModel):
    """One block of a text: paragraph, heading, list item, quotation, figure or table."""

    model_config = ConfigDict(extra="allow")

    kind: str
    text: str


class ItemLink(BaseModel):
    """A link of an item, with its target item if the archive has it."""

    relation: str
    url: str
    title: str | None
    teaser: str | None
    kind: str | None
    number: str | None
    published: str | None
    item: int | None
    state: str | None


class ItemMention(BaseModel):
    """A mention: characters `start` to `end` of block `block` name a directory entry."""

    anchor: str
    block: int
    start: int
    end: int
    url: str | None
    full_name: str | None
    expansion: str | None
    kind: str
    item: int | None
    state: str | None


class ItemRevision(BaseModel):
    """Metadata of a revision, without its text."""

    number: int
    seen_at: datetime
    changed: list[str]
    extractor: str
    origin: str
    silent: bool
    capture: dict[str, Any]


class ItemDetail(BaseModel):
    """An article or directory entry with all its fields."""

    model_config = ConfigDict(extra="allow")

    id: int
    kind: Literal["article", "entry"]
    source: str
    state: str
    url: str
    number: str | None
    title: str | None
    headline: str | None = None
    text: str
    blocks: list[Block]
    links: list[ItemLink]
    mentions: list[ItemMention]
    media: list[dict[str, Any]]
    revisions: list[ItemRevision]
    events: list[dict[str, Any]]
    duplicates: list[dict[str, Any]]


class RevisionDiff(BaseModel):
    """Word-level diff of two revisions: pieces are (sign, words) with sign `=`, `-` or `+`."""

    first: int
    second: int
    fields: dict[str, list[list[str]]]
    text: list[dict[str, Any]]


class SourceSummary(BaseModel):
    """A source and the counts of its items."""

    name: str
    title: str | None
    home_url: str
    language: str | None
    state: str
    articles: int
    waiting: int
    endpoints: int
    last_run: str | None
    last_run_at: datetime | None


class CrawlRun(BaseModel):
    """A crawl run."""

    id: int
    source: str
    started_at: datetime
    ended_at: datetime | None
    state: str
    reason: str | None
    counts: dict[str, int]
    causes: dict[str, int]


class Cooccurrence(BaseModel):
    """A directory entry that co-occurs with another, and the number of shared articles."""

    id: int
    name: str
    articles: int


class SavedSearch(BaseModel):
    """A saved search: a query with a name."""

    id: int
    name: str
    query: str
    created_at: datetime

    @classmethod
    def of(cls, one: SavedSearchInfo) -> SavedSearch:
        """Convert a stored saved search."""
        return cls(id=one.id, name=one.name, query=one.query, created_at=one.created_at)


class SavedSearchInput(BaseModel):
    """Name and query of a new saved search."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    query: Annotated[str, StringConstraints(max_length=2_000)] = ""


class Dossier(BaseModel):
    """A dossier. `articles` counts the articles that were added by hand."""

    id: int
    name: str
    note: str
    query: str | None
    created_at: datetime
    articles: int

    @classmethod
    def of(cls, one: DossierInfo) -> Dossier:
        """Convert a stored dossier."""
        return cls(
            id=one.id,
            name=one.name,
            note=one.note,
            query=one.query,
            created_at=one.created_at,
            articles=one.articles,
        )


class DossierInput(BaseModel):
    """Name, note and query of a dossier."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    note: Annotated[str, StringConstraints(max_length=20_000)] = ""
    query: Annotated[str, StringConstraints(max_length=2_000)] | None = None


class DossierArticle(BaseModel):
    """An article that was added to a dossier by hand."""

    item_id: int
    headline: str
    source: str
    published: str | None = Field(
        description="Publication date as the publisher states it, ISO 8601."
    )
    sort_at: datetime = Field(description="Timestamp that the list is sorted by.")
    note: str
    added_at: datetime


class ArticleIds(BaseModel):
    """Item numbers of articles to add to a dossier."""

    model_config = ConfigDict(extra="forbid")

    articles: Annotated[list[ItemId], Field(min_length=1, max_length=500)]
