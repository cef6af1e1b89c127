"""Sites: one file per site, with only what differs from the generic extraction."""

from crawler.sites.base import Site
from crawler.sites.registry import extract_for_site, site_for

__all__ = ["Site", "extract_for_site", "site_for"]
