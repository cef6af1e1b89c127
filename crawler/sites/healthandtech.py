"""H&TI, and the sister sites of its platform: numbered items, an annuaire, a lexique.

All that is read here is the platform's form (``crawler.extraction.agencies.numbered``,
``crawler.extraction.linked.tooltips``), never its class names, which differ from view to view.
"""

from __future__ import annotations

from typing import ClassVar

from crawler.sites.agency import Agency


class HealthAndTech(Agency):
    """healthandtech.eu and the News Tank agencies."""

    domains: ClassVar[tuple[str, ...]] = ("healthandtech.eu", "newstank.fr", "newstank.eu")
    timezone: ClassVar[str | None] = "Europe/Paris"
    language: ClassVar[str | None] = "fr"
    # Some views print a name's card right behind it, with nothing to tell them apart.
    unmarked_cards: ClassVar[bool] = True
