"""Parts of URLs that only name the referrer, the reader or the view. Pure.

Collected from the campaign documentation of Google, Meta, Microsoft, Matomo, AT Internet, HubSpot,
Mailchimp and Adobe, and from feeds. A site adds its own (:class:`UrlRules`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

# Parameters that never say what is shown, beside those of the documentation named above from the
# public lists of Brave, ClearURLs and AdGuard, and from feeds of the press.
_DROPPED = frozenset(
    """
    fbclid fb_action_ids fb_action_types fb_comment_id fb_ref fb_source action_object_map
    action_ref_map action_type_map gclid gclsrc dclid gbraid wbraid gad_source gad_campaignid gs_l
    msclkid yclid ysclid ymclid twclid ttclid rb_clickid irclickid wickedid unicorn_click_id
    li_fat_id igshid igsh mibextid epik srsltid _ga _gl _ke _kx _bhlid _branch_match_id
    _branch_referrer _openstat __s __twitter_impression mc_cid mc_eid mkt_tok ml_subscriber
    ml_subscriber_hash ck_subscriber_id hsctatracking _hsenc _hsmi hss_channel dm_i et_rid bbeml
    sc_customer sc_eh sc_uid sfmc_id sfmc_sub ss_email_id vgo_ee vero_conv vero_id oly_enc_id
    oly_anon_id os_ehash dgcid elqtrack elqtrackid elqaid elqat elqcampaignid bsft_clkid bsft_uid
    guccounter guce_referrer guce_referrer_sig soc_src soc_trk tsrc .tsrc usqp amp_js_v amp_gsa
    xtor xtref xtcr xtmc cmpid ocid ito ns_source ns_mchannel ns_campaign ns_linkname ns_fee icid
    intcid int_source ncid s_cid ex_cid ftag sr_share smtyp wt_mc wt_zmc wtmc wtrid ref_src ref_url
    reflink cmpredirect cndid mbid sref echobox tracking_source wpisrc wpmm taid iref srnd fsrc
    replytocom ssostate phpsessid jsessionid sessionid session_id aspsessionid cfid cftoken nocache
""".split()
)
# Such, unless their value is a number: then it may be that of an item.
_DROPPED_WORDS = frozenset({"cmp", "trk", "spm", "smid", "gift", "mod"})
_LONGEST_NUMBER = 9
# Views that are switched on and off; with another value they name what is shown.
_SWITCHES = frozenset({"print", "printable", "printview", "printfriendly", "amp", "singlepage",
                       "single_page", "fullpage", "showall", "mobile"})  # fmt: skip
_SWITCHED = frozenset({"", "0", "1", "y", "n", "yes", "no", "on", "off", "true", "false", "print",
                       "amp", "all", "friendly", "printable", "preview"})  # fmt: skip
_DROPPED_PREFIXES = ("utm_", "pk_", "piwik_", "mtm_", "matomo_", "hsa_", "stm_", "wt.", "at_",
                     "__hs", "vero_", "aspsessionid", "itm_", "otm_", "oft_", "hmb_",
                     "ga_")  # fmt: skip
# Parameters that only sometimes are such: by their value.
_VIEWS = frozenset({"print", "printable", "amp", "mobile", "imprimer", "drucken", "desktop",
                    "single", "singlepage"})  # fmt: skip
_VIEW_NAMES = frozenset({"view", "mode", "output", "format", "display", "layout", "template",
                         "version", "tmpl", "style", "vue", "outputtype"})  # fmt: skip
_WAYS = frozenset({
    "rss", "feed", "atom", "twitter", "tw", "x", "facebook", "fb", "linkedin", "whatsapp",
    "newsletter", "nl", "email", "mail", "homepage", "home", "share", "social", "google",
    "googlenews", "app", "amp", "push", "copy", "related", "flipboard", "applenews", "telegram",
})  # fmt: skip
_WAY_NAMES = frozenset({"ref", "source", "src", "from", "via", "origin", "referrer", "referer",
                        "rss", "share", "medium", "campaign"})  # fmt: skip
# Which page of an article: all of them at once is the article.
_PAGES = frozenset({"page", "pagewanted"})
# What stands before the host of a publication for a kind of reader's machine.
_HOST_VIEWS = frozenset({"www", "m", "mobile", "mobil", "amp", "touch", "wap"})


@dataclass(frozen=True, slots=True)
class UrlRules:
    """A site's own rules for its URLs.

    ``parameters`` lists the only significant ones (``None``: the generic tables decide);
    ``dropped`` lists further insignificant ones. ``hosts`` maps aliases to the site's host.
    """

    parameters: frozenset[str] | None = None
    dropped: frozenset[str] = frozenset()
    hosts: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return JSON-ready data; empty where nothing differs."""
        found: dict[str, Any] = {}
        if self.parameters is not None:
            found["parameters"] = sorted(self.parameters)
        if self.dropped:
            found["dropped"] = sorted(self.dropped)
        if self.hosts:
            found["hosts"] = dict(sorted(self.hosts.items()))
        return found

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> UrlRules:
        """Rebuild from the output of :meth:`as_json`."""
        named = row.get("parameters")
        return cls(
            None if named is None else frozenset(named),
            frozenset(row.get("dropped", ())),
            row.get("hosts", {}),
        )


