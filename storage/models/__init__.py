"""The tables, a file a subject."""

from storage.models.base import Base, Moment
from storage.models.captures import Capture, Revision
from storage.models.items import Address, Article, DirectoryEntry, EntryName, Item
from storage.models.relations import ArticleMedia, Link, Media, Mention
from storage.models.sources import Candidate, CrawlRun, Endpoint, Source

__all__ = [
    "Address",
    "Article",
    "ArticleMedia",
    "Base",
    "Candidate",
    "Capture",
    "CrawlRun",
    "DirectoryEntry",
    "Endpoint",
    "EntryName",
    "Item",
    "Link",
    "Media",
    "Mention",
    "Moment",
    "Revision",
    "Source",
]
