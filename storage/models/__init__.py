"""The tables, a file a subject."""

from storage.models.base import Base, Moment
from storage.models.captures import Capture, Event, Revision
from storage.models.duplicates import Signature, SignatureBand
from storage.models.items import Address, Article, DirectoryEntry, EntryName, Item
from storage.models.relations import ArticleMedia, Link, Media, Mention
from storage.models.room import Dossier, DossierArticle, SavedSearch, Token, User
from storage.models.sources import Candidate, CrawlRun, Endpoint, Lease, Source
from storage.models.takedowns import Forgetting, Import, Tombstone

__all__ = [
    "Address",
    "Article",
    "ArticleMedia",
    "Base",
    "Candidate",
    "Capture",
    "CrawlRun",
    "DirectoryEntry",
    "Dossier",
    "DossierArticle",
    "Endpoint",
    "EntryName",
    "Event",
    "Forgetting",
    "Import",
    "Item",
    "Lease",
    "Link",
    "Media",
    "Mention",
    "Moment",
    "Revision",
    "SavedSearch",
    "Signature",
    "SignatureBand",
    "Source",
    "Token",
    "Tombstone",
    "User",
]
