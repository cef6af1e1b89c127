"""The tables, a file a subject."""

from storage.models.base import Base, UtcDateTime
from storage.models.captures import Capture, Event, Revision
from storage.models.duplicates import BandFilter, Signature, SignatureBand
from storage.models.items import PUBLISHED, Address, Article, DirectoryEntry, EntryName, Item
from storage.models.relations import ArticleMedia, Link, Media, Mention
from storage.models.room import Dossier, DossierArticle, EndedSession, SavedSearch, Token, User
from storage.models.sources import Candidate, CrawlRun, Endpoint, HostFile, Lease, Source
from storage.models.takedowns import Forgetting, Import, Tombstone
from storage.models.watch import Alarm, Backfill, BackfillPage, Delivery, Told, Watch

__all__ = [
    "PUBLISHED",
    "Address",
    "Alarm",
    "Article",
    "ArticleMedia",
    "Backfill",
    "BackfillPage",
    "BandFilter",
    "Base",
    "Candidate",
    "Capture",
    "CrawlRun",
    "Delivery",
    "DirectoryEntry",
    "Dossier",
    "DossierArticle",
    "EndedSession",
    "Endpoint",
    "EntryName",
    "Event",
    "Forgetting",
    "HostFile",
    "Import",
    "Item",
    "Lease",
    "Link",
    "Media",
    "Mention",
    "Revision",
    "SavedSearch",
    "Signature",
    "SignatureBand",
    "Source",
    "Token",
    "Told",
    "Tombstone",
    "User",
    "UtcDateTime",
    "Watch",
]
