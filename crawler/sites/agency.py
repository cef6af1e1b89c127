"""A news agency with numbered items: what its pages have in common, whatever their markup.

Headline; a header line with place, timestamp and number; the standfirst, often in the same line; the
text, which may continue after lists of related items and directory entries; linked names with cards.
A site's own file subclasses :class:`Agency` and says its domains, zone and language.
"""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

from crawler.extraction.agencies.numbered import (
    Header,
    Numbered,
    header_with_lines,
    is_header_line,
    list_headings,
    numbered_items,
    parse_header,
    parse_meta,
)
from crawler.extraction.article import Extraction, extract_page, uncollected
from crawler.extraction.blocks.class_groups import GROUPS, groups_of
from crawler.extraction.blocks.typed import typed_blocks, with_figures
from crawler.extraction.blocks.walk import Walk
from crawler.extraction.body import select
from crawler.extraction.body.features import Context
from crawler.extraction.body.filler import is_filler
from crawler.extraction.dates import formats
from crawler.extraction.fields import language, publication_dates
from crawler.extraction.fields.headline_words import fold
from crawler.extraction.fields.metadata import Metadata
from crawler.extraction.fields.paywall import is_notice, says_wall
from crawler.extraction.kinds.entry_kind import with_kinds
from crawler.extraction.linked import tooltips
from crawler.extraction.linked.links import attachments, is_entry, links_in_text
from crawler.extraction.linked.mentions import mentions_in
from crawler.extraction.linked.pictures import figures_of
from crawler.extraction.linked.repeated_words import cleaned
from crawler.sites.base import Site
from storage.types.content import Article, Block, Entry, Link

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.extraction.article import Known
    from crawler.extraction.blocks.block import Place, RawBlock
    from crawler.extraction.page.parse import Page
    from crawler.sites.base import NumberedReader
    from storage.types.content import EntryKind, Relation, StatedTimestamp

_FURNITURE_GROUPS = frozenset(
    GROUPS.index(name)
    for name in ("nav", "share", "comment", "subscribe", "advert", "notice", "footer")
)
# Buttons, counters and marks of a page's ends: a line of one word or none.
_PAGE_CONTROLS = re.compile(
    r"\W*|\d{1,3}|[-+\s]+|début|fin|loader\s*mask|loading|chargement.{0,12}|haut de page|retour|imprimer|partager"
    r"|envoyer|télécharger|zoom.{0,12}|a\s*[-+]\s*a?\s*[-+]?",
    re.IGNORECASE,
)
_SUBSCRIPTION_OFFER = re.compile(
    r"abonnement gratuit|demandez votre|merci de respecter la propriété|est payant|essai gratuit|déjà abonné"
    r"|connectez-vous|se connecter|mot de passe|utilise des cookies",
    re.IGNORECASE,
)
_NEAR_TITLE = 8
_CROSSHEAD = re.compile(r"inter-?titre|cross-?head|sub-?head|sous-?titre")
_LONGEST_HEADING = 140
_KIND_WORDS: tuple[tuple[EntryKind, re.Pattern[str]], ...] = (
    ("person", re.compile(r"personne|person|dirigeant|contact", re.IGNORECASE)),
    ("organisation", re.compile(r"organi|entreprise|société|company|institution", re.IGNORECASE)),
    ("term", re.compile(r"lexique|gloss|terme|définition|sigle", re.IGNORECASE)),
)
_NUMBER_FORM = re.compile(
    rb"n\s?(?:\xc2[\xb0\xba]|&deg;|&#176;|o\.?)(?:\s|\xc2\xa0|&nbsp;){0,2}\d", re.IGNORECASE
)
_DATED = (
    b"Publi\xc3\xa9",
    b"Publi&eacute;",
    b"Publi&#233;",
    b"Mis \xc3\xa0 jour",
    b"Mise \xc3\xa0 jour",
)
_POINTER = re.compile(r"[>›»→►▶]+[\s\u00a0]+(?=\S)")
_NUMBER_IN_URL = re.compile(r"/(\d{2,12})(?=[/.-]|$)")
_ALIAS = re.compile(r"^(.{3,}?)\s*\(([^()]{2,40})\)$")
# An acronym alone: HDH, AP-HP.
_SHORT_NAME = re.compile(r"(?=(?:.*[A-ZÀ-Ý]){2})[A-ZÀ-Ý0-9][A-ZÀ-Ýa-z0-9&.-]{1,11}")


