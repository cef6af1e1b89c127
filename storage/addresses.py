"""When two URLs are one address: the key under which the archive knows a URL.

The URL that is fetched is kept apart and unchanged; the key only compares.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import parse_qsl, quote, unquote, urlencode, urljoin, urlsplit

# Parameters that say how a reader came, never what is shown. Prefixes end in "*".
# Collected from the campaign documentation of Google, Meta, Microsoft, Matomo, AT Internet,
# HubSpot, Mailchimp and Adobe, and from feeds seen.
_TRACKING = frozenset({
    "fbclid", "gclid", "gclsrc", "dclid", "gbraid", "wbraid", "msclkid", "yclid", "twclid",
    "igshid", "igsh", "mc_cid", "mc_eid", "mkt_tok", "_ga", "_gl", "_hsenc", "_hsmi",
    "hsctatracking",
    "xtor", "xtref", "at_medium", "at_campaign", "at_custom1", "at_custom2", "at_custom3",
    "at_custom4", "at_format", "at_link_id", "at_link_origin", "at_link_type", "at_ptr_name",
    "cmpid", "cmp", "ocid", "ito", "ns_source", "ns_mchannel", "ns_campaign", "ns_linkname",
    "ns_fee", "icid", "ncid", "s_cid", "sr_share", "smid", "smtyp", "wt_mc", "wtmc",
    "_openstat", "ref_src", "ref_url", "cmpredirect", "spm", "__twitter_impression",
    "phpsessid", "jsessionid", "sessionid", "aspsessionid",
    "print", "amp", "outputtype", "vero_id", "oly_enc_id", "oly_anon_id", "trk",
})  # fmt: skip
_TRACKING_PREFIXES = ("utm_", "pk_", "piwik_", "mtm_", "matomo_", "hsa_", "stm_", "wt.", "at_")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_SESSION_PATH = re.compile(r";(?:jsessionid|phpsessid|sid)=[^/?#]*", re.IGNORECASE)
_SLASHES = re.compile(r"/{2,}")
_INDEX = re.compile(r"/index\.(?:html?|php|aspx?)$")
_AMP_PATH = re.compile(r"(?:/amp|\.amp)(?=/?$|\.html$)", re.IGNORECASE)
# RFC 3986, 2.3 and 3.3: what may stand in a path without being escaped.
_PATH_SAFE = "/:@!$&'()*+,;=-._~"


# Nearly every link: a plain host and a path of unreserved signs, without query. Nothing in it needs
# unescaping, sorting or IDNA, which cost ten times the rest.
_PLAIN = re.compile(r"https?://([a-z0-9-]+(?:\.[a-z0-9-]+)+)(/[A-Za-z0-9/_.~-]*)?(?:#.*)?")
_PLAIN_HOST = re.compile(r"https?://[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*(?:[/?#]|$)")


# The same menus and related items stand on page after page of a site.
_CACHED = 20_000


@lru_cache(maxsize=_CACHED)
def is_web_url(url: str) -> bool:
    """Whether ``url`` is an absolute http(s) URL with a host and a possible port."""
    if _PLAIN_HOST.match(url) and "[" not in url:
        return True
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in _DEFAULT_PORTS and bool(parts.hostname)


def absolute(base: str, href: str) -> str | None:
    """``href`` as a reader at ``base`` would follow it; ``None`` where that is no web address."""
    href = href.strip()
    if href.startswith(("http://", "https://")):
        return href if is_web_url(href) else None
    try:
        # Most links are rooted and plain: then joining is pasting.
        rooted = href[:1] == "/" and href[1:2] != "/" and "/." not in href
        url = _origin(base) + href if rooted else urljoin(base, href)
    except ValueError:
        return None
    return url if is_web_url(url) else None


@lru_cache(maxsize=256)
def _origin(base: str) -> str:
    parts = urlsplit(base)
    return f"{parts.scheme}://{parts.netloc}"


@lru_cache(maxsize=_CACHED)
def host_of(url: str) -> str:
    """The host of ``url`` in lower case, ``""`` where there is none."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def is_tracking(parameter: str) -> bool:
    """Whether a query parameter only tells where the reader came from or who he is."""
    name = parameter.lower()
    return name in _TRACKING or name.startswith(_TRACKING_PREFIXES)


@lru_cache(maxsize=_CACHED)
def url_key(url: str) -> str:
    """The form under which two spellings of one address are equal.

    Scheme, ``www.``, letter case of the host, default port, fragment, tracking and session
    parameters, order of parameters, AMP and print views, doubled and trailing slashes do not
    count. Idempotent on its own output once a scheme is put before it.

    Raises:
        ValueError: ``url`` has no host.
    """
    plain = _PLAIN.fullmatch(url)
    if plain is not None:
        return f"{plain[1].removeprefix('www.')}{_folded_path(plain[2] or '')}"
    parts = urlsplit(url.strip())
    host = _ascii_host((parts.hostname or "").rstrip("."))
    if not host:
        raise ValueError(f"no host in {url!r}")
    host = host.removeprefix("www.")
    port = parts.port
    if port is not None and port != _DEFAULT_PORTS.get(parts.scheme) and port not in (80, 443):
        host = f"{host}:{port}"
    path = quote(unquote(_SESSION_PATH.sub("", parts.path), errors="surrogateescape"),
                 safe=_PATH_SAFE, errors="surrogateescape")  # fmt: skip
    path = _folded_path(path)
    query = sorted(
        (name, value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True, errors="surrogateescape")
        if not is_tracking(name)
    )
    text = urlencode(query, errors="surrogateescape") if query else ""
    return f"{host}{path}?{text}" if text else f"{host}{path}"


def _folded_path(path: str) -> str:
    """``path`` without doubled and trailing slashes, AMP parts and the name of an index page."""
    if "//" in path:
        path = _SLASHES.sub("/", path)
    return _INDEX.sub("/", _AMP_PATH.sub("", path)).rstrip("/")


def _ascii_host(host: str) -> str:
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return host
