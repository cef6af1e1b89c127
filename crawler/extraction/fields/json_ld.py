"""JSON-LD of a page, broken JSON too, as plain dictionaries."""

from __future__ import annotations

import html
import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

Node = dict[str, Any]

MAX_DOCUMENTS = 500
# JSON deeper than this is no description of a page.
_DEEPEST = 100
_PREFIX = re.compile(r"^(?:https?://(?:www\.)?schema\.org/|schema:)")
_PREFIXED = re.compile(r'"(?:https?://(?:www\.)?schema\.org/|schema:)\w+"\s*:')
_OPENING = re.compile(r"(?:<!--|//\s*<!\[CDATA\[|<!\[CDATA\[)")
_CLOSING = re.compile(r"(?:-->|//\s*\]\]>|\]\]>)$")
_GAP = re.compile(r"[\s,;]+")
_DECODER = json.JSONDecoder(strict=False)
_TRAILING_COMMA = re.compile(r",(\s*[}\]])")


def json_ld(scripts: Iterable[Any]) -> list[Any]:
    """The values of all JSON-LD among a page's script elements, in their order."""
    documents: list[Any] = []
    for script in scripts:
        kind = (script.get("type") or "").lower()
        if "ld+json" not in kind or not script.text:
            continue
        data = _load(script.text)
        if data is not None:
            documents.append(_plain_names(data) if _PREFIXED.search(script.text) else data)
        if len(documents) >= MAX_DOCUMENTS:
            break
    return documents


def _plain_names(data: Any, depth: int = 0) -> Any:
    """``data`` with schema.org's prefix off the names of its properties, and values as such."""
    if depth > _DEEPEST:
        return None
    if isinstance(data, list):
        values = [_plain_names(value, depth + 1) for value in data]
        return values[0] if len(values) == 1 and depth else values
    if isinstance(data, dict):
        if "@value" in data:
            return data["@value"]
        return {_PREFIX.sub("", k): _plain_names(v, depth + 1) for k, v in data.items()}
    return data


def _load(text: str) -> Any:
    text = text.strip()
    if text[:1] not in "{[":
        text = _OPENING.sub("", text, count=1).strip()
    if text[-1:] == ">":
        text = _CLOSING.sub("", text).strip()
    text = text.rstrip(";")
    for repair in (_as_is, _without_commas, html.unescape):
        try:
            return _values(repair(text))
        except (ValueError, RecursionError):
            continue
    return None


def _values(text: str) -> Any:
    """The value of a text of JSON; a list where several stand in a row, undone where it is JSON
    within a string.

    Raises:
        ValueError: the text is no JSON.
        RecursionError: it is nested too deeply.
    """
    found: list[Any] = []
    at = 0
    while at < len(text):
        value, at = _DECODER.raw_decode(text, at)
        if isinstance(value, str):
            value = json.loads(value, strict=False)
        found.append(value)
        gap = _GAP.match(text, at)
        at = gap.end() if gap else at
    return found[0] if len(found) == 1 else found


def _as_is(text: str) -> str:
    return text


def _without_commas(text: str) -> str:
    return _TRAILING_COMMA.sub(r"\1", text)


def types_of(node: Node) -> tuple[str, ...]:
    """The types of a node in lower case, without schema.org's prefix."""
    value = node.get("@type") or node.get("type") or ()
    values = value if isinstance(value, list) else [value]
    return tuple(str(v).rpartition("/")[2].rpartition(":")[2].lower() for v in values if v)


def text_of(value: Any) -> str | None:
    """A string of structured data as plain text: tags and entities undone, spaces folded."""
    if isinstance(value, list):
        value = next((v for v in value if v), None)
    if isinstance(value, dict):
        value = value.get("@value") or value.get("name") or value.get("text")
    if not isinstance(value, str):
        return None
    if "&" in value:
        value = html.unescape(value)
        if "&" in value:
            value = html.unescape(value)
    if "<" in value:
        value = re.sub(r"<[^>]{1,500}>", " ", value)
    return " ".join(value.split()) or None
