"""URL keys: equal for two spellings of the same URL.

URLs are parsed as browsers parse them (WHATWG URL, through Ada). The fetched URL is stored
unchanged; the key is only for comparison.
"""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote, urlencode

import ada_url

from storage.text.url_rules import (
    GENERIC,
    UrlRules,
    is_irrelevant_parameter,
    normalize_host,
    normalize_path,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_WEB = ("http:", "https:")
# RFC 3986, 2.3 and 3.3: what may stand in a segment of a path without being escaped.
_SEGMENT_SAFE = ":@!$&'()*+,;=-._~"
# Nearly every link: a plain host and a path of unreserved signs, without query. Nothing in it needs
# unescaping, sorting or IDNA, which cost ten times the rest.
_PLAIN = re.compile(
    r"https?://([a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z][a-z0-9-]*)(/[A-Za-z0-9/_.~-]*)?(?:#(?!!).*)?"
)
_PLAIN_HOST = re.compile(r"https?://[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]+(?:[/?#]|$)")
# Copies that Google serves of AMP pages name the page in their own URL.
_AMP_CACHE = re.compile(
    r"https?://(?:[a-z0-9-]+\.cdn\.ampproject\.org/[a-z]/|(?:www\.)?google\.[a-z.]{2,6}/amp/)"
    r"(s/)?([^/]+\..*)",
    re.IGNORECASE,
)
_SPACES = " \t\r\n\x00\x0b\x0c"
# Characters of a URL and of its key, escaped. The sitemaps protocol allows 2,047
# (https://www.sitemaps.org/protocol.html), PostgreSQL's indexes 2,704 bytes.
MAX_URL_LENGTH = 2_500
# What no database takes: NUL, and halves of surrogate pairs (JSON can say them).
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

# The same menus and related items stand on page after page of a site.
_CACHED = 20_000


class _SiteRules:
    """The rules of the archive's sites, by normalised host."""

    rules: Mapping[str, UrlRules] = {}  # replaced as a whole, never changed
    aliases: Mapping[str, str] = {}


def set_url_rules(rules: Mapping[str, UrlRules]) -> None:
    """Set the URL rules of sites, by host."""
    folded = {normalize_host(host): one for host, one in rules.items()}
    if folded == _SiteRules.rules:
        return
    _SiteRules.rules = folded
    _SiteRules.aliases = {
        normalize_host(other): normalize_host(own)
        for one in rules.values()
        for other, own in one.hosts.items()
    }
    url_key.cache_clear()


@lru_cache(maxsize=_CACHED)
def is_web_url(url: str) -> bool:
    """Return whether ``url`` is an absolute http(s) URL with a host and a valid port.

    URLs longer than ``MAX_URL_LENGTH`` are not: no user and few servers would accept them.
    """
    if len(url) > MAX_URL_LENGTH:
        return False
    if (
        _PLAIN_HOST.match(url) is not None
        and url.isascii()
        and "@" not in url
        and "xn--" not in url.lower()
    ):
        return True
    parts = _parsed(url)
    return parts is not None and len(parts.href) <= MAX_URL_LENGTH


def _escaped(segment: str) -> str:
    """Escape the characters of a path segment that need it; ``%2F`` stays escaped."""
    plain = unquote(segment, errors="surrogateescape")
    return quote(plain, safe=_SEGMENT_SAFE, errors="surrogateescape")


def _parsed(url: str) -> ada_url.URL | None:
    try:
        parts = ada_url.URL(url.encode("utf-8", "replace").decode())
    except ValueError:
        return None
    return parts if parts.protocol in _WEB and parts.hostname else None


def serialize_url(url: str) -> str:
    """Return a web URL as browsers send it, in ASCII; an ASCII URL stays unchanged."""
    if url.isascii():
        return url
    parts = _parsed(url)
    return url if parts is None else parts.href


def _strip_trailing_dots(host: str) -> str:
    """Remove trailing dots of ``host`` where a host remains: none does for ``foo.09..``."""
    if not host.endswith("."):
        return host
    plain = host.rstrip(".")
    parts = _parsed(f"http://{plain}/") if plain else None
    return plain if parts is not None and parts.hostname == plain else host


def resolve_url(base: str, href: str) -> str | None:
    """Resolve ``href`` against ``base``; ``None`` where the result is not a web URL."""
    href = href.strip(_SPACES)
    plain = _UNSTORABLE.search(href) is None
    if plain and href.startswith(("http://", "https://")):
        return href if is_web_url(href) else None
    try:
        # Most links are rooted and plain: then joining is pasting.
        if plain and href[:1] == "/" and href[1:2] not in ("/", "\\") and "/." not in href:
            url = _origin(base) + href
        else:
            url = ada_url.join_url(base, href.encode("utf-8", "replace").decode())
    except ValueError:
        return None
    return url if is_web_url(url) else None


@lru_cache(maxsize=256)
def _origin(base: str) -> str:
    parts = ada_url.URL(base)
    return f"{parts.protocol}//{parts.host}"


@lru_cache(maxsize=_CACHED)
def host_of(url: str) -> str:
    """Return the host of ``url`` in lower case and ASCII, ``""`` where there is none."""
    parts = _parsed(url)
    return _strip_trailing_dots(parts.hostname) if parts is not None else ""


@lru_cache(maxsize=_CACHED)
def url_key(url: str) -> str:
    """Return the normal form that is equal for all spellings of a URL.

    It ignores scheme, user, case and IDNA form of the host, ``www.`` and mobile hosts, default
    port, fragment, tracking, session and view parameters, order of parameters, AMP and print views,
    dot segments, escapes, duplicate and trailing slashes, and applies the site's own rules. A form
    longer than ``MAX_URL_LENGTH`` becomes the host and a digest. It is idempotent on its own output
    with a scheme in front.

    Raises:
        ValueError: ``url`` is not a web URL.
    """
    plain = _PLAIN.fullmatch(url)
    if plain is not None and "xn--" not in url and "/." not in url and len(url) <= MAX_URL_LENGTH:
        host = normalize_host(plain[1])
        if "google." not in host and "ampproject" not in host:
            return f"{_SiteRules.aliases.get(host, host)}{normalize_path(plain[2] or '')}"
    cached = _AMP_CACHE.fullmatch(url.strip(_SPACES))
    if cached is not None:
        return url_key(f"https://{cached[2]}")
    parts = _parsed(url)
    if parts is None:
        raise ValueError(f"no web address: {url!r}")
    host = normalize_host(_strip_trailing_dots(parts.hostname))
    host = _SiteRules.aliases.get(host, host)
    rules = _SiteRules.rules.get(host, GENERIC)
    port = parts.port
    key = f"{host}:{port}" if port and port not in ("80", "443") else host
    key += normalize_path("/".join(_escaped(part) for part in parts.pathname.split("/")))
    pairs = parse_qsl(parts.search[1:], keep_blank_values=True, errors="surrogateescape")
    query = sorted(pair for pair in pairs if not is_irrelevant_parameter(*pair, rules))
    if query:
        key += f"?{urlencode(query, errors='surrogateescape')}"
    # Pages of old applications name what they show behind "#!"; any other fragment is a place.
    if parts.hash.startswith("#!"):
        key += parts.hash
    if len(key) <= MAX_URL_LENGTH:
        return key
    return f"{host}/~{sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()}"


def guid_key(guid: str) -> str:
    """Return the key of a feed's GUID; it never equals a URL key."""
    return f"guid:{sha256(guid.encode('utf-8', 'surrogatepass')).hexdigest()}"
