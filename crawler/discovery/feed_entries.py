"""Parse the parts of an XML feed: RSS 0.9x to 2.0, RDF, Atom; by namespace and parent."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from crawler.discovery.markup import local, namespace, text_in
from crawler.discovery.values import at, line, without_markup
from crawler.extraction.linked.link_rules import same_site
from storage.text.urls import is_web_url, resolve_url
from storage.types.endpoints import Announcement

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.discovery.values import Values

_ATOM = re.compile(r"atom|example\.com/necho|tools\.ietf\.org")
_DUBLIN_CORE = re.compile(r"purl\.org/dc|^dc(?:terms)?$")
_XML = "{http://www.w3.org/XML/1998/namespace}"
# Extensions of feeds that have elements of the same names as feeds have.
_EXTENSION = re.compile(
    r"media|itunes|podcast|thr|slash|wfw|georss|content|xhtml|svg|image|video|google|yahoo|opensearch"
    r"|creativecommons|geo|openid|foaf|source|activity|rawvoice|spotify|threading|trackback"
)
_PUBLISHED = ("published", "pubdate", "issued", "publicationdate", "created", "date")
_MODIFIED = ("updated", "modified", "lastbuilddate")
_ADDRESS = re.compile(r"\s*<?[^\s@<>()]+@[^\s@<>()]+>?\s*(?:\((.*)\))?\s*")
_PAGE_TYPES = ("", "text/html", "application/xhtml+xml", "html")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_ALTERNATE = ("alternate", "http://www.iana.org/assignments/relation/alternate")


@dataclass(slots=True)
class RawEntry:
    """An entry's element texts, before its links are resolved."""

    link: str = ""
    base: str = ""
    guid: str | None = None
    title: str | None = None
    published: str | None = None
    modified: str | None = None
    byline: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)


def is_core(element: Any, parent: Any) -> bool:
    """Tell whether an element belongs to the feed format, not to an extension."""
    space = namespace(element)
    return (
        not space
        or space == namespace(parent)
        or not (_EXTENSION.search(space) or _DUBLIN_CORE.search(space))
    )


def children(element: Any) -> Iterator[tuple[str, Any, bool]]:
    """Yield (local name, element, whether it belongs to the format) per child."""
    for child in element:
        if isinstance(child.tag, str):
            yield local(child), child, is_core(child, element)


def read_entry(element: Any, language: str | None) -> RawEntry:
    """Read an ``item`` or ``entry``."""
    entry = RawEntry(base=xml_base(element))
    links: list[Any] = []
    titles: dict[str, list[Any]] = {"core": [], "dublin": [], "other": []}
    names: dict[str, list[str]] = {"author": [], "creator": [], "itunes": []}
    own = (element.get(f"{_XML}lang") or language or "").lower()
    for name, child, core in children(element):
        dublin = not core and _DUBLIN_CORE.search(namespace(child)) is not None
        if name == "link" and core:
            links.append(child)
        elif name == "origlink":
            entry.link = (child.text or "").strip()
        elif name in ("guid", "id") and core and entry.guid is None:
            entry.guid = line(child.text)
            if name == "guid" and (child.get("isPermaLink") or "true").strip().lower() == "true":
                links.append(child)
        elif name == "title":
            titles["core" if core else "dublin" if dublin else "other"].append(child)
        elif name in ("author", "creator") and (core or dublin):
            names["author" if core else "creator"] += people(child)
        elif name == "author":
            names["itunes"] += people(child)
        elif name in ("category", "subject") and (core or dublin):
            entry.tags += [tag for tag in [line(child.get("term") or child.text)] if tag]
        elif core or dublin or "prism" in namespace(child):
            _dates(entry, name, child)
    if not entry.link:
        entry.link, entry.base = _link(links, own, entry)
    entry.byline = names["author"] or names["creator"] or names["itunes"]
    about = line(element.get("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"))
    entry.guid, entry.link = entry.guid or about, entry.link or about or ""
    said = (line(title_of(one)) for kind in titles.values() for one in kind)
    entry.title = next((title for title in said if title), None)
    return entry