GENERIC = UrlRules()


def is_irrelevant_parameter(name: str, value: str, rules: UrlRules = GENERIC) -> bool:
    """Return whether a query parameter does not identify the content."""
    if rules.parameters is not None and name in rules.parameters:
        return False
    lower = name.lower()
    if rules.parameters is not None or lower in rules.dropped:
        return True
    if lower in _DROPPED or lower.startswith(_DROPPED_PREFIXES):
        return True
    word = value.lower()
    if lower in _DROPPED_WORDS:
        return not word.isdecimal() or len(word) > _LONGEST_NUMBER
    return _is_view(lower, word)


def _is_view(lower: str, word: str) -> bool:
    """Return whether a parameter only selects a view of an article or names the referrer."""
    if lower in _SWITCHES:
        return word in _SWITCHED
    if lower in _PAGES:
        return word in ("all", "print")
    return (lower in _VIEW_NAMES and word in _VIEWS) or (lower in _WAY_NAMES and word in _WAYS)


def normalize_host(host: str) -> str:
    """Remove the parts of an ASCII host that only name a view: ``www.``, ``m.``, ``amp.``."""
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
# A word with "amp" at its end is a view of the rest, unless it is what musicians play through.
_AMP = re.compile(
    r"(?<=[^/])(?:/amp\.html?$|(?:/amp|\.amp|(?<!guitar)(?<!bass)(?<!tube)(?<!valve)(?<!power)"
    r"(?<!headphone)(?<!stereo)(?<!combo)(?<!practice)(?<!modeling)(?<!op)(?<!pre)[-_]amp)"
    r"(?=/?$|\.html?$))",
    re.IGNORECASE,
)
# An article's own part of a path: with a number, or several words. "/media/print" is a section.
_ARTICLE = r"(?=[^/]*(?:\d|-[^/-]+-))[^/]+"
_PRINT = re.compile(
    rf"(/{_ARTICLE})/(?:print|printable|imprimer|imprimir|stampa|print\.html?)$", re.IGNORECASE
)
# These are views behind whatever they stand.
_WHOLE = re.compile(
    r"(?<=[^/])/(?:komplettansicht|druckansicht|druckversion|single-?page|version-imprimable)$",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    rf"^/(?:amp|print|imprimer|sp|smartphone|m|mobile)(?=/(?:[^/]+/)*{_ARTICLE}$)"
    rf"|(?<=[^/])/amp(?=/(?:[^/]+/)*{_ARTICLE}$)",
    re.IGNORECASE,
)


def normalize_path(path: str) -> str:
    """Remove sessions, duplicate and trailing slashes, view parts and index names from a path."""
    while True:
        before = path
        if ";" in path:
            path = _SESSION.sub("", path)
        if "//" in path:
            path = _SLASHES.sub("/", path)
        path = _INDEX.sub("/", _AMP.sub("", path)).rstrip("/")
        path = _BEFORE.sub("", _PRINT.sub(r"\1", _WHOLE.sub("", path)))
        if path == before:
            return path