class Agency(Site):
    """A site with numbered items."""

    # Where the source does not say: the zone of the timestamps, and the language.
    timezone: ClassVar[str | None] = None
    language: ClassVar[str | None] = None

    def extract(
        self, page: Page, known: Known, read_numbered: NumberedReader | None = None
    ) -> Extraction:
        """Extract an article or directory entry of the agency."""
        return self.extract_numbered(page, known, sure=True) or extract_page(page, known)

    def extract_numbered(
        self, page: Page, known: Known, *, sure: bool = False
    ) -> Extraction | None:
        """Extract like :meth:`extract`; ``None`` where the page is not of a numbered agency.

        ``sure`` says that its site is known to be one, so that no part of the form is needed.
        """
        profile = page.meta("og:type") == "profile" or known.kind == "entry"
        entry = is_entry(page.url) and (sure or profile)
        # A numbered agency in French is one of Paris until its source says otherwise.
        french = (page.language or known.language or "fr").startswith("fr")
        if not (sure or entry or (french and _may_be_numbered(page.data))):
            return None
        known = dataclasses.replace(
            known,
            language=known.language or self.language,
            timezone=self.timezone or known.timezone or ("Europe/Paris" if french else None),
        )
        with uncollected():
            # Looked for before the cards are taken out: a page of another form keeps its tree.
            if not (sure or entry or self._is_headed(page, known)):
                return None
            names = tooltips.separate(page.root, page.base_url)
            if entry or (sure and known.kind == "entry"):
                return self._entry(page, known)
            return self._article(page, known, names)

    def _is_headed(self, page: Page, known: Known) -> bool:
        """Tell whether the page has a header line with a number."""
        walk = Walk(page.root, page.base_url)
        title = _title_at(walk.blocks, Metadata(page))
        headed = self._header(walk.blocks, title, known) if title is not None else None
        return headed is not None and headed[1].number is not None

    def _article(self, page: Page, known: Known, names: tooltips.Names) -> Extraction | None:
        """Extract the article; ``None`` where the page has neither a header nor an item number."""
        meta = Metadata(page)
        walk = Walk(page.root, page.base_url)
        title = _title_at(walk.blocks, meta)
        if title is None:
            return None
        headed = self._header(walk.blocks, title, known)
        at, header = headed or (title + 1, Header(0))
        number = header.number or _number_in(page.url)
        if number is None or at >= len(walk.blocks):
            return None
        blocks = _without_header(walk, at, header)
        zone = formats.zone_of(known.timezone)
        items = numbered_items(blocks, at, zone, known.now)
        cut = {i for item in items for i in item.blocks} | list_headings(blocks, items)
        cut |= {i for i, b in enumerate(blocks[: at + 4]) if is_header_line(b.text, header)}
        chosen = _text_of(walk, meta, at, cut)
        if not chosen and header.published is None:
            return None
        figures, captions = figures_of(walk, at, len(blocks) - 1, cut)
        chosen = [i for i in chosen if i not in captions]
        typed = [
            _unmarked(_heading(block, walk.blocks[i]))
            for block, i in zip(typed_blocks(walk, chosen), chosen, strict=True)
        ]
        if self.unmarked_cards:
            typed = cleaned(typed)
        standfirst = _standfirst(walk.blocks, chosen, typed, at)
        full = tuple(with_figures(typed, chosen, figures))
        wall = next((b.text for b in walk.blocks if says_wall(b)), None)
        provenance = {"headline": "h1", "body": "site"}
        published = _as_zoned(header.published)
        if published is None:
            claimed = publication_dates.published(meta, walk, chosen, zone, known.now, known.hints)
            published = claimed[0] if claimed else None
        for name, value in (
            ("published", published),
            ("number", number),
            ("dateline_place", header.place),
            ("kind", header.kind),
            ("standfirst", standfirst),
        ):
            if value is not None:
                provenance[name] = "site"
        if wall:
            provenance["access"] = f"the page says: {wall[:80]}"
        links = _links(full, items, walk, page.url)
        section, tags = meta.section(), meta.tags()
        detected = language.language_of(page.language or self.language, full)
        signed, _ = meta.byline()
        is_house_name = all(name == page.site_name for name in signed)
        article = Article(
            headline=_headline(walk.blocks[title], meta),
            blocks=full,
            standfirst=standfirst,
            byline=() if is_house_name else signed,
            dateline_place=header.place,
            number=number,
            kind=header.kind,
            section=section.value if section else None,
            tags=tags.value if tags else (),
            language=detected[0] if detected else None,
            published=published,
            modified=_as_zoned(header.modified),
            access="teaser" if wall else "full",
            canonical_url=meta.canonical,
            mentions=with_kinds(mentions_in(full, names, meta.node), full),
            links=links,
            media=(*(media for _, media in figures), *attachments(links)),
            provenance=provenance,
        )
        return Extraction("article", article=article)

    def _header(
        self, blocks: Sequence[RawBlock], title: int, known: Known
    ) -> tuple[int, Header] | None:
        zone = formats.zone_of(known.timezone)
        after = range(title + 1, min(title + 1 + _NEAR_TITLE, len(blocks)))
        for i in (*after, *range(max(0, title - 4), title)):
            header = parse_header(blocks[i].text, zone, known.now)
            if header is not None:
                return i, header_with_lines(header, blocks, title, i)
        return None

    def _entry(self, page: Page, known: Known) -> Extraction:
        """Extract a person, organisation or term of the agency's directory."""
        meta = Metadata(page)
        walk = Walk(page.root, page.base_url)
        title = _title_at(walk.blocks, meta)
        if title is None:
            return Extraction("empty", "the page names no entry")
        zone = formats.zone_of(known.timezone)
        name = walk.blocks[title].text
        kind, number, published = _kind_of_entry(walk, title, page.url), None, None
        end = len(walk.blocks)
        for i in range(title + 1, end):
            parsed = parse_meta(walk.blocks[i].text, zone, known.now)
            if parsed is not None and _title_link(walk.blocks, title, i) is None:
                word, number, published = parsed
                kind = _kind_word(word or "") or kind
                end = i
                break
            if walk.blocks[i].tag in ("h1", "h2", "h3"):
                end = i
                break
        chosen = [
            i
            for i in range(title + 1, end)
            if _is_text(walk.blocks[i]) and 2 * walk.blocks[i].linked < len(walk.blocks[i].text)
        ]
        blocks = tuple(typed_blocks(walk, chosen))
        aliases = []
        while blocks and kind != "term" and _SHORT_NAME.fullmatch(blocks[0].text):
            aliases.append(blocks[0].text)
            blocks = blocks[1:]
        expansion = blocks[0].text if kind == "term" and blocks else None
        bracket = _ALIAS.match(name)
        if bracket is not None:
            aliases.append(re.sub(r"^(?:ex|anciennement)[- ]", "", bracket[2]))
            if _SHORT_NAME.fullmatch(bracket[2]):
                name = bracket[1]
        entry = Entry(
            name=name,
            kind=kind,
            number=number or _number_in(page.url),
            expansion=expansion,
            aliases=tuple(dict.fromkeys(aliases)),
            published=_as_zoned(published),
            blocks=blocks,
            canonical_url=meta.canonical,
            links=_entry_links(walk, end, page.url),
        )
        return Extraction("entry", entry=entry)


