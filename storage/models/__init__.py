"""The tables, a file a subject."""

from storage.models.base import Base, UtcDateTime
from storage.models.captures import Capture, Event, Revision
from storage.models.duplicates import BandFilter, Signature, SignatureBand
from storage.models.items import PUBLISHED, Address, Article, DirectoryEntry, EntryName, Item
from storage.models.relations import ArticleMedia, Link, Media, Mention
from storage.models.room import Dossier, DossierArticle, EndedSession, SavedSearch, Token, User
from storage.models.sources import Candidate, CrawlRun, Endpoint, HostFile, Lease, Source
from storage.models.takedowns import Import, Takedown, Tombstone
from storage.models.watch import Alarm, Alert, AlertedItem, Backfill, BackfillPage, Delivery

__all__ = [
    "PUBLISHED",
    "Address",
    "Alarm",
    "Alert",
    "AlertedItem",
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
    "Takedown",
    "Token",
    "Tombstone",
    "User",
    "UtcDateTime",
]
