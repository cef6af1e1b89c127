"""The Saltmarsh Courier, the demonstration newspaper: an example of a paper's file.

Live blogs say so in a label, galleries in their URL; what readers are offered stands in
boxes inside the text.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, ClassVar

from crawler.sites.base import Site

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from parsel import Selector

    from storage.types.content import Article


class Courier(Site):
    """courier.example."""

    domains: ClassVar[tuple[str, ...]] = ("courier.example",)
    timezone: ClassVar[str | None] = "Europe/London"
    fields: ClassVar[Mapping[str, str]] = {
        "byline": ".byline .name::text",
        "section": ".crumbs a:last-child::text",
        "published": ".stamp time::attr(datetime)",
    }
    remove: ClassVar[Sequence[str]] = (".offer", ".live-bar", ".read-next")
    text: ClassVar[str] = ".story, .live-entry, .slide"

    def amend(self, article: Article, page: Selector) -> Article:
        """A live blog and a gallery are called that."""
        if page.css(".label-live"):
            return dataclasses.replace(article, kind="live blog")
        return dataclasses.replace(article, kind="gallery") if page.css(".slide") else article
