"""Prepare an extraction for the archive: clean it, and derive its search data. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.extraction.article import Extraction
from crawler.extraction.clean import clean_article, clean_entry
from storage.ingest.derived import derive

if TYPE_CHECKING:
    from storage.ingest.derived import Derived


@dataclass(frozen=True, slots=True)
class PreparedExtraction(Extraction):
    """An extraction with its content cleaned, and what was derived from that."""

    derived: Derived | None = None


def prepare_extraction(extraction: Extraction) -> PreparedExtraction:
    """Clean an extraction and derive what the archive stores with it."""
    article = None if extraction.article is None else clean_article(extraction.article)
    entry = None if extraction.entry is None else clean_entry(extraction.entry)
    content = article or entry
    return PreparedExtraction(
        extraction.kind,
        extraction.reason,
        article,
        entry,
        extraction.onward,
        None if content is None else derive(content),
    )
