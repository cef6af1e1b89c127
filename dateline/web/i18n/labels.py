"""Names for the codes of the archive: states, kinds, causes, fields. No page shows a bare code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dateline.web.i18n import formats
from dateline.web.i18n.formats import language_name

if TYPE_CHECKING:
    from dateline.web.i18n.catalogue import Words

# A context that tells equal English words apart, and the word.
Name = tuple[str, str]


def NP_(context: str, message: str) -> Name:
    """Mark a message for the extractor; it is translated where it is shown."""
    return context, message


LABELS: dict[str, dict[str, Name]] = {
    "source state": {
        "active": NP_("source", "active"),
        "paused": NP_("source", "paused"),
    },
    "run state": {
        "running": NP_("crawl", "running"),
        "finished": NP_("crawl", "finished"),
        "interrupted": NP_("crawl", "interrupted"),
        "failed": NP_("crawl", "failed"),
    },
    "run reason": {
        "finished": NP_("crawl", "finished"),
        "shutdown": NP_("crawl", "stopped by the operator"),
        "storage": NP_("crawl", "the archive could not be written"),
        "its process is gone": NP_("crawl", "its process ended unexpectedly"),
    },
    "count": {
        "new": NP_("count", "new"),
        "unchanged": NP_("count", "unchanged"),
        "revised": NP_("count", "revised"),
        "duplicate": NP_("count", "duplicates"),
        "skipped": NP_("count", "skipped"),
        "failed": NP_("count", "failed"),
        "gone": NP_("count", "removed by the publisher"),
        "endpoints": NP_("count", "endpoints read"),
        "unchanged_endpoints": NP_("count", "endpoints unchanged"),
        "announced": NP_("count", "links announced"),
        "fresh": NP_("count", "new links"),
        "requests": NP_("count", "requests"),
        "gaps": NP_("count", "gaps"),
        "past_pages": NP_("count", "pages backfilled"),
        "drawn": NP_("count", "pages rendered"),
        "named": NP_("count", "mentions linked"),
        "unclear_names": NP_("count", "ambiguous names"),
        "media_stored": NP_("count", "media stored"),
        "media_failed": NP_("count", "media failed"),
        "media_refused": NP_("count", "media refused"),
        "media_wanted": NP_("count", "media waiting"),
    },
    "endpoint": {
        "feed": NP_("endpoint", "feed"),
        "sitemap": NP_("endpoint", "sitemap"),
        "listing": NP_("endpoint", "list page"),
    },
    "endpoint status": {
        "closed": NP_("endpoint", "closed"),
    },
    "backfill reason": {
        "gap": NP_("backfill", "gap"),
        "asked": NP_("backfill", "requested"),
    },
    "backfill state": {
        "open": NP_("backfill", "in progress"),
        "done": NP_("backfill", "complete"),
        "failed": NP_("backfill", "failed"),
        "cancelled": NP_("backfill", "cancelled"),
    },
    "alarm": {
        "silent": NP_("alarm", "No new articles"),
        "unreachable": NP_("alarm", "Source unreachable"),
        "errors": NP_("alarm", "Many errors"),
        "walls": NP_("alarm", "Login or payment required"),
        "lost-field": NP_("alarm", "Fields missing"),
        "gap": NP_("alarm", "Gap in the archive"),
    },
    "event": {
        "gone": NP_("event", "removed by the publisher"),
        "returned": NP_("event", "online again"),
        "moved": NP_("event", "moved to another URL"),
        "teaser": NP_("event", "only the beginning is public now"),
        "full": NP_("event", "full text is public again"),
    },
    "entry": {
        "person": NP_("entry", "person"),
        "organisation": NP_("entry", "organisation"),
        "term": NP_("entry", "term"),
        "unknown": NP_("entry", "unknown type"),
    },
    "access": {
        "full": NP_("access", "full text"),
        "teaser": NP_("access", "beginning only"),
    },
    "scope": {
        "read": NP_("token", "read only"),
        "write": NP_("token", "read and write"),
    },
    "article": {
        "news": NP_("article", "news"),
        "article": NP_("article", "article"),
        "analysis": NP_("article", "analysis"),
        "background": NP_("article", "background"),
        "interview": NP_("article", "interview"),
        "opinion": NP_("article", "opinion"),
        "report": NP_("article", "report"),
        "reportage": NP_("article", "report"),
        "review": NP_("article", "review"),
        "blog": NP_("article", "blog post"),
        "live": NP_("article", "live coverage"),
        "video": NP_("article", "video"),
        "gallery": NP_("article", "picture gallery"),
        "press release": NP_("article", "press release"),
    },
    "notice": {
        "paid content": NP_("notice", "Paid content"),
        "satire": NP_("notice", "Satire"),
        "machine translated": NP_("notice", "Machine translation"),
        "distressing content": NP_("notice", "Distressing content"),
    },
    "relation": {
        "related": NP_("relation", "Related articles"),
        "entry": NP_("relation", "Directory"),
        "attachment": NP_("relation", "Attachments"),
        "further": NP_("relation", "Further reading"),
        "embedded": NP_("relation", "Embedded"),
        "outside": NP_("relation", "External links"),
    },
    "field": {
        "new": NP_("field", "first version"),
        "access": NP_("field", "access"),
        "aliases": NP_("field", "other names"),
        "attachments": NP_("field", "attachments"),
        "blocks": NP_("field", "text"),
        "body": NP_("field", "text"),
        "byline": NP_("field", "byline"),
        "dateline_place": NP_("field", "place"),
        "entry_kind": NP_("field", "type"),
        "expansion": NP_("field", "description"),
        "full text": NP_("field", "full text"),
        "headline": NP_("field", "headline"),
        "kind": NP_("field", "type"),
        "language": NP_("field", "language"),
        "links": NP_("field", "links"),
        "media": NP_("field", "pictures and attachments"),
        "mentions": NP_("field", "mentions"),
        "modified": NP_("field", "modification date"),
        "name": NP_("field", "name"),
        "notices": NP_("field", "notices"),
        "number": NP_("field", "number"),
        "pages": NP_("field", "pages"),
        "picture": NP_("field", "picture"),
        "published": NP_("field", "publication date"),
        "section": NP_("field", "section"),
        "standfirst": NP_("field", "standfirst"),
        "tags": NP_("field", "keywords"),
        "teaser": NP_("field", "summary"),
        "text": NP_("field", "text"),
        "title": NP_("field", "title"),
        "url": NP_("field", "URL"),
    },
    "place": {
        "feed": NP_("place", "feed"),
        "h1": NP_("place", "main heading"),
        "heading": NP_("place", "heading"),
        "json-ld": NP_("place", "structured data (JSON-LD)"),
        "link": NP_("place", "link"),
        "listing": NP_("place", "list page"),
        "meta": NP_("place", "page metadata"),
        "microdata": NP_("place", "structured data (microdata)"),
        "model": NP_("place", "text recognition"),
        "modified": NP_("place", "date of the last update"),
        "script": NP_("place", "script of the page"),
        "site": NP_("place", "rules for this site"),
        "sitemap": NP_("place", "sitemap"),
        "text": NP_("place", "text of the page"),
        "time": NP_("place", "time element"),
        "title": NP_("place", "page title"),
        "url": NP_("place", "URL"),
    },
    "cause": {
        "address-refused": NP_("cause", "private network address"),
        "bad-url": NP_("cause", "invalid URL"),
        "bot-wall": NP_("cause", "check for robots"),
        "browser-failed": NP_("cause", "browser error"),
        "capture-unreadable": NP_("cause", "capture unreadable"),
        "connection-failed": NP_("cause", "connection failed"),
        "connection-refused": NP_("cause", "connection refused"),
        "consent-wall": NP_("cause", "cookie consent required"),
        "documentation": NP_("cause", "documentation page"),
        "download-failed": NP_("cause", "download failed"),
        "duplicate": NP_("cause", "duplicate"),
        "empty": NP_("cause", "no article text"),
        "entry": NP_("cause", "directory page"),
        "error": NP_("cause", "error page"),
        "extraction-crashed": NP_("cause", "extraction failed"),
        "extraction-timeout": NP_("cause", "extraction took too long"),
        "forum": NP_("cause", "forum page"),
        "gallery": NP_("cause", "picture gallery"),
        "home": NP_("cause", "home page"),
        "ignored": NP_("cause", "ignored"),
        "interrupted": NP_("cause", "crawl interrupted"),
        "listing": NP_("cause", "list page"),
        "login-wall": NP_("cause", "login required"),
        "no-browser": NP_("cause", "no browser installed"),
        "not-a-feed": NP_("cause", "not a feed"),
        "not-a-listing": NP_("cause", "not a list page"),
        "not-a-picture": NP_("cause", "not a picture"),
        "not-a-sitemap": NP_("cause", "not a sitemap"),
        "not-html": NP_("cause", "not an HTML page"),
        "other-kind": NP_("cause", "another type of page"),
        "out-of-memory": NP_("cause", "out of memory"),
        "paywall": NP_("cause", "subscription required"),
        "product": NP_("cause", "product page"),
        "redirect-loop": NP_("cause", "redirect loop"),
        "reserved": NP_("cause", "reserved by the publisher"),
        "robots": NP_("cause", "forbidden by robots.txt"),
        "service": NP_("cause", "service page"),
        "storage": NP_("cause", "archive error"),
        "timeout": NP_("cause", "no answer in time"),
        "too-large": NP_("cause", "too large"),
        "truncated": NP_("cause", "answer incomplete"),
        "unknown-host": NP_("cause", "unknown host"),
        "video": NP_("cause", "video page"),
    },
    "export": {
        "csv": NP_("export", "CSV (spreadsheet)"),
        "jsonl": NP_("export", "JSON Lines"),
    },
    "API": {
        "cookie": NP_("API", "cookie"),
        "header": NP_("API", "header"),
        "path": NP_("API", "path"),
        "query": NP_("API", "query"),
    },
}
# Groups whose values may be words of a publisher, which are shown as they are.
_OPEN = frozenset({"article", "notice", "place", "export", "API"})
_HTTP = re.compile(r"http-(\d{3})")


def label(words: Words, group: str, code: str | None) -> str:
    """The name of ``code`` in the language of ``words``."""
    if not code:
        return ""
    known = LABELS[group].get(code) or LABELS[group].get(code.lower())
    if known is not None:
        return words.pgettext(*known)
    if group == "cause" and (status := _HTTP.fullmatch(code)):
        return words.gettext("HTTP status %(status)s") % {"status": status[1]}
    if group in _OPEN:
        return code
    return words.gettext("other (%(code)s)") % {"code": re.sub(r"[-_]+", " ", code)}


def facet_value(words: Words, facet: str, value: str, shown: str) -> str:
    """What a facet shows for one of its values."""
    if facet == "language":
        return language_name(value, words.language)
    return label(words, "article", value) if facet == "kind" else shown


def field_value(words: Words, field: str, value: str) -> str:
    """The value of an article's field, where that is a code, a language or a timestamp."""
    if not value:
        return ""
    if field == "language":
        return language_name(value, words.language)
    if field in ("published", "modified"):
        return formats.moment(value, words.language)
    if field == "notices":
        return ", ".join(label(words, "notice", one) for one in value.split(", "))
    return label(words, {"kind": "article"}.get(field, field), value)


# Fields whose values are no words of a publisher.
CODED = frozenset({"access", "kind", "language", "modified", "notices", "published"})
