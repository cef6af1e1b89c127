"""Parses what publishers reserve: robots directives, and text and data mining (TDM). Pure.

Read from the headers and the head of a page, and stored with its capture as ``{"robots": [...],
"tdm": 0 or 1, "tdm_policy": URL}``. The source's policy decides what follows:

- ``reserve`` (the default): the page is stored and searchable like any other, but not passed on:
  its capture is shown to logged-in users only, and exports leave it out unless asked for.
  ``noarchive`` and ``noindex`` address search engines, which show copies to the public; a private
  archive does not.
- ``strict``: as ``reserve``, but a ``noarchive`` page is skipped with that cause, and a ``noindex``
  page is not searchable.
- ``ignore``: the page is like any other.

(Robots meta tag and X-Robots-Tag: https://developers.google.com/search/docs/crawling-indexing/
robots-meta-tag. TDM Reservation Protocol: https://www.w3.org/community/reports/tdmrep/
CG-FINAL-tdmrep-20240202/)
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Policy = Literal["reserve", "strict", "ignore"]
NOARCHIVE, NOINDEX, TDM = "noarchive", "noindex", "tdm-reserved"
# Marks an article that no search may find, beside its reservations.
HIDDEN = "not-searchable"
# Directives that address archives; ``none`` means noindex and nofollow.
_KNOWN = {"noarchive": NOARCHIVE, "noindex": NOINDEX, "none": NOINDEX, "nocache": NOARCHIVE}
# Robot names that include this crawler; others address one search engine.
_AGENTS = frozenset({"robots", "dateline"})
# Meta tags are in the head; only this many bytes are searched.
_HEAD_BYTES = 128 * 1024
_TAG_OR_COMMENT = re.compile(rb"<meta\b|<!--", re.IGNORECASE)
_ATTRIBUTE = re.compile(
    rb"""\b(name|content)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE
)
_TDM_NAMES = ("tdm-reservation", "tdm-policy")


def parse_reservations(
    headers: Iterable[tuple[str, str]], body: bytes, site: dict[str, Any] | None = None
) -> dict[str, Any] | None:
    """Parse the reservations of a response; ``None`` where it has none.

    ``site`` is the rule of the host's tdmrep.json (:func:`tdm_rule_for_path`). A header of the page
    overrides it, and a meta tag overrides both.
    """
    robots: list[str] = []
    tdm: dict[str, str] = dict(site or {})
    for name, value in headers:
        lower = name.lower()
        if lower == "x-robots-tag":
            robots += _directives(value, header=True)
        elif lower in _TDM_NAMES:
            tdm[lower] = value.strip()
    for name, value in _metas(body):
        if name in _AGENTS:
            robots += _directives(value)
        elif name in _TDM_NAMES:
            tdm[name] = value.strip()
    found: dict[str, Any] = {}
    if robots:
        found["robots"] = sorted(set(robots))
    reservation = tdm.get("tdm-reservation")
    if reservation in ("0", "1"):
        found["tdm"] = int(reservation)
        if tdm.get("tdm-policy"):
            found["tdm_policy"] = tdm["tdm-policy"][:2_000]
    return found or None


def reservations(found: dict[str, Any] | None) -> tuple[str, ...]:
    """Return the names of the reservations: ``noarchive``, ``noindex``, ``tdm-reserved``."""
    if not found:
        return ()
    names = {_KNOWN[word] for word in found.get("robots", ()) if word in _KNOWN}
    if found.get("tdm") == 1:
        names.add(TDM)
    return tuple(sorted(names))


def stored_reservations(found: dict[str, Any] | None) -> tuple[str, ...]:
    """Return the reservations that a stored article carries; none where the policy ignores them.

    An article with any reservation is not passed on.
    """
    if not found or found.get("ignored"):
        return ()
    names = reservations(found)
    return (*names, HIDDEN) if NOINDEX in names and found.get("strict") else names


def with_policy(found: dict[str, Any] | None, policy: str) -> dict[str, Any] | None:
    """Add the source's policy to reservations, where it is not the default."""
    mark = {"strict": "strict", "ignore": "ignored"}.get(policy)
    return {**found, mark: True} if found and mark else found


def forbids_storing(found: dict[str, Any] | None) -> bool:
    """Return whether the reservations and the policy forbid storing the page."""
    return bool(found and found.get("strict")) and NOARCHIVE in reservations(found)


def tdm_rule_for_path(tdmrep: Sequence[dict[str, Any]], path: str) -> dict[str, str]:
    """Return the rule of a tdmrep.json for ``path``: the first whose location matches."""
    for rule in tdmrep:
        if _matches_location(str(rule.get("location", "")), path):
            said = {name: str(rule[name]) for name in _TDM_NAMES if name in rule}
            return said if said.get("tdm-reservation") in ("0", "1") else {}
    return {}


def parse_tdmrep(body: bytes) -> list[dict[str, Any]]:
    """Parse the rules of a ``/.well-known/tdmrep.json``; none where the file is invalid."""
    try:
        rules = json.loads(body)
    except (ValueError, RecursionError):
        return []
    if isinstance(rules, dict):
        rules = [rules]
    return [rule for rule in rules if isinstance(rule, dict)] if isinstance(rules, list) else []


def _matches_location(pattern: str, path: str) -> bool:
    """Match a location pattern (``*`` and ``$`` of robots.txt, section 6.2 of the protocol)."""
    if not pattern.startswith(("/", "*")):
        return False
    ends = pattern.endswith("$")
    parts = [re.escape(part) for part in pattern.removesuffix("$").split("*")]
    return re.match(".*".join(parts) + ("$" if ends else ""), path) is not None


def _directives(value: str, *, header: bool = False) -> list[str]:
    """Split the directives of one robots value; a header may name the addressed robot first."""
    agent, colon, rest = value.partition(":")
    if header and colon and "," not in agent and agent.strip().lower() != "unavailable_after":
        if agent.strip().lower() not in _AGENTS:
            return []
        value = rest
    return [word.strip().lower()[:60] for word in value.split(",") if word.strip()]


def _metas(body: bytes) -> Iterable[tuple[str, str]]:
    at = 0
    while (start := _TAG_OR_COMMENT.search(body, at, _HEAD_BYTES)) is not None:
        comment = start[0] == b"<!--"
        end = body.find(b"-->" if comment else b">", start.end(), _HEAD_BYTES)
        if end < 0:
            return
        at = end
        if comment:
            continue
        found: dict[bytes, bytes] = {}
        for name, double, single, bare in _ATTRIBUTE.findall(body[start.end() : end]):
            found.setdefault(name.lower(), double or single or bare)
        if b"name" in found and b"content" in found:
            yield (
                found[b"name"].decode("latin-1").strip().lower(),
                found[b"content"].decode("latin-1"),
            )
