"""Readable differences between two contents: per field, and word by word in the text. Pure."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

from storage.text.letters import piece_pattern

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.text.json_delta import Content

# (sign, words): "=" in both, "-" only in the old one, "+" only in the new one.
Piece = tuple[str, str]

_FIELDS = (
    "headline", "name", "standfirst", "byline", "published", "modified", "access", "kind",
    "section", "tags", "dateline_place", "number", "language", "notices", "expansion", "aliases",
)  # fmt: skip
# Two paragraphs that share less of their words are one taken out and another put in.
_SAME_PARAGRAPH = 0.3
_MOST_STEPS = 4_000_000


def diff_contents(old: Content, new: Content) -> dict[str, Any]:
    """Return ``{"fields": {name: pieces}, "text": [...]}``, JSON-ready.

    ``text`` lists, in order, changed paragraphs as ``{"pieces": pieces}`` and runs of unchanged
    ones as ``{"same": count}``.
    """
    fields = {}
    for name in _FIELDS:
        before, after = _words(old.get(name)), _words(new.get(name))
        if before != after:
            fields[name] = diff_words(before, after)
    return {"fields": fields, "text": _text_difference(_paragraphs(old), _paragraphs(new))}


def diff_words(old: str, new: str) -> list[Piece]:
    """Return the pieces of two texts: common, removed and added words."""
    before, after = (piece_pattern(text).findall(text) for text in (old, new))
    if len(before) * len(after) > _MOST_STEPS:
        return [piece for piece in (("-", old), ("+", new)) if piece[1]]
    pieces: list[Piece] = []
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            _add(pieces, "=", "".join(before[a:b]))
        else:
            _add(pieces, "-", "".join(before[a:b]))
            _add(pieces, "+", "".join(after[c:d]))
    return _joined(pieces)


def _add(pieces: list[Piece], sign: str, words: str) -> None:
    if words:
        pieces.append((sign, words))


def _joined(pieces: list[Piece]) -> list[Piece]:
    """Join changes that only white space separates: easier to read."""
    joined: list[Piece] = []
    i = 0
    while i < len(pieces):
        removed = added = ""
        while i < len(pieces):
            sign, words = pieces[i]
            blank = sign == "=" and not words.strip() and (removed or added) and i + 1 < len(pieces)
            if sign == "=" and not blank:
                break
            removed += words if sign in "-=" else ""
            added += words if sign in "+=" else ""
            i += 1
        _add(joined, "-", removed)
        _add(joined, "+", added)
        if i < len(pieces):
            joined.append(pieces[i])
            i += 1
    return joined


def _words(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def _paragraphs(content: Content) -> list[str]:
    return [block["text"] for block in content.get("blocks", []) if block["kind"] != "figure"]


def _text_difference(old: Sequence[str], new: Sequence[str]) -> list[dict[str, Any]]:
    if old == new:
        return []
    out: list[dict[str, Any]] = []
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            out.append({"same": b - a})
        else:
            out += _changed(old[a:b], new[c:d])
    return out


def _changed(old: Sequence[str], new: Sequence[str]) -> list[dict[str, Any]]:
    """Return changed paragraphs, paired in order where they are similar."""
    out: list[dict[str, Any]] = []
    at = 0
    for text in old:
        match = next(
            (i for i in range(at, len(new)) if _alike(text, new[i]) >= _SAME_PARAGRAPH), None
        )
        if match is None:
            out.append({"pieces": [("-", text)]})
            continue
        out += [{"pieces": [("+", added)]} for added in new[at:match]]
        out.append({"pieces": diff_words(text, new[match])})
        at = match + 1
    return out + [{"pieces": [("+", added)]} for added in new[at:]]


def _alike(one: str, other: str) -> float:
    first, second = set(one.split()), set(other.split())
    return len(first & second) / (len(first | second) or 1)
