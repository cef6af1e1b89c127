"""Where an article leads: links in its text, related items shown beside it, attachments."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from crawler.extraction.blocks.class_groups import GROUPS, groups_of
from crawler.extraction.body.filler import without_label
from crawler.extraction.linked.link_rules import classify, same_site
from storage.text.urls import is_web_url, url_key
from storage.types.content import Link, Media, Relation

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crawler.extraction.blocks.block import Place, RawBlock
    from crawler.extraction.blocks.walk import Walk
    from storage.types.content import Block

_ATTACHMENT = re.compile(
    r"\.(?:pdf|docx?|xlsx?|pptx?|odt|ods|odp|rtf|csv|zip|epub)$", re.IGNORECASE
)
# Addresses that hand out a file without naming its kind; what comes is looked at when it is fetched.
_DOWNLOAD = re.compile(
    r"/(?:download|downloads|getfile|get-file|getdocument|attachments?|dokumente?|documents?)"
    r"(?:\.\w{2,4})?(?:\?\w|/[\w-]{0,60}\d[\w-]{0,60}/?(?:$|\?))|/\d{1,12}/download/?(?:$|\?)"
    r"|[?&](?:download|attachment_id|file_id|docid)=\w",
    re.IGNORECASE,
)
# Addresses of pages about a person, an organisation, a term or a topic.
_ENTRY = re.compile(
    r"/(?:annuaire|directory|lexique|glossaire|glossary|glossar|lexikon|person(?:en|s|ne|nes)?|people"
    r"|personnalite|personalities|who|organisations?|organizations?|organismes?|companies|company"
    r"|entreprises?|firmen|institutions?|fiches?|profiles?|wiki|begriffe?|terms?|definitions?)/[^/]+",
    re.IGNORECASE,
)
_RELATED = GROUPS.index("related")
_OUT = {GROUPS.index(name) for name in ("share", "comment", "advert", "footer")}
_RELATED_TITLE = re.compile(
    r"^(?:related|more (?:on|from|about|in)|read (?:more|also|next)|see also|further reading|articles?"
    r"|articles (?:liés|associés|similaires)|à lire|lire aussi|voir aussi|sur le même (?:sujet|thème)"
    r"|pour aller plus loin|dans l['’]annuaire|zum thema|mehr zum thema|lesen sie auch|auch interessant"
    r"|verwandte|weitere|leer más|lea también|relacionad|noticias relacionadas|te puede interesar"
    r"|leggi anche|articoli correlati|leia (?:também|mais)|lees ook|läs (?:mer|också)|les også|læs også"
    r"|lue myös|czytaj także|zobacz też|baca juga|関連|相关|관련|читайте также|по теме|ilgili)",
    re.IGNORECASE,
)
# First words of the above, for those in plain letters: most short blocks need no closer look.
_TITLE_WORDS = frozenset(
    (
        "related more read see further articles article lire voir sur pour dans zum mehr lesen auch "
        "verwandte weitere leer lea relacionad relacionados relacionadas noticias te leggi articoli "
        "leia lees les lue czytaj zobacz baca ilgili"
    ).split()
)
_MAX_RELATED = 40
_TITLE_TAGS = frozenset({"h2", "h3", "h4", "h5"})
_TITLE_LENGTH = 60
_TELLING = re.compile(
    f"{_ENTRY.pattern}|{_ATTACHMENT.pattern.rstrip('$')}|{_DOWNLOAD.pattern}", re.IGNORECASE
)
# A box of files stands under the text, so many blocks below it at most.
_BELOW_TEXT = 40
# So many blocks after its heading a list of related items may reach.
_UNDER_HEADING = 60


def is_entry(url: str) -> bool:
    """Return whether a URL is that of a directory entry or glossary term."""
    return _ENTRY.search(url) is not None


def is_attachment(url: str) -> bool:
    """Return whether a URL is that of a file: a document, not a page."""
    address = url.partition("#")[0]
    path, _, query = address.partition("?")
    return (
        _ATTACHMENT.search(path) is not None
        or _DOWNLOAD.search(address) is not None
        or any(_ATTACHMENT.search(value) for value in query[:500].split("&"))
    )


def relation_of(url: str, page_url: str, anchor: str) -> Relation:
    """What a link in the text is to its article."""
    if is_attachment(url):
        return "attachment"
    if not same_site(url, page_url):
        return "outside"
    if is_entry(url):
        return "entry"
    return "further" if classify(url, anchor) == "article" else "outside"


def links_in_text(blocks: Iterable[Block], page_url: str) -> list[Link]:
    """The links of the text in their order, each URL once."""
    found: dict[str, Link] = {}
    own = url_key(page_url)
    for block in blocks:
        for span in block.spans:
            if span.kind != "link" or span.url is None:
                continue
            key = url_key(span.url)
            if key == own or key in found:
                continue
            anchor = block.text[span.start : span.end].strip()
            found[key] = Link(span.url, relation_of(span.url, page_url, anchor), anchor or None)
    return list(found.values())


def attachments(links: Iterable[Link]) -> tuple[Media, ...]:
    """The files that links lead to, as media of the article."""
    return tuple(
        Media(link.url, "attachment", link.anchor)
        for link in links
        if link.relation == "attachment"
    )


def related_items(walk: Walk, chosen: Sequence[int], page_url: str) -> list[Link]:
    """Articles and directory entries that the page shows as going with this one.

    They stand outside the text, in a place whose class words or whose heading say so; links of
    menus, of footers and of lists of what is read most are left alone.
    """
    inside = set(chosen)
    found: dict[str, Link] = {}
    last = chosen[-1] if chosen else -1
    first = chosen[0] if chosen else 0
    named: dict[int, bool] = {}
    heading: tuple[int, bool] = (-1, False)
    for i, block in enumerate(walk.blocks):
        titled = _says_related(block)
        if titled or (block.tag in _TITLE_TAGS and not block.linked):
            heading = (i, titled)
        if i < first or i in inside or not block.linked or len(found) >= _MAX_RELATED:
            continue
        if i > last and not (heading[1] and i - heading[0] < _UNDER_HEADING):
            place = block.place
            if place.order not in named:
                named[place.order] = _is_related_place(place)
            if not named[place.order]:
                if i - last < _BELOW_TEXT and not _is_outside(place):
                    _add_files(found, walk, block, page_url)
                continue
        for start, end, what, href in block.spans:
            if what == "link" and href:
                _add(found, walk, block, block.text[start:end].strip(), href, page_url, i, inside)
    return list(found.values())


def _says_related(block: RawBlock) -> bool:
    """Return whether a short block is the heading of a list of related items."""
    if len(block.text) > _TITLE_LENGTH or block.linked > len(block.text) / 2:
        return False
    if block.words and block.text.isascii() and block.words[0] not in _TITLE_WORDS:
        return False
    return _RELATED_TITLE.match(block.text) is not None


def _add(
    found: dict[str, Link], walk: Walk, block: RawBlock, anchor: str, href: str, page_url: str,
    index: int, inside: set[int],
) -> None:  # fmt: skip
    # A menu's word or two leads to no article: not worth resolving, unless its URL says more.
    if not anchor or (anchor.count(" ") < 2 and not _TELLING.search(href)):
        return
    url = walk.resolve(href)
    if not url or not is_web_url(url) or not same_site(url, page_url):
        return
    key = url_key(url)
    if key == url_key(page_url) or key in found:
        return
    if is_attachment(url):
        relation: Relation = "attachment"
    elif is_entry(url):
        relation = "entry"
    elif classify(url, anchor) == "article" and len(anchor.split()) > 2:
        relation = "related"
    else:
        return
    found[key] = Link(url, relation, without_label(anchor), _teaser(walk, block, index, inside))


def _add_files(found: dict[str, Link], walk: Walk, block: RawBlock, page_url: str) -> None:
    """The files that a block below the text links to, whatever its box is called."""
    for start, end, what, href in block.spans:
        url = walk.resolve(href) if what == "link" and href and _TELLING.search(href) else None
        if url and is_web_url(url) and is_attachment(url) and same_site(url, page_url):
            anchor = block.text[start:end].strip()
            found.setdefault(url_key(url), Link(url, "attachment", anchor or None))


def _is_outside(place: Place) -> bool:
    """Whether a place belongs to the site, not to the article: a menu, a footer, advertising."""
    node: Any = place
    while node is not None:
        if node.tag in ("nav", "footer", "header"):
            return True
        if node.words and _OUT.intersection(groups_of(node.words)):
            return True
        node = node.parent
    return False


def _teaser(walk: Walk, block: RawBlock, index: int, inside: set[int]) -> str | None:
    """The unlinked words right after the link, in the same box."""
    box = block.place.parent
    for j in range(index + 1, min(index + 4, len(walk.blocks))):
        other = walk.blocks[j]
        if j in inside or other.linked > len(other.text) / 2:
            return None
        if len(other.text) > 50 and box is not None and other.place.lies_in(box):
            return other.text
    return None


def _is_related_place(place: Place) -> bool:
    node: Any = place
    for _ in range(8):
        if node is None or node.tag in ("nav", "footer", "header"):
            return False
        groups = groups_of(node.words) if node.words else frozenset()
        if _OUT.intersection(groups):
            return False
        if _RELATED in groups:
            return True
        node = node.parent
    return False