def _dates(entry: RawEntry, name: str, child: Any) -> None:
    text = (child.text or "").strip()
    if not text:
        return
    if name in _PUBLISHED:
        entry.published = text if name != "date" or entry.published is None else entry.published
    elif name in _MODIFIED:
        entry.modified = entry.modified or text


def _link(links: list[Any], language: str, entry: RawEntry) -> tuple[str, str]:
    """Return the URL of the entry's own page: not of another language, format or relation.

    The second is the ``xml:base`` that it is relative to.
    """
    best, found, base = 0, "", entry.base
    for element in links:
        href = (element.get("href") or text_in(element)).strip()
        is_guid = local(element) == "guid"
        if not href or (is_guid and not is_web_url(href) and not element.get("isPermaLink")):
            continue
        relations = (element.get("rel") or "alternate").lower().split()
        if "stylesheet" in relations or not any(one in _ALTERNATE for one in relations):
            continue
        tongue = (element.get("hreflang") or "").lower()
        kind = (element.get("type") or "").partition(";")[0].strip().lower()
        score = 1 + 8 * (not is_guid) + 4 * (kind in _PAGE_TYPES)
        score += 2 * (not tongue or tongue == language)
        score += tongue == language or (bool(tongue) and tongue[:2] == language[:2])
        if score > best:
            best, found, base = score, href, xml_base(element)
    if not found and entry.guid and is_web_url(entry.guid):
        found = entry.guid
    return found, base


def title_of(element: Any) -> str:
    """Return the text of a title; markup is removed unless its type is text."""
    kind = (element.get("type") or "").strip().lower()
    text = text_in(element)
    if kind in ("text", "xhtml") or len(element):
        return text
    return without_markup(text)


def people(element: Any) -> list[str]:
    """Return the names in a person element: Atom's ``name``, RSS's ``address (name)``."""
    named = [child for child in element.iter() if local(child) == "name"]
    found = []
    for text in [text_in(child) for child in named] if named else [element.text or ""]:
        match = _ADDRESS.fullmatch(text)
        name = line(without_markup((match[1] or "") if match else text))
        if name and "@" not in name:
            found.append(name)
    return found


def xml_base(element: Any) -> str:
    """Return the ``xml:base`` that applies to an element, ``""`` where none does."""
    bases = []
    node = element
    while node is not None:
        base = node.get(f"{_XML}base")
        # No page is relative to "javascript:" or a file.
        if base and (is_web_url(base.strip()) or not _SCHEME.match(base.strip())):
            bases.append(base.strip())
        node = node.getparent()
    found = ""
    for base in reversed(bases):
        try:
            found = urljoin(found, base)
        except ValueError:
            continue
    return found


def base_of(url: str, site: str | None) -> str:
    """Return the base URL of links in a feed without ``xml:base``.

    A feed that a service publishes for a site (another host than its channel's) means the site.
    """
    if site and is_web_url(site) and not same_site(site, url) and not same_site(url, site):
        return site
    return url


def announced(entry: RawEntry, base: str, values: Values) -> Announcement | None:
    """Return an entry as an announcement; ``None``, and counted, where it has no usable URL."""
    try:
        own = urljoin(base, entry.base) if entry.base else base
    except ValueError:
        own = base
    url = values.url(own, entry.link)
    if url is None:
        return None
    guid = entry.guid
    if guid and (guid[0] == "/" or (entry.base and "/" in guid)) and " " not in guid:
        guid = resolve_url(own, guid) or guid
    published, modified = values.timestamp(entry.published), values.timestamp(entry.modified)
    hints: dict[str, Any] = {
        "guid": guid,
        "headline": entry.title,
        "byline": entry.byline,
        "tags": entry.tags,
    }
    stated = published or modified
    if stated is not None and stated.moment is not None:
        hints["published"] = stated.moment.isoformat()
    return Announcement(
        url=url,
        published=at(stated),
        modified=at(modified),
        hints={name: value for name, value in hints.items() if value},
    )
