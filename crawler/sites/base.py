"""Base class of site files: domains, and what differs from the generic extraction."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

from lxml import etree
from parsel import Selector
from parsel.csstranslator import HTMLTranslator

from crawler.extraction.article import Extraction, extract_page
from crawler.extraction.dates import formats
from crawler.extraction.fields.bylines.names import clean_names
from crawler.extraction.linked.mentions import mentions_in
from crawler.extraction.linked.repeated_words import cleaned
from crawler.extraction.page.parse import take_out
from storage.text.url_rules import UrlRules

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crawler.extraction.article import Known
    from crawler.extraction.page.parse import Page
    from storage.types.content import Article, StatedTimestamp

NumberedReader = Callable[["Page", "Known"], Extraction | None]
# Fields of an article that a site may give its own selector for.
FIELDS = (
    "headline",
    "standfirst",
    "byline",
    "dateline_place",
    "number",
    "kind",
    "section",
    "tags",
    "published",
    "modified",
)
_MULTIPLE = ("byline", "tags")
_TIMESTAMPS = ("published", "modified")


class Site:
    """The generic site. A file in ``crawler/sites`` subclasses it and states what differs.

    ``fields`` are CSS selectors (parsel's, with ``::text`` and ``::attr(name)``) by field; a
    field with none keeps what the generic extraction finds, and so does one whose selector finds
    nothing. ``remove`` are selectors of what is no part of any article. ``text`` is one of the
    boxes that hold the text, where the model should not look for it. What selectors cannot say
    goes into :meth:`amend`. Everything here is pure, so that the same code runs in a crawl and
    over old captures.
    """

    domains: ClassVar[tuple[str, ...]] = ()
    # Of timestamps without offset, and of pages that do not say, where the source does not say either.
    timezone: ClassVar[str | None] = None
    language: ClassVar[str | None] = None
    fields: ClassVar[Mapping[str, str]] = {}
    remove: ClassVar[Sequence[str]] = ()
    text: ClassVar[str] = ""
    # What the site knows of its own URLs: the only parameters of the query that say what is
    # shown (None: the generic tables decide), others that do not, further hosts that serve it.
    parameters: ClassVar[tuple[str, ...] | None] = None
    dropped_parameters: ClassVar[tuple[str, ...]] = ()
    other_hosts: ClassVar[tuple[str, ...]] = ()
    # A selector of what only those see who are logged in: ``a.logout``.
    logged_in_selector: ClassVar[str] = ""
    # Whether cards of names are run into the text without any markup (InsermInsermInserm).
    unmarked_cards: ClassVar[bool] = False

    def url_rules(self, host: str) -> UrlRules:
        """Return the URL rules for ``host``, the source's own."""
        return UrlRules(
            None if self.parameters is None else frozenset(self.parameters),
            frozenset(name.lower() for name in self.dropped_parameters),
            dict.fromkeys(self.other_hosts, host),
        )

    def extract(
        self, page: Page, known: Known, read_numbered: NumberedReader | None = None
    ) -> Extraction:
        """Extract an article or directory entry of a page.

        ``read_numbered`` reads a page that has the form of a numbered agency, whatever its site;
        :mod:`crawler.sites.registry` passes it.
        """
        known = dataclasses.replace(
            known,
            timezone=self.timezone or known.timezone,
            language=known.language or self.language,
        )
        # Read first: a field may stand in what is no part of the text.
        selected = self._select_fields(page, known)
        for css in self.remove:
            for element in _select(page, css):
                take_out(element)
        boxes = _select(page, self.text) if self.text else None
        numbered = None if boxes or read_numbered is None else read_numbered(page, known)
        found = numbered or extract_page(page, known, boxes=boxes)
        if found.article is None:
            return found
        blocks = found.article.blocks
        if self.unmarked_cards:
            selected["blocks"] = tuple(cleaned(blocks))
            selected["mentions"] = mentions_in(selected["blocks"])
        article = dataclasses.replace(
            found.article,
            **selected,
            provenance={**found.article.provenance, **dict.fromkeys(selected, "site")},
        )
        return dataclasses.replace(found, article=self.amend(article, Selector(root=page.root)))

    def amend(self, article: Article, page: Selector) -> Article:
        """Correct an article where no selector can."""
        return article

    def _select_fields(self, page: Page, known: Known) -> dict[str, Any]:
        """Return the fields that the site's selectors find."""
        selector = Selector(root=page.root)
        found: dict[str, Any] = {}
        for name, css in self.fields.items():
            if name not in FIELDS:
                raise ValueError(
                    f"{type(self).__name__}: unknown field {name!r}. Known fields: {', '.join(FIELDS)}"
                )
            values = [" ".join(text.split()) for text in selector.css(css).getall()]
            values = [text for text in values if text]
            if not values:
                continue
            if name == "byline":
                names = clean_names(values)
                if names:
                    found[name] = names
            elif name in _MULTIPLE:
                found[name] = tuple(dict.fromkeys(values))
            elif name in _TIMESTAMPS:
                timestamp = _parse_timestamp(values[0], page, known)
                if timestamp is not None:
                    found[name] = timestamp
            else:
                found[name] = " ".join(values)
        return found


def _parse_timestamp(text: str, page: Page, known: Known) -> StatedTimestamp | None:
    zone = formats.zone_of(known.timezone)
    found = formats.parse_machine(text, zone) or formats.parse_words(
        text, page.language or known.language, zone
    )
    return formats.plausible(found, known.now)


def _select(page: Page, css: str) -> list[Any]:
    return list(_xpath(css)(page.root))


@lru_cache(maxsize=500)
def _xpath(css: str) -> Any:
    return etree.XPath(HTMLTranslator().css_to_xpath(css))
