"""The shapes of the API's answers, as its OpenAPI document tells them."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

if TYPE_CHECKING:
    from storage.search.results.hits import Hit
    from storage.users.dossiers import DossierInfo
    from storage.users.saved_searches import Search

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200,
                                        pattern=r"[^\s\x00-\x1f\x7f]")]  # fmt: skip
ItemId = Annotated[int, Field(ge=1, le=2**31 - 1)]


class HitShape(BaseModel):
    """An article of an answer; marks are (first, after the last) character of matched words."""

    id: int
    source: str
    headline: str
    standfirst: str | None
    url: str
    published: str | None = Field(description="As its publisher states it, ISO 8601.")
    sorted_at: datetime
    byline: list[str]
    section: str | None
    kind: str | None
    number: str | None
    language: str | None
    access: str
    word_count: int
    revision: int
    snippet: str
    marks: list[tuple[int, int]]
    headline_marks: list[tuple[int, int]]
    score: float
    leading: int | None = Field(description="The article that leads its cluster of duplicates.")
    copies: list[str] = Field(description="The sources of its duplicates.")

    @classmethod
    def of(cls, hit: Hit) -> HitShape:
        """The shape of a hit."""
        return cls(
            id=hit.id, source=hit.source, headline=hit.headline, standfirst=hit.standfirst,
            url=hit.url, published=hit.published.isoformat() if hit.published else None,
            sorted_at=hit.sort_at, byline=list(hit.byline), section=hit.section, kind=hit.kind,
            number=hit.number, language=hit.language, access=hit.access,
            word_count=hit.word_count, revision=hit.revision, snippet=hit.snippet,
            marks=list(hit.marks), headline_marks=list(hit.headline_marks), score=hit.score,
            leading=hit.leading, copies=list(hit.copies),
        )  # fmt: skip


class SearchAnswer(BaseModel):
    """Some of what a search finds, and the cursor that the rest is asked for with."""

    query: str
    total: int = Field(description="Articles that match, duplicates counted each.")
    total_is_exact: bool = Field(description="False where there are more than were counted.")
    hits: list[HitShape]
    cursor: str | None


class PeriodCount(BaseModel):
    """Articles of a day, month or year."""

    first_day: date
    count: int
    share: float | None = Field(
        default=None, description="Of all articles of the archive then, where asked for."
    )


class CountAnswer(BaseModel):
    """Articles over time; periods without any are left out."""

    query: str
    by: Literal["day", "month", "year"]
    counts: list[PeriodCount]
    undated: int = Field(description="Articles without a date, which are of no period.")


class ValueCount(BaseModel):
    """How many articles have a value: ``value`` for a query, ``label`` for a reader."""

    value: str
    label: str
    count: int


class FacetCounts(BaseModel):
    """The most frequent values of a facet."""

    facet: str
    values: list[ValueCount]
    counted: int
    complete: bool = Field(description="False where only the newest articles were counted.")


class FacetAnswer(BaseModel):
    """What the articles found say of themselves."""

    query: str
    facets: list[FacetCounts]


class Block(BaseModel):
    """A paragraph, heading, list item, quotation, figure or table of a text."""

    model_config = ConfigDict(extra="allow")

    kind: str
    text: str


class LinkShape(BaseModel):
    """A link of an article, and the item that it leads to where that is known."""

    relation: str
    url: str
    title: str | None
    teaser: str | None
    kind: str | None
    number: str | None
    published: str | None
    item: int | None
    state: str | None


class MentionShape(BaseModel):
    """A name in the text of block ``block`` that is an entry of the directory."""

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


class RevisionShape(BaseModel):
    """One revision, without its text."""

    number: int
    seen_at: datetime
    changed: list[str]
    extractor: str
    origin: str
    silent: bool
    capture: dict[str, Any]


class ItemAnswer(BaseModel):
    """An article or a directory entry, whole."""

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
    links: list[LinkShape]
    mentions: list[MentionShape]
    media: list[dict[str, Any]]
    revisions: list[RevisionShape]
    events: list[dict[str, Any]]
    duplicates: list[dict[str, Any]]


class Difference(BaseModel):
    """What differs between two revisions: pieces are (sign, words), signs ``=``, ``-``, ``+``."""

    first: int
    second: int
    fields: dict[str, list[list[str]]]
    text: list[dict[str, Any]]


class SourceShape(BaseModel):
    """A source that is followed."""

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


class RunShape(BaseModel):
    """A crawl run."""

    id: int
    source: str
    started_at: datetime
    ended_at: datetime | None
    state: str
    reason: str | None
    counts: dict[str, int]
    causes: dict[str, int]


class NeighbourShape(BaseModel):
    """An entry that is named beside another, in so many articles."""

    id: int
    name: str
    articles: int


class SavedSearch(BaseModel):
    """A query under a name."""

    id: int
    name: str
    query: str
    created_at: datetime

    @classmethod
    def of(cls, one: Search) -> SavedSearch:
        """The shape of a saved search."""
        return cls(id=one.id, name=one.name, query=one.query, created_at=one.created_at)


class NewSearch(BaseModel):
    """A query to save."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    query: Annotated[str, StringConstraints(max_length=2_000)] = ""


class DossierShape(BaseModel):
    """A dossier; ``articles`` counts those put in by hand."""

    id: int
    name: str
    note: str
    query: str | None
    created_at: datetime
    articles: int

    @classmethod
    def of(cls, one: DossierInfo) -> DossierShape:
        """The shape of a dossier."""
        return cls(id=one.id, name=one.name, note=one.note, query=one.query,
                   created_at=one.created_at, articles=one.articles)  # fmt: skip


class NewDossier(BaseModel):
    """A dossier to begin or to change."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    note: Annotated[str, StringConstraints(max_length=20_000)] = ""
    query: Annotated[str, StringConstraints(max_length=2_000)] | None = None


class GatheredShape(BaseModel):
    """An article in a dossier."""

    item_id: int
    headline: str
    source: str
    published: str | None = Field(description="As its publisher states it, ISO 8601.")
    sort_at: datetime = Field(description="The moment it is sorted by.")
    note: str
    added_at: datetime


class PutArticles(BaseModel):
    """Articles to put into a dossier."""

    model_config = ConfigDict(extra="forbid")

    articles: Annotated[list[ItemId], Field(min_length=1, max_length=500)]
