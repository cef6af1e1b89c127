"""An extraction as the archive takes it: cleaned, and with what the archive derives of it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.extraction.article import Extraction
from crawler.extraction.clean import clean_article, clean_entry
from storage.ingest.derived import derive

if TYPE_CHECKING:
    from storage.ingest.derived import Derived


@dataclass(frozen=True, slots=True)
class Prepared(Extraction):
    """What a page is, its article or entry cleaned, and what was derived of that."""

    derived: Derived | None = None


def prepared(made: Extraction) -> Prepared:
    """The same, prepared for the archive."""
    article = None if made.article is None else clean_article(made.article)
    entry = None if made.entry is None else clean_entry(made.entry)
    content = article or entry
    return Prepared(
        made.kind,
        made.reason,
        article,
        entry,
        made.onward,
        None if content is None else derive(content),
    )
