"""Bytes and a URL in, an article out. Pure: no network, no database, no clock of its own."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from crawler.extraction.blocks.tables import with_rows
from crawler.extraction.blocks.typed import typed_blocks, with_figures
from crawler.extraction.blocks.walk import Walk
from crawler.extraction.body import select
from crawler.extraction.body.completion import completed
from crawler.extraction.body.features import Context
from crawler.extraction.body.filler import is_filler
from crawler.extraction.body.hydration import hidden_article, tree_of
from crawler.extraction.body.live_blogs import live_entries
from crawler.extraction.dates import formats
from crawler.extraction.fields import language, publication_dates
from crawler.extraction.fields.bylines import byline
from crawler.extraction.fields.json_ld import types_of
from crawler.extraction.fields.metadata import Metadata
from crawler.extraction.fields.paywall import access_of, is_notice
from crawler.extraction.fields.standfirst import standfirst_of
from crawler.extraction.kinds import classifier, classifier_features, page_kind
from crawler.extraction.kinds.notices import notices_of
from crawler.extraction.linked import tooltips
from crawler.extraction.linked.links import attachments, is_entry, links_in_text, related_items
from crawler.extraction.linked.mentions import mentions_in
from crawler.extraction.linked.pictures import lead_picture, pictures
from crawler.extraction.page.continuation import onward_links
from crawler.extraction.page.parse import Page, parse_html
from storage.types.content import Article, Block, Entry, EntryKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from crawler.extraction.blocks.block import RawBlock
    from crawler.extraction.body.live_blogs import Mark
    from crawler.extraction.kinds.page_kind import PageKind
    from storage.types.content import Media

# Kept with every revision; it moves whenever the same bytes may give another article.
EXTRACTOR = "dateline-1"
# Characters of text below which a page may be rendered by its script.
_LITTLE = 200
# A line that dates an article is no longer than this, in words or, unspaced, in characters.
_DATELINE_WORDS, _DATELINE_LENGTH = 14, 200
# Moments that the page itself does not show say nothing of what it is.
_NOT_SHOWN = ("feed", "url")


@dataclass(frozen=True, slots=True)
class Extraction:
    """What a page is, and what was made of it: an article, a directory entry, or neither."""

    kind: PageKind
    reason: str = ""
    article: Article | None = None
    entry: Entry | None = None
    # (URL, whether rel=next says so) of links that may lead to the article's next page.
    onward: tuple[tuple[str, bool], ...] = ()

    @property
    def content(self) -> Article | Entry | None:
        """The article or the entry; none where the page is neither."""
        return self.article or self.entry


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a page before it is read: from its source and from what announced it.

    ``timezone`` is an IANA name; ``hints`` are the announcement's; ``now`` bounds timestamps.
    """

    timezone: str | None = None
    language: str | None = None
    kind: str | None = None
    now: datetime | None = None
    hints: dict[str, Any] = field(default_factory=dict)


def extract(
    content: bytes, url: str, content_type: str = "", known: Known | None = None
) -> Extraction:
    """Make an article (or directory entry) of a page.

    Raises:
        BadPage: the bytes hold no page: empty, too large, or a file of another kind.
    """
    return extract_page(parse_html(content, url, content_type), known or Known())


def extract_page(page: Page, known: Known, *, boxes: Sequence[Any] | None = None) -> Extraction:
    """As :func:`extract`, for a page that is parsed already.

    ``boxes`` are the elements that hold the text, where a site's own file knows them.
    """
    with uncollected():
        return _extracted(page, known, boxes)


@contextmanager
def uncollected() -> Iterator[None]:
    """Pause the search for cycles: a page makes thousands of objects and no cycle among them.

    Looking through them after every 700 took a twelfth of the time of a page.
    """
    paused = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if paused:
            gc.enable()


