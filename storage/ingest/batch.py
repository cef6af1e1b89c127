"""State of one ingest batch inside the caller's transaction."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from storage.duplicates import clusters
from storage.ingest.derived import Deriving
from storage.search.index import indexer
from storage.types.content import Article as ArticleContent
from storage.types.content import Entry
from storage.types.rights import HIDDEN

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from storage.types.pages import DerivedFrom, Origin


@dataclass(frozen=True, slots=True)
class Writing:
    """What one batch of outcomes is written with: a connection inside the caller's transaction.

    Whoever makes one calls :meth:`finish` at its end.
    """

    connection: Connection
    source_id: int
    run_id: int | None
    now: datetime
    # What is done for all articles together at the end: those that are new and those that were
    # known, to be signed and indexed; and search keys that none has any more.
    new: dict[int, Made] = field(default_factory=dict)
    known: dict[int, Made] = field(default_factory=dict)
    left: list[int] = field(default_factory=list)

    def finish(self) -> None:
        """Sign and index what was written, all at once: see
        :func:`storage.search.index.store.write_documents`."""
        for made, fresh in ((self.new, True), (self.known, False)):
            signed = [(item_id, one.derived.signed) for item_id, one in made.items()]
            clusters.update_clusters(self.connection, signed, fresh=fresh)
        texts = {i: one.derived.texts for i, one in (*self.new.items(), *self.known.items())}
        indexer.index_articles(self.connection, list(texts), texts, self.left)


@dataclass
class Made:
    """What an extractor made of a page, with what is derived from it once.

    ``done`` is what was derived of it before.
    """

    content: ArticleContent | Entry
    extractor: str
    origin: Origin = "crawl"
    rights: Sequence[str] = ()
    # When an imported page was fetched: then it was seen, whenever it is imported.
    fetched_at: datetime | None = None
    done: DerivedFrom | None = None
    derived: Deriving = field(init=False)

    def __post_init__(self) -> None:
        """Go on from what was derived before."""
        self.derived = Deriving(self.content, self.done)

    @property
    def article(self) -> ArticleContent:
        """The content where it is an article's."""
        if not isinstance(self.content, ArticleContent):
            raise TypeError(f"{self.content.name} is no article")
        return self.content

    @property
    def is_searchable(self) -> bool:
        """Whether it may be found by its words."""
        return HIDDEN not in self.rights