def _may_be_numbered(data: bytes) -> bool:
    """Tell whether the bytes of a page contain parts of a numbered agency's header."""
    return any(word in data for word in _DATED) and _NUMBER_FORM.search(data) is not None


def _number_in(url: str) -> str | None:
    """Return the item number in its URL."""
    match = _NUMBER_IN_URL.search(urlsplit(url).path)
    return match[1] if match else None


def _title_at(blocks: Sequence[RawBlock], meta: Metadata) -> int | None:
    """Return the index of the headline block."""
    for i, block in enumerate(blocks):
        if block.tag == "h1":
            return i
    stated = meta.headline(None)
    wanted = fold(str(stated.value)) if stated else ""
    return next((i for i, b in enumerate(blocks) if wanted and fold(b.text) == wanted), None)


def _headline(block: RawBlock, meta: Metadata) -> str:
    return meta.without_site(block.text) or block.text


def _without_header(walk: Walk, at: int, header: Header) -> list[RawBlock]:
    """Return the blocks of ``walk`` with the header text removed."""
    block = walk.blocks[at]
    spans = [
        (max(0, start - header.end), end - header.end, kind, href)
        for start, end, kind, href in block.spans
        if end > header.end
    ]
    text = block.text[header.end :]
    walk.blocks[at] = dataclasses.replace(
        block,
        text=text,
        spans=spans,
        words=re.findall(r"\w+", text.lower()),
        linked=min(block.linked, len(text)),
    )
    return walk.blocks


def _text_of(walk: Walk, meta: Metadata, at: int, cut: set[int]) -> list[int]:
    """Return the indices of the article's text blocks: those near what is certainly text."""
    blocks = walk.blocks
    rest = [i for i in range(at, len(blocks)) if i not in cut and blocks[i].text]
    kept = [blocks[i] for i in rest]
    for order, block in enumerate(kept):
        block.order = order
    context = Context(body=meta.body, description=meta.description, title=meta.page.title or "")
    sure = {rest[i] for i in select.choose(kept, context)}
    # The standfirst may stand beside the header's line, outside the box of the text.
    containers = {place.order for i in (at, *sure) for place in _containers(blocks[i])}
    return [
        i
        for i in rest
        if _is_text(blocks[i], sure=i in sure)
        and (i == at or i in sure or any(p.order in containers for p in _containers(blocks[i])))
    ]


