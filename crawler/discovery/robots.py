"""Parse robots.txt: RFC 9309, the errors that large crawlers accept, and Crawl-delay. Pure.

Groups are named by a product token: ``Dateline/1.0 (news)`` in a group's name means ``Dateline``.
A line of an unknown kind is passed over and ends no group.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

# RFC 9309, 2.5: a crawler must read at least 500 KiB, and may stop there.
MAX_BYTES = 512 * 1024
_LINE = re.compile(r"\s*([A-Za-z][A-Za-z -]{0,30}?)\s*(?::|\s(?=\s*\S+\s*$))\s*(.*)", re.DOTALL)
_AGENTS = frozenset(("user-agent", "useragent", "user agent"))
_ALLOW = frozenset(("allow",))
_DISALLOW = frozenset(("disallow", "dissallow", "dissalow", "disalow", "diasllow", "disallaw"))
_SITEMAPS = frozenset(("sitemap", "site-map"))
_TOKEN = re.compile(r"[A-Za-z_-]+")
_ESCAPED = re.compile(r"%([0-9a-fA-F]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
# A rule for the index page means the folder as well.
_INDEX = re.compile(r"/index\.html?$")
_DELAY = re.compile(r"\d{1,6}(?:\.\d{1,6})?", re.ASCII)
_LONGEST_RULE = 2_500
_WIDE = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
# A byte order mark, or what a careless editor left of it.
_BOM = re.compile(rb"\xef?\xbb?\xbf?")


@dataclass(frozen=True, slots=True)
class Rule:
    """One allow or disallow line; the longest match counts."""

    allows: bool
    pattern: str

    def matches(self, path: str) -> bool:
        """Tell whether ``path`` (with its query) matches the pattern, with ``*`` and ``$``."""
        ends = self.pattern.endswith("$")
        first, *rest = (self.pattern[:-1] if ends else self.pattern).split("*")
        if not path.startswith(first):
            return False
        if not rest:
            return not ends or len(path) == len(first)
        at = len(first)
        for part in rest[:-1] if ends else rest:
            found = path.find(part, at)
            if found < 0:
                return False
            at = found + len(part)
        return not ends or (len(path) - len(rest[-1]) >= at and path.endswith(rest[-1]))


@dataclass(slots=True)
class Group:
    """The rules for a group of crawlers."""

    rules: list[Rule] = field(default_factory=list)
    delay: float | None = None


class Robots:
    """The rules of one host. ``sitemaps`` are the sitemap URLs as written."""

    def __init__(self, body: bytes) -> None:
        self._groups: dict[str, Group] = {}
        self.sitemaps: list[str] = []
        wide = next((name for mark, name in _WIDE if body.startswith(mark)), None)
        start = 2 if wide else _BOM.match(body).end()  # type: ignore[union-attr]
        text = body[start:MAX_BYTES].decode(wide or "utf-8", "replace").replace("\0", "")
        named: list[str] = []
        closed = False
        for raw in re.split(r"\r\n|\r|\n", text):
            match = _LINE.match(raw.partition("#")[0])
            if match is None:
                continue
            key, value = match[1].strip().lower(), match[2].strip()
            if key in _AGENTS:
                named = [] if closed else named
                closed = False
                named.append(_agent(value))
                self._groups.setdefault(named[-1], Group())
            elif key in _ALLOW or key in _DISALLOW:
                closed = True
                self._add(named, key in _ALLOW, value)
            elif key == "crawl-delay" and _DELAY.fullmatch(value):
                for name in named:
                    self._groups[name].delay = float(value)
            elif key in _SITEMAPS and value:
                self.sitemaps.append(value)

    def _add(self, named: list[str], allows: bool, value: str) -> None:
        if not value or len(value) > _LONGEST_RULE:
            return
        # Only the last sign of a rule is an end; elsewhere "$" is a letter of paths.
        pattern = normal(value[:-1].replace("$", "%24") + value[-1])
        rules = [Rule(allows, pattern)]
        if allows and _INDEX.search(pattern):
            rules.append(Rule(True, _INDEX.sub("/$", pattern)))
        for name in named:
            self._groups[name].rules += rules

    def _group(self, agent: str) -> Group | None:
        return self._groups.get(agent.lower()) or self._groups.get("*")

    def allowed(self, url: str, agent: str) -> bool:
        """Tell whether the crawler called ``agent`` may fetch ``url``."""
        group = self._group(agent)
        if group is None:
            return True
        path = path_of(url)
        found = [rule for rule in group.rules if rule.matches(path)]
        # The more specific rule, and of two that are as long the one that allows (2.2.2).
        best = max(found, key=lambda rule: (len(rule.pattern), rule.allows), default=None)
        return best is None or best.allows

    def crawl_delay(self, agent: str) -> float | None:
        """Return the seconds between two requests that the site asks ``agent`` for."""
        group = self._group(agent)
        return group.delay if group is not None else None


def _agent(value: str) -> str:
    """Return the product token of a crawler's name in lower case; ``*`` for all."""
    value = value.strip()
    if value == "*" or value.startswith("* "):
        return "*"
    match = _TOKEN.match(value)
    return match[0].lower() if match else ""


def path_of(url: str) -> str:
    """Return the path and query of ``url``, normalized as rules are."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "/"
    query = f"?{parts.query}" if parts.query else ""
    path = (parts.path or "/") + query
    # In a path "*" and "$" are letters: they match escaped ones, and no rule's own.
    return normal(path.replace("*", "%2A").replace("$", "%24"))


def normal(path: str) -> str:
    """Normalize ``path`` (RFC 9309, 2.2.2): characters that need escaping are escaped."""
    path = _ESCAPED.sub(_escape, path)
    return path if path.isascii() else quote(path, safe="".join(map(chr, range(33, 127))))


def _escape(match: re.Match[str]) -> str:
    sign = chr(int(match[1], 16))
    return sign if sign in _UNRESERVED else match[0].upper()
