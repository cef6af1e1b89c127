"""Clean extracted text with pure rules, so that every field fits its column."""

from __future__ import annotations

import dataclasses
from typing import Any

from crawler.extraction.clean import clean_content
from storage.types.pages import PageStored


class CleanPipeline:
    """Cleans extracted content; other outcomes pass unchanged."""

    def process_item(self, item: Any) -> Any:
        """Clean an item."""
        # What a worker made was cleaned there, before anything was derived of it.
        if not isinstance(item, PageStored) or item.is_derived:
            return item
        return dataclasses.replace(item, content=clean_content(item.content))
