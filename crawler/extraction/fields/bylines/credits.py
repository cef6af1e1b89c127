"""Names in the elements that a page marks as its author's: by link, class or vocabulary."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from lxml import etree

from crawler.extraction.blocks.own_place import beginning_of
from crawler.extraction.dates.words import words_of
from crawler.extraction.fields.bylines import words as byline_words
from crawler.extraction.fields.bylines.names import stated_names
from crawler.extraction.fields.headline_words import fold

if TYPE_CHECKING:
    from collections.abc import Iterator, Set

    from crawler.extraction.page.parse import Page

# One of these stands in the bytes of a page that marks its author.
_MARKED = re.compile(
    rb"author|autor|auteur|byline|vcard|writer|creator|contributor|/(?:user|profile|member|team|people)s?/",
    re.IGNORECASE,
)
_CLASS = re.compile("author|byline|autor|auteur|writer|vcard|creator|contributor", re.IGNORECASE)
_PROFILE = re.compile(
    "/(?:author|autor|auteur|profile|user|member|contributor|team/|people/|redakteur|staff/)"
)
_HREF = re.compile(
    r"/(?:authors?|autor(?:en|es|in|innen)?|auteurs?|profiles?|users?|members?|contributors?|team|people|redakteure?|staff)/[^/?#]",
    re.IGNORECASE,
)
# Words that name the author's own element: "author-name", "byline__author", "vcard fn".
_OWN_WORD = re.compile(
    r"(?:^|[\s_-])(?:p-author|author|byline|autor|auteur|writer|vcard|creator|contributor)s?"
    r"(?:[\s_-]+(?:name|link|title|info|vcard|fn|text|url|top|meta|heading|author)s?)*(?:$|\s|[-_]{1,2}[a-z]?\d|[_-]+[A-Za-z0-9]{5}$)"
    r"|[a-z](?:Author|Byline)(?:Name|Link)?(?:$|[\s_-])",
    re.IGNORECASE,
)
# What belongs to another person: to a comment, a teaser, a voice in an advertisement.
_OTHERS = re.compile(
    r"comment|respond|kommentar|relat|teaser|recommend|sidebar|widget|most-|popular|\bcards?\b|testimonial|review(?:s|er)"
    r"|(?:^|[\s_-])(?:next|prev|nav|menu|(?:site|page|global)[\s_-]?footer|modal|popup|newsletter|quote|carousel|slider|swiper|listing|feed)",
    re.IGNORECASE,
)
_CLOSED = frozenset(
    {"aside", "nav", "footer", "form", "figure", "figcaption", "blockquote", "dialog"}
)
_OWN_BOX = re.compile(r"article|post|entry|story|author", re.IGNORECASE)
# "Posted by", "About", "All posts by".
_BEFORE = re.compile(
    r"^(?:~|@|(?:written|posted|published|reported|authored|created|contributed|article|story|words|veröffentlicht|geschrieben|verfasst|erstellt|eingestellt|gepostet|alles)?\s*(?:by|von|par|por|vom)\b"
    r"|about(?: the author)?|über|meet|(?:view|see|show|read)?\s*(?:all|more)\s+(?:\w+\s+)?(?:posts|articles|stories|content|reviews)?\s*(?:by|from)"
    r"|(?:zeige\s+)?alle\s+(?:\w+\s+)?von|autor(?:in)?|author|auteur|text|article by|hi,? i'm)\s*[:\-–|]?\s+",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"(?:['’]s)?\s+(?:reviews|posts|articles|profile|bio|image|avatar)$|\s*[→»›>]+$", re.IGNORECASE
)
# Words of the interface, which stand where names do.
INTERFACE = re.compile(
    r"\b(?:your|account|authors?|profile|follow|website|log ?in|sign|register|posts?|articles?|artikel|beiträge|view|see|read|more|all|about|über|alle"
    r"|contact|share|comments?|kommentare?|name|e-?mail|bio|biography|published|updated|reviewed|edited|checked|auteurs?|autor(?:en|in|e)?|by|min|reading|insights|by line|full|try|free|started|publi\w+ (?:am|on|le|hace|el)|veröffentlicht\w*|publiziert|veröffentlichung|registrieren|anmelden|mehr|datenschutz\w*|publicado|publié|offline|online|on|follow(?:ers?|ing)?"
    r"|click|here|go|top|skip|navigation|search|menu|link|copied|show|size|guide|related|product|content|twitter|facebook|linkedin|neueste?|mehr|next|previous|vorheriges|weiter|zurück|the team|our|meet|expand|show|hide|close|tags?|home|blog|subscribe|archive|minutes?|erforderlich|required)\b"
    r"|^(?:youtube|twitter|facebook|instagram|linkedin|x|rss|editor|people|team|staff|guest|news|photo.*|bild.*|foto.*)$",
    re.IGNORECASE,
)
_SECOND = re.compile(
    r"(?:review|edit|fact|check|translat|medical|updat|photo|illustrat|redaktion|geprüft|approv)\w*(?:\s+\w+)?\s*(?:by|von|:)?\s*$",
    re.IGNORECASE,
)
_BY_AUTHOR = re.compile(
    r"/(?:authors?|autor(?:en|es|in|innen)?|auteurs?|contributors?)/", re.IGNORECASE
)
_LONGEST, _LONGEST_BOX = 60, 200
_MOST_WORDS = 5
_MOST_NAMES = 8
_MOST_LOOKED_AT = 400


@dataclass(frozen=True, slots=True)
class Credit:
    """Names that one element or box of elements gives, and how near to the headline."""

    names: tuple[str, ...]
    # Whether it stands after the page's first heading, or in the box of its text.
    own: bool
    # Whether a vocabulary says so (``rel=author``, hCard, h-entry), and not just a class.
    stated: bool


def credits_of(page: Page, own: Set[Any]) -> Iterator[Credit]:
    """What the elements that are marked as the author's say, in the page's order.

    ``own`` are the elements that hold the headline or the beginning of the text.
    """
    if not _MARKED.search(page.data):
        return
    headed, speaking = _speaking(page, own)
    inner = {
        above for element in speaking for above in element.iterancestors() if above in speaking
    }
    done: set[Any] = set()
    for element in speaking:
        if element in inner or element in done:
            continue
        box = _box(element)
        beside = [
            one
            for one in speaking
            if one is element or (one not in inner and box in one.iterancestors())
        ]
        done.update(beside)
        said = [one for one in beside if not _is_second(one, box)]
        names = [name for one in said for name in speaking[one]]
        if names:
            around = _said_around(element, box, speaking, inner, names)
            yield Credit(_each_once(list(around or names)), element in headed, _is_stated(element))


def _speaking(page: Page, own: Set[Any]) -> tuple[set[Any], dict[Any, tuple[str, ...]]]:
    """The elements that name an author of the page, and which of them come after a heading."""
    after: set[Any] = set()
    speaking: dict[Any, tuple[str, ...]] = {}
    is_after = False
    for element in islice(_marked_elements(page.root), _MOST_LOOKED_AT):
        is_after = is_after or element.tag == "h1"
        if _says_author(element) and not _is_of_others(element, own):
            names = _names_in(element)
            if names:
                speaking[element] = names
                if is_after:
                    after.add(element)
    return after, _without_lists(speaking)


def _marked_elements(root: Any) -> Iterator[Any]:
    """Headings, and what may be marked as an author's, in the page's order.

    One pass in Python takes a ninth of the time of the XPath that says the same.
    """
    for element in root.iter(etree.Element):
        tag = element.tag
        words = element.get("class")
        if (
            tag == "h1"
            or (words and _CLASS.search(words))
            or element.get("itemprop") in ("author", "creator")
            or (
                tag == "a"
                and (
                    _PROFILE.search(element.get("href") or "")
                    or " author " in f" {element.get('rel') or ''} "
                )
            )
        ):
            yield element


def _without_lists(speaking: dict[Any, tuple[str, ...]]) -> dict[Any, tuple[str, ...]]:
    """Without elements of a class by which many others are named: those of a list of teasers."""
    said: dict[Any, set[str]] = {}
    for element, names in speaking.items():
        said.setdefault((element.tag, element.get("class")), set()).update(names)
    return {
        element: names
        for element, names in speaking.items()
        if len(said[element.tag, element.get("class")]) <= _MOST_NAMES // 2
        or element.getparent() is next(iter(speaking)).getparent()
    }


def _said_around(
    element: Any, box: Any, speaking: dict[Any, tuple[str, ...]], inner: Set[Any], names: list[str]
) -> tuple[str, ...]:
    """What an element around says, where it names others besides: not all of them are linked."""
    folded = {fold(name) for name in names}
    for above in element.iterancestors():
        said = speaking.get(above, ()) if above in inner else ()
        if len(said) > len(folded) and folded <= {fold(name) for name in said}:
            return said
        if above is box:
            break
    return ()


def _each_once(names: list[str]) -> tuple[str, ...]:
    return tuple({fold(name): name for name in reversed(names)}.values())[::-1][:_MOST_NAMES]


def _says_author(element: Any) -> bool:
    """Whether an element is marked as that of an author itself, and not as a box around one."""
    if element.tag == "h1":
        return False
    if " author " in f" {element.get('rel') or ''} " or element.get("itemprop") in (
        "author",
        "creator",
    ):
        return True
    if element.tag == "a" and _HREF.search(element.get("href") or ""):
        return "youtube." not in element.get("href")
    return _OWN_WORD.search(element.get("class") or "") is not None


def _is_stated(element: Any) -> bool:
    words = f" {element.get('class') or ''} ".split(" ")
    return " author " in f" {element.get('rel') or ''} " or not {
        "fn",
        "vcard",
        "p-author",
    }.isdisjoint(words)


def _is_of_others(element: Any, own: Set[Any]) -> bool:
    """Return whether an element stands in a comment, a teaser or the page's furniture."""
    node = element
    closed = False
    while node is not None and node.tag not in ("body", "html"):
        if node in own:
            # An aside or a footer of the article itself may name its author.
            words = f"{node.get('class') or ''} {node.get('id') or ''}"
            return closed and node.tag not in ("article", "main") and not _OWN_BOX.search(words)
        words = f"{node.get('class') or ''} {node.get('id') or ''}"
        if _OTHERS.search(words) and not (node.tag != "li" and _is_author_card(words)):
            return True
        if node.tag in _CLOSED or (node.tag == "article" and own):
            if node.tag in ("nav", "form", "dialog", "article", "figure", "blockquote"):
                return True
            closed = True
        node = node.getparent()
    return closed


