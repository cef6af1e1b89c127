"""Pictures of an article with caption, credit and alternative text; each once."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from crawler.extraction.blocks.class_groups import GROUPS, groups_of
from storage.text.urls import is_web_url, url_key
from storage.types.content import Media

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from crawler.extraction.blocks.block import Place
    from crawler.extraction.blocks.walk import Walk

# Below this edge (pixels) a picture is an icon or a face beside a byline.
_MIN_EDGE = 120
_MAX_PICTURES = 60
_LONGEST = 400
_CAPTION = GROUPS.index("caption")
_TELLING = 12
# The endings that servers of pictures add for a size: -780x470, _W2040, @2x, -scaled, _v-contentxl.
_SIZE = re.compile(
    r"(?:[-_@](?:\d+x\d+|[wh]\d+\w*|\dx|scaled|v-\w+|large|small|medium|thumb))+$", re.I
)
_ICON = re.compile(
    r"logo|icon|sprite|pixel|avatar|spacer|blank|1x1|emoji|gravatar|tracking|badge|placeholder"
    r"|^(?:leer|dummy|transparent|loading|loader|empty|default|no-?image)\b",
    re.I,
)
# A photograph of a logo is one all the same.
_AGENCY = re.compile(r"getty|reuters|\bafp\b|\bap\b|shutterstock|istock|photo", re.IGNORECASE)
# Folders of pictures that no article is about, and of services that draw faces.
_ICON_FOLDER = re.compile(
    r"/(?:logos?|icons?|avatars?|authors?|headshots?|favicons?|emojis?|badges?)/|gravatar\.",
    re.IGNORECASE,
)
# Pictures for all pages of a site that have none of their own.
_SHARED_BY_ALL = re.compile(
    r"^(?:default|fallback)\b|default[-_]?(?:share|social|og|image|thumb)|^(?:og|social|share|sharing)[-_]?default"
    r"|social[-_](?:share|sharing|media[-_]images?)|share[-_]?image[-_.]|subscribe-card",
    re.IGNORECASE,
)
# A size below the edge of an icon, as a folder or at the end of the name: /70x70/, -96x96.jpg.
_SMALL = re.compile(r"[/_-](?:\d{2}|1[01]\d)x(?:\d{2}|1[01]\d)(?:/|\.\w+$)")
# Boxes that introduce an author, by the words of their class.
_AUTHOR_BOX = re.compile(r"author|byline|avatar|vcard|\bbio\b|headshot|contributor")
_LARGEST_AUTHOR_BOX = 600
_LOADER = re.compile(r"(?:spinner|loader|loading|placeholder|transparent)[^/]*$", re.IGNORECASE)
_CREDIT = re.compile(
    r"\s*(?:[-–—|•(\[/]\s*)?((?:©|\(c\)|photo(?:graph|graphie)?s?\s*(?:by|:|par|-)|crédits?(?: photo)?\s*:"
    r"|credits?\s*:|image(?: credit)?\s*:|foto\s*:|bild\s*:|quelle\s*:|getty images|reuters|via )[^()]{1,120}?)"
    r"\s*[)\]]?\s*$",
    re.IGNORECASE,
)  # fmt: skip
_CREDIT_CLASS = re.compile(r"credit|copyright|source|author|photographer", re.IGNORECASE)


def pictures(walk: Walk, first: int, last: int) -> list[tuple[int, Media]]:
    """The pictures between blocks ``first`` and ``last`` (and right before), with their places."""
    found: dict[str, tuple[int, Media]] = {}
    # A row of figures may follow the last paragraph; their captions are blocks of the page.
    end = last + 1
    while end < len(walk.blocks) and _in_figure(walk.blocks[end].place):
        end += 1
    for element, place, index in walk.images:
        if not first - 6 <= index <= end or len(found) >= _MAX_PICTURES:
            continue
        figure = _figure_of(element)
        if figure is None and (_aside(place) or _is_icon(element) or _in_author_box(place)):
            continue
        url = _source(element, walk)
        if url is None or is_furniture(url):
            continue
        if figure is None and "logo" in (element.get("alt") or "").lower():
            continue
        media = _media(url, element, figure)
        if not media.caption:
            for below in _below(walk, place, index):
                caption, credit = split_credit(walk.blocks[below].text)
                media = replace(media, caption=caption or None, credit=media.credit or credit)
        _put(found, index, media)
    return list(found.values())


def is_furniture(url: str) -> bool:
    """Whether a picture's URL names a logo, an icon, a face or a picture for all pages of a site.

    Services that resize pictures carry the URL of the original in theirs; both are looked at.
    """
    original = unquote(url.rpartition("http")[2])
    for address in (url, original):
        path = address.partition("?")[0]
        name = path.rpartition("/")[2]
        if (
            (_ICON.search(name) and not _AGENCY.search(name))
            or _SHARED_BY_ALL.search(name)
            or _ICON_FOLDER.search(path)
            or _SMALL.search(path)
        ):
            return True
    return False


def _in_author_box(place: Place) -> bool:
    """Whether a picture stands in a small box that introduces an author."""
    node: Place | None = place
    for _ in range(3):
        if node is None or node.tag in ("article", "main", "body"):
            return False
        if node.chars <= _LARGEST_AUTHOR_BOX and node.words and _AUTHOR_BOX.search(node.words):
            return True
        node = node.parent
    return False


def _in_figure(place: Place | None) -> bool:
    while place is not None:
        if place.tag == "figure":
            return True
        place = place.parent
    return False


def figures_of(
    walk: Walk, first: int, last: int, cut: Container[int] = ()
) -> tuple[list[tuple[int, Media]], set[int]]:
    """The pictures between two blocks with their captions, and the blocks that captions are.

    A caption stands in the picture's ``<figure>`` or, on pages without, in the next block of the
    same box if that ends in a credit or is called a caption. Pictures at blocks in ``cut`` are
    left out.
    """
    found: dict[str, tuple[int, Media]] = {}
    captions: set[int] = set()
    for element, place, index in walk.images:
        if not first - 6 <= index <= last + 1 or index in cut or _aside(place):
            continue
        url = _source(element, walk)
        if url is None or _is_icon(element) or is_furniture(url):
            continue
        figure = _figure_of(element)
        media = _media(url, element, figure)
        inside = [i for i in range(max(0, index - 2), min(index + 4, len(walk.blocks)))
                  if figure is not None and _lies_in(walk.blocks[i].place, figure)]  # fmt: skip
        if not media.caption:
            below = inside or _below(walk, place, index)
            text = walk.blocks[below[0]].text if below else (media.alternative_text or "")
            caption, credit = split_credit(text)
            inside = below
            if below or credit:
                media = Media(url, "picture", caption or None, credit, media.alternative_text)
        captions.update(inside)
        _put(found, index, media)
    texts = {walk.blocks[i].text for i in captions}
    again = {i for i, b in enumerate(walk.blocks) if b.text in texts and i >= first}
    return list(found.values()), captions | again


def _put(found: dict[str, tuple[int, Media]], index: int, media: Media) -> None:
    """Keep a picture once, where it is first, with the caption of whichever has one."""
    key = url_key(media.url)
    known = found.get(key)
    if known is None or (not known[1].caption and media.caption):
        found[key] = (known[0] if known else index, media)


def _lies_in(place: Place | None, element: Any) -> bool:
    while place is not None:
        if place.element is element:
            return True
        place = place.parent
    return False


def _below(walk: Walk, place: Place, index: int) -> list[int]:
    """The block after a picture, if it is its caption."""
    for i in range(index, min(index + 2, len(walk.blocks))):
        block = walk.blocks[i]
        near = block.place is place or block.place.parent in (place, place.parent)
        called = _CAPTION in groups_of(block.place.words) if block.place.words else False
        if near and block.text and len(block.text) < _LONGEST and (
            called or split_credit(block.text)[1] is not None
        ):  # fmt: skip
            return [i]
    return []


def _figure_of(element: Any) -> Any | None:
    node = element.getparent()
    for _ in range(6):
        if node is None:
            return None
        if node.tag == "figure":
            return node
        node = node.getparent()
    return None


def _aside(place: Place) -> bool:
    node: Place | None = place
    while node is not None:
        if node.tag in ("nav", "aside", "footer", "header", "form"):
            return True
        node = node.parent
    return False


def _is_icon(element: Any) -> bool:
    for name in ("width", "height"):
        value = (element.get(name) or "").removesuffix("px")
        if value.isdigit() and int(value) < _MIN_EDGE:
            return True
    return False


def _source(element: Any, walk: Walk) -> str | None:
    """The picture's URL: the real one where a late-loading script keeps it aside."""
    offered = [element.get(name) for name in ("data-src", "data-original", "data-lazy-src", "data-lazy",
               "data-full-src", "data-image", "src")]  # fmt: skip
    # <source> has no end tag, so that the parser puts what follows into it.
    holder = next(element.iterancestors("picture"), None)
    others = holder.iter("source") if holder is not None else ()
    for one in (element, *others):
        for name in ("data-srcset", "srcset", "data-lazy-srcset"):
            offered.append(_largest(one.get(name)))
    for value in offered:
        if value and not value.startswith("data:") and not _LOADER.search(value):
            url = walk.resolve(value)
            if url and is_web_url(url):
                return url
    return None


