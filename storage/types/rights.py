"""What publishers reserve: robots directives of a page, and text and data mining. Pure.

Read from the headers and the head of a page, and kept with its capture as
``{"robots": [...], "tdm": 0 or 1, "tdm_policy": URL}``. What follows is the source's policy:

- ``reserve`` (the default): the page is kept and found like any other, and not passed on: its
  capture is shown to logged-in users, and exports leave it out unless asked for. ``noarchive`` and
  ``noindex`` speak to search engines, which show copies to the public; a private archive does not.
- ``strict``: as ``reserve``, but a ``noarchive`` page is skipped by that name, and a ``noindex``
  page is not found by its words.
- ``ignore``: the page is like any other.

(Robots meta tag and X-Robots-Tag: https://developers.google.com/search/docs/crawling-indexing/
robots-meta-tag. TDM Reservation Protocol: https://www.w3.org/community/reports/tdmrep/
CG-FINAL-tdmrep-20240202/)
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Policy = Literal["reserve", "strict", "ignore"]
POLICIES: tuple[Policy, ...] = get_args(Policy)
NOARCHIVE, NOINDEX, TDM = "noarchive", "noindex", "tdm-reserved"
# Beside the reservations of an article that no search may find.
HIDDEN = "not-searchable"
# Directives that speak to archives; ``none`` is noindex and nofollow by definition.
_KNOWN = {"noarchive": NOARCHIVE, "noindex": NOINDEX, "none": NOINDEX, "nocache": NOARCHIVE}
# A robots directive of these is meant for us; others address one search engine.
_AGENTS = frozenset({"robots", "dateline"})
# Directives stand in the head; a page that has none within so many bytes has none.
_HEAD_BYTES = 128 * 1024
_TAG_OR_COMMENT = re.compile(rb"<meta\b|<!--", re.IGNORECASE)
_ATTRIBUTE = re.compile(
    rb"""\b(name|content)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE
)
_TDM_NAMES = ("tdm-reservation", "tdm-policy")


def read(
    headers: Iterable[tuple[str, str]], body: bytes, site: dict[str, Any] | None = None
) -> dict[str, Any] | None:
    """What is reserved by an answer; ``None`` where nothing is said.

    ``site`` is what :func:`for_path` found in the host's tdmrep.json; a page's header wins over
    it, and its meta over both.
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


def reserved(found: dict[str, Any] | None) -> tuple[str, ...]:
    """The reservations in what :func:`read` found: ``noarchive``, ``noindex``, ``tdm-reserved``."""
    if not found:
        return ()
    names = {_KNOWN[word] for word in found.get("robots", ()) if word in _KNOWN}
    if found.get("tdm") == 1:
        names.add(TDM)
    return tuple(sorted(names))


def kept(found: dict[str, Any] | None) -> tuple[str, ...]:
    """The reservations that an article carries once it is stored; none where they are ignored.

    What carries any is not passed on.
    """
    if not found or found.get("ignored"):
        return ()
    names = reserved(found)
    return (*names, HIDDEN) if NOINDEX in names and found.get("strict") else names


def under_policy(found: dict[str, Any] | None, policy: str) -> dict[str, Any] | None:
    """What :func:`read` found, with the source's policy where that is not the default."""
    mark = {"strict": "strict", "ignore": "ignored"}.get(policy)
    return {**found, mark: True} if found and mark else found


def forbids_keeping(found: dict[str, Any] | None) -> bool:
    """Whether a page with what :func:`under_policy` gave is not kept at all."""
    return bool(found and found.get("strict")) and NOARCHIVE in reserved(found)


def for_path(tdmrep: Sequence[dict[str, Any]], path: str) -> dict[str, str]:
    """What a host's tdmrep.json says of ``path``: the first rule whose location fits it."""
    for rule in tdmrep:
        if _fits(str(rule.get("location", "")), path):
            said = {name: str(rule[name]) for name in _TDM_NAMES if name in rule}
            return said if said.get("tdm-reservation") in ("0", "1") else {}
    return {}


def read_tdmrep(body: bytes) -> list[dict[str, Any]]:
    """The rules of a ``/.well-known/tdmrep.json``; none where it is not one."""
    try:
        rules = json.loads(body)
    except (ValueError, RecursionError):
        return []
    if isinstance(rules, dict):
        rules = [rules]
    return [rule for rule in rules if isinstance(rule, dict)] if isinstance(rules, list) else []


def _fits(pattern: str, path: str) -> bool:
    """Whether a location (robots.txt's ``*`` and ``$``, section 6.2 of the protocol) fits."""
    if not pattern.startswith(("/", "*")):
        return False
    ends = pattern.endswith("$")
    parts = [re.escape(part) for part in pattern.removesuffix("$").split("*")]
    return re.match(".*".join(parts) + ("$" if ends else ""), path) is not None


def _directives(value: str, *, header: bool = False) -> list[str]:
    """The directives of one robots value; a header may name whom it addresses first."""
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
            yield (found[b"name"].decode("latin-1").strip().lower(),
                   found[b"content"].decode("latin-1"))  # fmt: skip