def _is_author_card(words: str) -> bool:
    """``author-card``, ``widget_author``: a box that tells of the author."""
    return re.search(
        r"author[\w-]*card|card[\w-]*[\s_-]author|widget[\w-]*author", words, re.I
    ) is not None and ("comment" not in words)


def _box(element: Any) -> Any:
    """The largest element around ``element`` that holds no more than a line of credits."""
    box = element
    for above in element.iterancestors():
        if above.tag in ("body", "html", "article", "main", "header", "section"):
            break
        if len(beginning_of(above, _LONGEST_BOX)) > _LONGEST_BOX:
            break
        box = above
    return box


def _is_second(element: Any, box: Any) -> bool:
    """Return whether the words before an element say that it names who edited or checked."""
    if element is box:
        return False
    before = ""
    for event, node in etree.iterwalk(box, events=("start", "end")):
        if node is element:
            break
        said = node.text if event == "start" else node.tail
        before += said or ""
    return _SECOND.search(" ".join(before[-60:].split())) is not None


def _names_in(element: Any) -> tuple[str, ...]:
    text = beginning_of(element, 2 * _LONGEST)
    if not text or len(text) > 2 * _LONGEST or byline_words.is_second(text):
        return ()
    text = _once(_AFTER.sub("", _BEFORE.sub("", _BEFORE.sub("", text))))
    names = stated_names([text])
    if len(names) > _MOST_NAMES:
        return ()
    names = names[:1] + tuple(n for n in names[1:] if "&" not in n and not byline_words.is_role(n))
    sole = len(names) == 1 and fold(names[0]) == fold(text)
    return tuple(name for name in names if _may_be_name(name, element, sole=sole))


