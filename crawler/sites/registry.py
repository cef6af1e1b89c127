"""Find the site file for a URL."""

from __future__ import annotations

import importlib
import pkgutil
from functools import lru_cache
from typing import TYPE_CHECKING

from crawler.extraction.page.parse import parse_html
from crawler.sites.agency import Agency
from crawler.sites.base import Site
from storage.text.urls import host_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.extraction.article import Extraction, Known


@lru_cache(maxsize=1)
def _sites() -> dict[str, Site]:
    import crawler.sites as package

    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"crawler.sites.{module.name}")
    return {domain: cls() for cls in _below(Site) for domain in cls.domains}


def _below(cls: type[Site]) -> Iterator[type[Site]]:
    for sub in cls.__subclasses__():
        yield sub
        yield from _below(sub)


_GENERIC = Site()
_AGENCY = Agency()


def site_for(url: str) -> Site:
    """Return the site whose domain ``url`` lies on, or the generic one."""
    sites = _sites()
    host = host_of(url)
    while host:
        if host in sites:
            return sites[host]
        host = host.partition(".")[2]
    return _GENERIC


def extract_for_site(body: bytes, url: str, content_type: str, known: Known) -> Extraction:
    """Extract a page with the rules of its site.

    Raises:
        BadPage: the bytes hold no page.
    """
    return site_for(url).extract(
        parse_html(body, url, content_type), known, _AGENCY.extract_numbered
    )
