"""Kinds of place, by the words that templates put into class, id, role and the like."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crawler.extraction.blocks.block import Place

# Words that templates put into class, id, role and the like. A group is one kind of place.
_GROUPS = {
    "body": r"article-?_?(?:body|content|text)|articlebody|story-?_?(?:body|content|text)|post-?_?(?:body|content|text)|entry-?_?content|body-?_?(?:text|content|copy)|main-?_?(?:text|content)|rich-?text|paywall|wysiwyg|prose|news-?_?(?:text|body|content|detail)|text-?_?body|content-?_?(?:body|text)|field--?name-body|articletext|bodytext|fulltext|story",
    "content": r"content|article|post|entry|text|copy|detail",
    "lead": r"lead|standfirst|chapo|summary|intro|excerpt|abstract|teaser-?text|subhead|subtitle|sub-?title|description|dek|deck|sapo|vorspann|entradilla|sommario|kicker",
    "headline": r"headline|title|heading|titre|titulo|header-?text",
    "paragraph": r"paragraph|(?:^|[\s_-])par(?:$|[\s_-])|text-?block|(?:^|\s)p(?:$|\s)|block-?text|textelement",
    "comment": r"comment|disqus|discuss|reply|replies|kommentar|reactions?\b|respond",
    "related": r"relat|recommend|more-?(?:on|from|stories|news|article)|read-?(?:more|also|next)|teaser|promo|also|suggest|popular|trending|most-|latest|up-?next|further|outbrain|taboola|similar|linked|playlist|carousel|onward|slider|card|a-?lire|mehr-|weitere|ticker|list",
    "nav": r"nav|menu|breadcrumb|pagination|pager|skip|crumb|tabs?\b|toolbar",
    "footer": r"foot|copyright|legal|imprint|colophon|bottom",
    "header": r"header|masthead|topbar|banner|branding|logo",
    "aside": r"sidebar|side-|aside|rail|widget|complementary|column-?right|right-?col|secondary",
    "share": r"shar(?:e|ing)|social|follow|facebook|twitter|whatsapp|tool|button|btn|action|icon",
    "caption": r"caption|figure|photo|image|picture|credit|gallery|media|video|legend|bildunterschrift|img|slide|thumb",
    "author": r"author|byline|by-line|writer|reporter|contributor|autor|auteur|bio|signature|profile",
    "meta": r"meta|date|time|publish|info|stamp|published|dateline|source|label|tags?\b|topic|keyword|categor|section",
    "advert": r"\bads?\b|advert|sponsor|(?:^|[\s_-])ad[-_]|dfp|gpt|publicit|werbung|anzeige|commercial|affiliate|promoted|banner|deal|product|shop",
    "subscribe": r"newsletter|subscri|sign-?up|paywall|regwall|signin|login|register|abonn|premium|offer|donat|support|cta|piano|metered|membership|form",
    "notice": r"cookie|consent|gdpr|modal|popup|overlay|alert|notice|toast|disclaimer|message|note|warning",
    "hidden": r"hidden|visually|sr-only|screen-?reader|invisible|print-?only|no-?print|noscript|hide|collapse",
    "quote": r"quote|pull|citation|embed|tweet|instagram|fact-?box|infobox|\bbox\b|highlight|key-?points|bullet|toc|table-of|correction|update|live|timeline",
}  # fmt: skip
GROUPS = tuple(_GROUPS)
_GROUP_PATTERNS = tuple(re.compile(pattern) for pattern in _GROUPS.values())
_GROUP_SEARCHES = tuple(pattern.search for pattern in _GROUP_PATTERNS)
_BEGINNING = re.compile(r"(?:\\b|\(\?:\^\|(?:\\s|\[[^\]]*\])\))?([a-z]{3})(?![?*])")


def _by_beginning() -> tuple[dict[str, int], int]:
    """The groups that may be meant where these three letters stand, and those that always may.

    As bits, the first group's the lowest.
    """
    beginnings: dict[str, int] = {}
    always = 0
    for group, pattern in enumerate(_GROUPS.values()):
        depth, start = 0, 0
        for i, char in enumerate(f"{pattern}|"):
            depth += (char == "(") - (char == ")")
            if char != "|" or depth:
                continue
            match = _BEGINNING.match(pattern[start:i])
            if match:
                beginnings[match[1]] = beginnings.get(match[1], 0) | 1 << group
            else:
                always |= 1 << group
            start = i + 1
    return beginnings, always


# Of twenty patterns three or four need a look, by the letters of the word.
_BEGINNINGS, _ALWAYS = _by_beginning()

_group_cache: dict[str, frozenset[int]] = {}
_GROUP_CACHE_SIZE = 50_000


def groups_of(words: str) -> frozenset[int]:
    """The indexes in ``GROUPS`` of the kinds of place that these class words name."""
    known = _group_cache.get(words)
    if known is None:
        parts = words[:400].split()
        if len(parts) == 1:
            word = parts[0]
            likely = _ALWAYS
            for i in range(len(word) - 2):
                likely |= _BEGINNINGS.get(word[i : i + 3], 0)
            known = frozenset(
                [i for i, search in enumerate(_GROUP_SEARCHES) if likely >> i & 1 and search(word)]
            )
        else:
            known = frozenset().union(*(groups_of(part) for part in parts))
        if len(_group_cache) >= _GROUP_CACHE_SIZE:
            _group_cache.clear()
        _group_cache[words] = known
    return known


def is_in_group(place: Place, group: int, reach: int) -> bool:
    """Return whether ``place`` or one of the ``reach - 1`` next ones around it is of ``group``."""
    node: Place | None = place
    for _ in range(reach):
        if node is None:
            return False
        if node.words and group in groups_of(node.words):
            return True
        node = node.parent
    return False