def _heading(block: Block, raw: RawBlock) -> Block:
    """Return a short bold or crosshead line as a heading."""
    apart = raw.strong >= len(raw.text) or _CROSSHEAD.search(raw.place.words) is not None
    if block.kind != "paragraph" or not apart or len(block.text) > _LONGEST_HEADING:
        return block
    return (
        block if block.text[-1] in ".!»…" else dataclasses.replace(block, kind="heading", level=2)
    )


def _unmarked(block: Block) -> Block:
    """Return a line without its leading pointer sign: ``> Further reading``."""
    marker = _POINTER.match(block.text)
    if marker is None:
        return block
    spans = tuple(
        dataclasses.replace(s, start=max(0, s.start - marker.end()), end=s.end - marker.end())
        for s in block.spans
        if s.end > marker.end()
    )
    return dataclasses.replace(block, text=block.text[marker.end() :], spans=spans)


def _containers(block: RawBlock) -> list[Place]:
    """Return the box of a block, ignoring lists and quotations around it."""
    place = block.place.parent or block.place
    while place.parent is not None and place.tag in ("ul", "ol", "li", "blockquote", "dl"):
        place = place.parent
    return [place]


def _is_text(block: RawBlock, *, sure: bool = False) -> bool:
    """Tell whether a block is article text; with ``sure``, its class names are not checked."""
    text = block.text
    if not text or _PAGE_CONTROLS.fullmatch(text) or is_notice(block) or is_filler(block):
        return False
    if sure:
        return True
    if len(text) < 200 and _SUBSCRIPTION_OFFER.search(text):
        return False
    place = block.place
    for _ in range(3):
        if place.words and _FURNITURE_GROUPS.intersection(groups_of(place.words)):
            return False
        if place.parent is None:
            break
        place = place.parent
    return True


def _standfirst(
    blocks: Sequence[RawBlock], chosen: Sequence[int], typed: Sequence[Block], at: int
) -> str | None:
    """Return the paragraph in or right after the header line."""
    if not chosen:
        return None
    near = chosen[0] <= at + 2 and blocks[chosen[0]].tag not in ("h2", "h3", "h4", "li")
    return typed[0].text.strip() if chosen[0] == at or near else None


def _as_zoned(moment: StatedTimestamp | None) -> StatedTimestamp | None:
    """Return a timestamp as stated with its zone, as the site file knows the zone."""
    if moment is None or moment.day_only:
        return moment
    return dataclasses.replace(moment, zoned=True)


def _links(
    blocks: Sequence[Block], items: Sequence[Numbered], walk: Walk, page_url: str
) -> tuple[Link, ...]:
    """Return the links of the text, then the listed items with their details."""
    links = links_in_text(blocks, page_url)
    for item in items:
        url = walk.resolve(item.href)
        if url is None:
            continue
        relation: Relation = "entry" if is_entry(url) else "related"
        links.append(
            Link(
                url,
                relation,
                item.title,
                item.teaser,
                item.kind,
                item.number,
                _as_zoned(item.moment),
            )
        )
    return tuple(links)


def _entry_links(walk: Walk, start: int, page_url: str) -> tuple[Link, ...]:
    """Return the articles that a directory entry lists."""
    found: dict[str, Link] = {}
    for block in walk.blocks[start:]:
        for begin, end, what, href in block.spans:
            url = walk.resolve(href) if what == "link" and href else None
            words = block.text[begin:end].strip()
            if url and len(words.split()) > 3 and url != page_url and not is_entry(url):
                found.setdefault(url, Link(url, "related", words))
    return tuple(found.values())


def _kind_of_entry(walk: Walk, title: int, url: str) -> EntryKind:
    place = walk.blocks[title].place
    words = []
    for _ in range(4):
        words.append(place.words)
        if place.parent is None:
            break
        place = place.parent
    for text in (*words, url):
        kind = _kind_word(text)
        if kind is not None:
            return kind
    return "unknown"


def _kind_word(text: str) -> EntryKind | None:
    return next((kind for kind, pattern in _KIND_WORDS if pattern.search(text)), None)


def _title_link(blocks: Sequence[RawBlock], first: int, at: int) -> int | None:
    """Return a linked title between the entry's name and the line ``at``: that line is a list's."""
    return next(
        (i for i in range(first + 1, at) if 2 * blocks[i].linked > len(blocks[i].text)), None
    )