def _once(text: str) -> str:
    """A text that says the same twice, once: a portrait's description stands beside the name."""
    words = text.split()
    half = len(words) // 2
    return " ".join(words[:half]) if half and words[:half] == words[half:] else text


def _may_be_name(name: str, element: Any, *, sole: bool) -> bool:
    """Return whether a name stands where one is marked; one word needs to be all that is marked."""
    words = name.split()
    if len(name) > _LONGEST or len(words) > _MOST_WORDS:
        return False
    if ":" in name or INTERFACE.search(name) or not _is_called(element, name):
        return False
    if len(words) > 1:
        return byline_words.reads_as_name(name) or (sole and byline_words.is_house(name))
    return sole and sum(map(str.isalpha, name)) > 1 and not _is_of_a_date(name)


def _is_called(element: Any, name: str) -> bool:
    """Return whether the URL and the text of a link name the same person."""
    href = unquote(element.get("href") or "")
    path = _HREF.search(href)
    if path is None or " author " in f" {element.get('rel') or ''} ":
        return True
    slug = fold(href[path.end() - 1 :])
    return any(fold(word) in slug for word in name.split() if len(word) > 2) or (
        len(name.split()) > 1 and _BY_AUTHOR.search(href) is not None
    )


def _is_of_a_date(word: str) -> bool:
    words = words_of(None)
    return fold(word) in words.months or fold(word) in words.days