def _largest(srcset: str | None) -> str | None:
    best, size = None, -1.0
    for part in re.split(r",\s+", srcset or ""):
        pieces = part.split()
        if not pieces:
            continue
        number = re.match(r"([\d.]+)[wx]", pieces[1]) if len(pieces) > 1 else None
        width = float(number[1]) if number else 0.0
        if width > size:
            best, size = pieces[0], width
    return best


def _media(url: str, element: Any, figure: Any | None) -> Media:
    alternative = _words(element.get("alt") or "")
    caption = credit = None
    if figure is not None:
        node = next(figure.iter("figcaption"), None)
        if node is not None:
            credit = _credit_in(node)
            caption = _words(" ".join(t for t in node.itertext()))
    if caption:
        caption, credit = split_credit(caption, credit)
    return Media(url, "picture", caption or None, credit, alternative or None)


def _credit_in(caption: Any) -> str | None:
    for node in caption.iter():
        words = f"{node.get('class') or ''} {node.get('itemprop') or ''}"
        if node is not caption and isinstance(node.tag, str) and _CREDIT_CLASS.search(words):
            return _words(" ".join(node.itertext())) or None
    return None


def split_credit(caption: str, credit: str | None = None) -> tuple[str, str | None]:
    """Part a caption from the credit at its end: ``A field. - © Agency`` → (``A field.``, ``© Agency``)."""
    if credit and caption.endswith(credit):
        return caption[: -len(credit)].rstrip(" -–—|•("), credit
    if credit:
        return caption, credit
    match = _CREDIT.search(caption)
    if match:
        return caption[: match.start()].rstrip(" -–—|•("), match[1].strip()
    return caption, None


def _words(text: str) -> str:
    return " ".join(text.split())


def lead_picture(url: str | None, known: Sequence[Media]) -> Media | None:
    """The picture that the head names, unless the article shows it already.

    Never a logo, a face or the picture that a site names for all pages without one.
    """
    if not url or not is_web_url(url) or is_furniture(url):
        return None
    name = _file_name(url)
    if any(_file_name(media.url) == name for media in known):
        return None
    return Media(url, "picture")


def _file_name(url: str) -> str:
    """A picture's file name without what only says in which size it is sent."""
    path = url.partition("?")[0].rstrip("/")
    name = path.rpartition("/")[2]
    stem = _SIZE.sub("", name.rpartition(".")[0] or name)
    # A name such as "1" or "original" tells nothing without its folder.
    return stem if len(stem) >= _TELLING else path