def _extracted(page: Page, known: Known, boxes: Sequence[Any] | None) -> Extraction:
    meta = Metadata(page)
    walk, names = Walk(page.root, page.base_url), None
    if tooltips.may_name(walk):
        names = tooltips.separate(page.root, page.base_url)
        walk = Walk(page.root, page.base_url)
    meta.headings = headings = [b.text for b in walk.blocks if b.tag == "h1"]
    others = [b.text for b in walk.blocks if b.tag == "h2" and not b.linked][:10]
    headline = meta.headline(headings[0] if headings else None, headings[1:] + others)
    hinted = known.hints.get("headline")
    context = Context(
        body=meta.body, description=meta.description,
        headline=headline.value if headline else "", title=page.title or "",
    )  # fmt: skip
    looks: Callable[[], classifier.Guess] | None = None
    if boxes:
        chosen = _inside(walk, boxes)
    else:
        scores = select.probabilities(walk.blocks, context)
        chosen = completed(walk.blocks, select.decide(walk.blocks, scores))
        looks = partial(_looks, meta, walk.blocks, chosen, scores)
    if sum(len(walk.blocks[i].text) for i in chosen) < _LITTLE:
        drawn = _drawn_by_script(page)
        if drawn is not None:
            walk = drawn
            chosen = [i for i, b in enumerate(walk.blocks) if 2 * b.linked < len(b.text)]
    chosen = _without_furniture(walk, chosen, headline.value if headline else "")
    zone = formats.zone_of(known.timezone)
    published = publication_dates.published(meta, walk, chosen, zone, known.now, known.hints)
    entry_page = _is_entry(meta, known)
    verdict = page_kind.judge(meta, headline.value if headline else None, walk.blocks, chosen,
                          has_moment=published is not None and published[1] not in _NOT_SHOWN,
                          entry=entry_page,
                          announced=bool(hinted), looks=looks)  # fmt: skip
    if verdict.kind == "entry":
        return Extraction(
            "entry", entry=_entry(meta, walk, chosen, headline.value if headline else None)
        )
    if verdict.kind not in page_kind.KEPT:
        return Extraction(verdict.kind, verdict.reason)
    title = headline.value if headline else str(hinted or "")
    stated = published[0] if published is not None else None
    chosen, entries = live_entries(walk, chosen, meta.nodes, zone, stated)
    provenance: dict[str, str] = {"headline": headline.source if headline else "feed"}
    article = _article(meta, walk, chosen, title, published, known, provenance, entries)
    article = replace(article, mentions=mentions_in(article.blocks, names, meta.node))
    if verdict.doubtful:
        provenance["doubtful"] = verdict.reason
        article = replace(article, doubtful=True)
    if verdict.kind != "article":
        article = replace(article, kind=verdict.kind)
    return Extraction(verdict.kind, article=article, onward=onward_links(page))


def _looks(
    meta: Metadata, blocks: Sequence[RawBlock], chosen: Sequence[int], scores: Any
) -> classifier.Guess:
    """What a page looks like by its URL, its head and its blocks."""
    row = classifier_features.row(
        meta.page.url, meta.page.meta("og:type") or "", page_kind.types_named(meta),
        blocks, chosen, scores, has_moment=page_kind.says_moment(meta),
    )  # fmt: skip
    return classifier.guess(row)


def _inside(walk: Walk, boxes: Sequence[Any]) -> list[int]:
    """The blocks that stand in one of these elements."""
    wanted = {place.order for place in walk.places if any(place.element is box for box in boxes)}
    inside: set[int] = set()
    for place in walk.places:
        # Places come after what holds them.
        if place.order in wanted or (place.parent is not None and place.parent.order in inside):
            inside.add(place.order)
    return [
        i
        for i, block in enumerate(walk.blocks)
        if block.place.order in inside and block.place.tag not in ("figure", "figcaption")
    ]


def _drawn_by_script(page: Page) -> Walk | None:
    fragment = hidden_article(page)
    root = tree_of(fragment) if fragment else None
    return Walk(root, page.base_url) if root is not None else None


def _article(
    meta: Metadata, walk: Walk, chosen: Sequence[int], headline: str,
    published: tuple[Any, str] | None, known: Known, provenance: dict[str, str],
    entries: dict[int, Mark],
) -> Article:  # fmt: skip
    page = meta.page
    bylines = byline.byline(meta, walk, chosen, known.hints)
    names = bylines[0] if bylines else ()
    chosen = [i for i in chosen if not byline.is_byline(walk.blocks[i].text, names)]
    blocks, media = _body(meta, walk, chosen, provenance, entries)
    standfirst = standfirst_of(meta, walk, chosen, provenance)
    # A standfirst set as a subheading is still a paragraph of the text.
    blocks = tuple(
        replace(b, kind="paragraph", level=0) if b.kind == "heading" and b.text == standfirst else b
        for b in blocks
    )
    modified = publication_dates.modified(meta, formats.zone_of(known.timezone), known.now)
    section, tags = meta.section(), meta.tags()
    tongue = language.language_of(page.language or known.language, blocks)
    access, reason = access_of(meta, walk.blocks, chosen)
    for name, value in (("byline", bylines), ("published", published), ("modified", modified),
                        ("language", tongue)):  # fmt: skip
        if value is not None:
            provenance[name] = value[1]
    for name, claim in (("section", section), ("tags", tags)):
        if claim is not None:
            provenance[name] = claim.source
    if reason:
        provenance["access"] = reason
    links = links_in_text(blocks, page.url)
    seen = {link.url for link in links}
    links += [link for link in related_items(walk, chosen, page.url) if link.url not in seen]
    return Article(
        headline=headline,
        blocks=blocks,
        standfirst=standfirst,
        byline=names,
        section=section.value if section else None,
        tags=tags.value if tags else (),
        language=tongue[0] if tongue else None,
        published=published[0] if published else None,
        modified=modified[0] if modified else None,
        access=access,
        notices=notices_of(meta, walk.blocks, chosen),
        canonical_url=meta.canonical,
        links=tuple(links),
        media=(*media, *attachments(links)),
        provenance=provenance,
    )


