"""Declarative shadow roots: the tree as a browser shows it.

``<template shadowrootmode="open">`` (before: ``shadowroot``) holds what its parent shows; the
parent's own children stand where a ``<slot>`` names them, and nowhere if none does.
(https://html.spec.whatwg.org/#attr-template-shadowrootmode; slots: https://dom.spec.whatwg.org/)
"""

from __future__ import annotations

from typing import Any

from lxml import etree

_MODES = ("shadowrootmode", "shadowroot")
# More of them than any page has are a trap.
_MOST = 2_000
_FILLED = "filled-slot"


def flatten(root: Any) -> None:
    """Put the content of each shadow root in the place of its host's, with its slots filled."""
    templates = [t for t in root.iter("template") if any(t.get(name) for name in _MODES)]
    # Inner hosts first: an outer slot may take in what an inner one shows.
    for template in reversed(templates[:_MOST]):
        host = template.getparent()
        if host is not None and host.tag not in ("head", "html"):
            _show(host, template)
    etree.strip_tags(root, _FILLED)


def _show(host: Any, template: Any) -> None:
    """Replace the content of ``host`` by that of its ``template``."""
    named: dict[str, list[Any]] = {}
    unnamed: list[Any] = [host.text]
    for child in list(host):
        name = child.get("slot") if isinstance(child.tag, str) else None
        if child is template or name:
            unnamed.append(child.tail)
            child.tail = None
        if name and child is not template:
            named.setdefault(name, []).append(child)
        elif child is not template:
            unnamed.append(child)
        host.remove(child)
    slots = list(template.iter("slot"))
    host.text = template.text
    host.extend(list(template))
    for slot in slots:
        name = slot.get("name")
        _fill(slot, named.pop(name, []) if name else unnamed)
        if not name:
            unnamed = []


def _fill(slot: Any, given: list[Any]) -> None:
    """Put ``given`` (elements and texts) in a slot, which shows its own content without any."""
    slot.tag = _FILLED
    if not any(not isinstance(part, str) or part.strip() for part in given if part is not None):
        return
    for child in list(slot):
        slot.remove(child)
    slot.text = None
    for part in given:
        if part is None:
            continue
        if not isinstance(part, str):
            slot.append(part)
        elif len(slot):
            slot[-1].tail = (slot[-1].tail or "") + part
        else:
            slot.text = (slot.text or "") + part
