"""An institution's press releases: the place and the day stand in the first line of the text."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, ClassVar

from crawler.sites.base import Site

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from parsel import Selector

    from storage.types.content import Article


class HarbourOffice(Site):
    """office.example."""

    domains: ClassVar[tuple[str, ...]] = ("office.example",)
    timezone: ClassVar[str | None] = "Europe/Paris"
    fields: ClassVar[Mapping[str, str]] = {
        "headline": "#titre::text",
        "published": "#entete::text",
        "number": "#entete .ref::text",
    }
    remove: ClassVar[Sequence[str]] = ("#contact-presse", "#entete")
    text: ClassVar[str] = "#communique"

    def amend(self, article: Article, page: Selector) -> Article:
        """The place before the dash; every text here is a press release."""
        first = article.blocks[0].text if article.blocks else ""
        place = re.match(r"([A-ZÀ-Ý][\w’' -]{1,30}), le \d", first)
        return dataclasses.replace(
            article, kind="press release", dateline_place=place[1] if place else None
        )
