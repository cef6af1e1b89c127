"""Which parts of a URL only say how a reader came, who he is, or in which view he reads. Pure.

Collected from the campaign documentation of Google, Meta, Microsoft, Matomo, AT Internet, HubSpot,
Mailchimp and Adobe, and from feeds seen. A site adds its own (:class:`Rules`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

# Parameters that never say what is shown.
_DROPPED = frozenset({
    "fbclid", "gclid", "gclsrc", "dclid", "gbraid", "wbraid", "msclkid", "yclid", "twclid",
    "ttclid", "li_fat_id", "igshid", "igsh", "mc_cid", "mc_eid", "mkt_tok", "_ga", "_gl",
    "_hsenc", "_hsmi", "hsctatracking", "epik", "srsltid", "guccounter", "guce_referrer",
    "guce_referrer_sig", "xtor", "xtref", "cmpid", "cmp", "ocid", "ito", "ns_source",
    "ns_mchannel", "ns_campaign", "ns_linkname", "ns_fee", "icid", "ncid", "s_cid", "sr_share",
    "smid", "smtyp", "wt_mc", "wtmc", "_openstat", "ref_src", "ref_url", "cmpredirect", "spm",
    "__twitter_impression", "vero_id", "oly_enc_id", "oly_anon_id", "trk", "gift", "ssostate",
    "phpsessid", "jsessionid", "sessionid", "session_id", "aspsessionid", "cfid", "cftoken",
    "print", "printable", "printview", "printfriendly", "amp", "outputtype", "nocache",
})  # fmt: skip
_DROPPED_PREFIXES = ("utm_", "pk_", "piwik_", "mtm_", "matomo_", "hsa_", "stm_", "wt.", "at_",
                     "__hs", "vero_", "aspsessionid")  # fmt: skip
# Parameters that only sometimes are such: by their value.
_VIEWS = frozenset({"print", "printable", "amp", "mobile", "imprimer", "drucken", "desktop"})
_VIEW_NAMES = frozenset({"view", "mode", "output", "format", "display", "layout", "template",
                         "version", "tmpl", "style", "vue"})  # fmt: skip
_WAYS = frozenset({
    "rss", "feed", "atom", "twitter", "tw", "x", "facebook", "fb", "linkedin", "whatsapp",
    "newsletter", "nl", "email", "mail", "homepage", "home", "share", "social", "google",
    "googlenews", "app", "amp", "push", "copy", "related", "flipboard", "applenews", "telegram",
})  # fmt: skip
_WAY_NAMES = frozenset({"ref", "source", "src", "from", "via", "origin", "referrer", "referer",
                        "rss", "share", "medium", "campaign"})  # fmt: skip
# What stands before the host of a publication for a kind of reader's machine.
_HOST_VIEWS = frozenset({"www", "m", "mobile", "mobil", "amp", "touch", "wap"})


@dataclass(frozen=True, slots=True)
class Rules:
    """What a site knows of its own addresses.

    ``parameters`` are the only ones that say what is shown (``None``: the generic tables decide),
    ``dropped`` further ones that do not. ``hosts`` maps another name of the site to its own.
    """

    parameters: frozenset[str] | None = None
    dropped: frozenset[str] = frozenset()
    hosts: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """For keeping; empty where nothing differs."""
        found: dict[str, Any] = {}
        if self.parameters is not None:
            found["parameters"] = sorted(self.parameters)
        if self.dropped:
            found["dropped"] = sorted(self.dropped)
        if self.hosts:
            found["hosts"] = dict(sorted(self.hosts.items()))
        return found

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> Rules:
        """Read back what :meth:`as_json` gave."""
        named = row.get("parameters")
        return cls(
            None if named is None else frozenset(named),
            frozenset(row.get("dropped", ())),
            row.get("hosts", {}),
        )


GENERIC = Rules()


def says_nothing(name: str, value: str, rules: Rules = GENERIC) -> bool:
    """Whether a parameter of the query does not say what is shown."""
    if rules.parameters is not None and name in rules.parameters:
        return False
    lower = name.lower()
    if rules.parameters is not None or lower in rules.dropped:
        return True
    if lower in _DROPPED or lower.startswith(_DROPPED_PREFIXES):
        return True
    word = value.lower()
    return (lower in _VIEW_NAMES and word in _VIEWS) or (lower in _WAY_NAMES and word in _WAYS)


def folded_host(host: str) -> str:
    """``host`` (ASCII, lower case) without what only names a view: ``www.``, ``m.``, ``amp.``."""
    while True:
        first, dot, rest = host.partition(".")
        if not dot or first not in _HOST_VIEWS or "." not in rest:
            return host
        name, _, top = rest.partition(".")
        # "m.co.uk" is the publication "m", not a view of "co.uk".
        if first != "www" and len(name) <= 3 and len(top) == 2:
            return host
        host = rest


_SESSION = re.compile(r";(?:jsessionid|phpsessid|sid)=[^/?#]*", re.IGNORECASE)
_SLASHES = re.compile(r"/{2,}")
_INDEX = re.compile(r"/(?:index|default)\.(?:html?|php|aspx?|jsp)$", re.IGNORECASE)
_AMP = re.compile(r"(?<=[^/])(?:/amp\.html?$|(?:/amp|\.amp)(?=/?$|\.html$))", re.IGNORECASE)
# An article's own part of a path: with a number, or several words. "/media/print" is a section.
_ARTICLE = r"(?=[^/]*(?:\d|-[^/-]+-))[^/]+"
_PRINT = re.compile(rf"(/{_ARTICLE})/(?:print|printable|imprimer|print\.html?)$", re.IGNORECASE)
_BEFORE = re.compile(rf"^/(?:amp|print|imprimer)(?=/(?:[^/]+/)*{_ARTICLE}$)", re.IGNORECASE)


def folded_path(path: str) -> str:
    """``path`` without sessions, doubled and trailing slashes, view parts and an index's name."""
    while True:
        before = path
        if ";" in path:
            path = _SESSION.sub("", path)
        if "//" in path:
            path = _SLASHES.sub("/", path)
        path = _INDEX.sub("/", _AMP.sub("", path)).rstrip("/")
        path = _BEFORE.sub("", _PRINT.sub(r"\1", path))
        if path == before:
            return path
