"""Extractions as JSON: all fields of one page, and the lines of a batch."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from crawler.extraction.clean import clean_article, clean_entry
from storage.types.content import to_json

if TYPE_CHECKING:
    from crawler.extraction.article import Extraction

_FIELDS = (
    "headline",
    "standfirst",
    "byline",
    "dateline_place",
    "number",
    "kind",
    "section",
    "tags",
    "language",
    "published",
    "modified",
    "access",
    "doubtful",
    "notices",
    "canonical_url",
)


def cleaned(found: Extraction) -> Extraction:
    """Clean the text of an extraction as the archive does."""
    if found.article is not None:
        return replace(found, article=clean_article(found.article))
    return replace(found, entry=clean_entry(found.entry)) if found.entry is not None else found


def record_of(found: Extraction, url: str) -> dict[str, Any]:
    """Return every field with its value and provenance, then text, links, mentions and media."""
    record: dict[str, Any] = {"url": url, "page": found.kind}
    if found.reason:
        record["reason"] = found.reason
    if found.entry is not None:
        record["entry"] = {**to_json(found.entry), "text": found.entry.text}
    article = found.article
    if article is None:
        return record
    record["fields"] = {
        name: {"value": to_json(getattr(article, name)), "from": article.provenance.get(name)}
        for name in _FIELDS
    }
    record["text"] = article.text
    record["text_from"] = article.provenance.get("body")
    for name in ("blocks", "links", "mentions", "media"):
        record[name] = to_json(getattr(article, name))
    return record


def as_prediction(found: Extraction) -> dict[str, Any]:
    """Return one output line of ``--manifest``; benchmarks read the same form."""
    article = found.article
    if article is None:
        entry = found.entry
        return {
            "kind": found.kind,
            "reason": found.reason,
            "authors": None,
            "published_at": None,
            "headline": entry.name if entry else None,
            "body": entry.text if entry else None,
        }
    return {
        "kind": found.kind,
        "headline": article.headline,
        "body": article.text,
        "authors": list(article.byline),
        "published_at": article.published.isoformat() if article.published else None,
        "standfirst": article.standfirst,
        "language": article.language,
        "section": article.section,
        "tags": list(article.tags),
        "access": article.access,
        "doubtful": article.doubtful,
        "notices": list(article.notices),
        "provenance": article.provenance,
    }