def _body(
    meta: Metadata,
    walk: Walk,
    chosen: Sequence[int],
    provenance: dict[str, str],
    entries: dict[int, Mark],
) -> tuple[tuple[Block, ...], tuple[Media, ...]]:
    provenance["body"] = "model"
    if walk.is_cut:
        provenance["body"] = f"model, cut: the page goes on after {len(walk.blocks)} blocks"
    chosen, typed = with_rows(walk, chosen, typed_blocks(walk, chosen))
    typed = [
        replace(block, at=entries[i][0], anchor=entries[i][1]) if i in entries else block
        for i, block in zip(chosen, typed, strict=True)
    ]
    stated = meta.body
    shown = sum(len(block.text) for block in typed)
    # Some pages build their text by script and carry it whole in their structured data only.
    if len(stated) > 500 and shown < 0.35 * len(stated):
        provenance["body"] = "json-ld"
        paragraphs = [" ".join(p.split()) for p in stated.split("\n")]
        return tuple(Block("paragraph", p) for p in paragraphs if p), ()
    first = chosen[0] if chosen else 0
    last = chosen[-1] if chosen else -1
    figures = pictures(walk, first, last) if chosen else []
    blocks = with_figures(typed, chosen, figures)
    media = [picture for _, picture in figures]
    lead = lead_picture(meta.page.meta("og:image", "twitter:image"), media)
    return blocks, tuple([lead, *media] if lead else media)


def _without_furniture(walk: Walk, chosen: list[int], headline: str) -> list[int]:
    """The text holds neither its own headline, nor the line that dates it, nor a wall's notice."""
    wanted = " ".join(headline.split()).casefold()
    edges = {*chosen[:3], *chosen[-2:]}
    return [
        i
        for i in chosen
        if walk.blocks[i].text.casefold() != wanted
        and not (i in edges and _is_dateline(walk.blocks[i]))
        and not is_notice(walk.blocks[i])
        and not is_filler(walk.blocks[i])
    ]


def _is_dateline(block: RawBlock) -> bool:
    """Whether a block is no sentence and holds a timestamp: ``5 March 2026 | By Ann Lee``."""
    if len(block.words) > _DATELINE_WORDS or len(block.text) > _DATELINE_LENGTH:
        return False
    if block.text[-1] in '.!?…»”"':
        return False
    return block.timed or formats.has_date(block.text)


def _is_entry(meta: Metadata, known: Known) -> bool:
    if known.kind == "entry":
        return True
    if not _ENTRY_TYPES.isdisjoint(types_of(meta.node)):
        return True
    return (meta.page.meta("og:type") or "") == "profile" and is_entry(meta.page.url)


def _entry(meta: Metadata, walk: Walk, chosen: Sequence[int], headline: str | None) -> Entry:
    page = meta.page
    _, blocks = with_rows(walk, chosen, typed_blocks(walk, chosen))
    if not blocks and meta.description:
        blocks = [Block("paragraph", meta.description)]
    picture = lead_picture(page.meta("og:image"), ())
    return Entry(
        name=headline or page.title or page.url,
        kind=_entry_kind(meta, walk),
        blocks=tuple(blocks),
        canonical_url=meta.canonical,
        links=tuple(related_items(walk, chosen, page.url)),
        media=(picture,) if picture else (),
    )


_ENTRY_TYPES = frozenset({"profilepage", "definedterm"})
_KIND_WORDS: tuple[tuple[EntryKind, tuple[str, ...]], ...] = (
    ("term", ("lexique", "glossa", "definition", "term", "begriff", "lexikon")),
    ("person", ("person", "people", "author", "auteur", "profil", "biograph")),
    ("organisation", ("organi", "compan", "entreprise", "institution", "societe", "firm")),
)


def _entry_kind(meta: Metadata, walk: Walk) -> EntryKind:
    """Person, organisation or term, as structured data, the URL or the page's words say."""
    main = meta.node.get("mainEntity")
    for node in (meta.node, main if isinstance(main, dict) else {}):
        names = set(types_of(node))
        if "person" in names:
            return "person"
        if "definedterm" in names:
            return "term"
    words = " ".join(place.words for place in walk.places[:60])
    for text in (meta.page.url.lower(), words):
        for kind, markers in _KIND_WORDS:
            if any(marker in text for marker in markers):
                return kind
    return "unknown"
