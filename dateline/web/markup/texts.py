"""Texts as HTML: marked words, the blocks of an article, differences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from markupsafe import Markup, escape

from storage.text.normalize import normalized_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# A standfirst is one of the first blocks of a text, if it is part of it.
_NEAR_TOP = 3


def marked(text: str, marks: Iterable[tuple[int, int]]) -> Markup:
    """``text`` with the ranges of ``marks`` marked."""
    out: list[Markup | str] = []
    last = 0
    for start, end in sorted(marks):
        if start < last or end > len(text):
            continue
        out += [escape(text[last:start]), Markup("<mark>"), escape(text[start:end]),
                Markup("</mark>")]  # fmt: skip
        last = end
    return Markup("").join([*out, escape(text[last:])])


def safe_url(url: str | None) -> str:
    """``url`` where it leads to the web; empty otherwise, so that no script hides in a link."""
    try:
        return url if url and urlsplit(url).scheme.lower() in ("http", "https") else ""
    except ValueError:
        return ""


def named(text: str, mentions: Sequence[dict[str, Any]]) -> Markup:
    """A block's text with its mentions as links to their entries."""
    out: list[Markup | str] = []
    last = 0
    for one in sorted(mentions, key=lambda m: (m["start"], -m["end"])):
        start, end = one["start"], one["end"]
        if start < last or end > len(text) or end <= start:
            continue
        out.append(escape(text[last:start]))
        words = escape(text[start:end])
        title = one["full_name"] or ""
        if one["expansion"]:
            title = f"{title}: {one['expansion']}" if title else one["expansion"]
        hint = Markup(' title="{}"').format(title) if title else Markup("")
        if one["item"]:
            out.append(
                Markup('<a class="mention" href="/item/{}"{}>{}</a>').format(
                    one["item"], hint, words
                )
            )
        else:
            out.append(Markup('<span class="mention"{}>{}</span>').format(hint, words))
        last = end
    return Markup("").join([*out, escape(text[last:])])


def grouped(blocks: Sequence[dict[str, Any]], mentions: Sequence[dict[str, Any]]) -> list[Any]:
    """The blocks of a text ready to be set: each with its marked text, what belongs together so.

    A list is ``{"kind": "list", "items": [...], "html"}``, nested by depth; definitions are
    ``{"kind": "definitions", "items": [...]}``, a table is ``{"kind": "grid", "items": [rows]}``,
    each row with its ``cells``. ``at`` and ``anchor`` of an entry are with whatever begins it.
    """
    found: list[Any] = []
    for i, block in enumerate(blocks):
        own = [one for one in mentions if one["block"] == i]
        ready = {**block, "html": named(block["text"], own)}
        kind = _TOGETHER.get(block["kind"])
        if kind == "grid":
            if not block.get("cells"):
                kind = None
            else:
                ready["cells"] = [_cell(block["text"], cell, own) for cell in block["cells"]]
        begins = block.get("at") or (kind == "grid" and block.get("level"))
        if kind is None:
            found.append(ready)
        elif found and found[-1]["kind"] == kind and not begins:
            found[-1]["items"].append(ready)
        else:
            found.append(
                {
                    "kind": kind,
                    "items": [ready],
                    "at": block.get("at"),
                    "anchor": block.get("anchor"),
                }
            )
    for group in found:
        if group["kind"] == "list":
            group["html"] = _nested(group["items"])
    return found


def without_standfirst(blocks: Sequence[Any], standfirst: str | None) -> list[Any]:
    """Grouped blocks without the one that repeats the standfirst, which stands above them."""
    wanted = normalized_words(standfirst or "")
    return [
        block
        for at, block in enumerate(blocks)
        if not wanted or at >= _NEAR_TOP or normalized_words(block.get("text") or "") != wanted
    ]


_TOGETHER = {
    "list_item": "list",
    "term": "definitions",
    "definition": "definitions",
    "table": "grid",
}


def _cell(text: str, cell: dict[str, Any], mentions: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A cell with its marked text, and its spans where they are more than one."""
    start, end = cell["start"], cell["end"]
    own = [{**one, "start": one["start"] - start, "end": one["end"] - start}
           for one in mentions if start <= one["start"] and one["end"] <= end]  # fmt: skip
    said = Markup("").join(
        Markup(' {}="{}"').format(name, cell[key])
        for name, key in (("colspan", "columns"), ("rowspan", "rows"))
        if cell.get(key, 1) > 1
    )
    return {"html": named(text[start:end], own), "header": cell.get("header", False), "spans": said}


_ORDERED, _UNORDERED = Markup("ol"), Markup("ul")


def _nested(items: Sequence[dict[str, Any]]) -> Markup:
    """The items of a list as HTML, nested by their depth."""
    out: list[Markup] = []
    opened: list[tuple[int, Markup]] = []
    for item in items:
        depth, tag = item.get("level") or 1, _ORDERED if item.get("ordered") else _UNORDERED
        while opened and (
            opened[-1][0] > depth or (opened[-1][0] == depth and opened[-1][1] != tag)
        ):
            out.append(Markup("</li></{}>").format(opened.pop()[1]))
        if opened and opened[-1][0] == depth:
            out.append(Markup("</li><li>"))
        else:
            opened.append((depth, tag))
            out.append(Markup("<{}><li>").format(tag))
        out.append(item["html"])
    out += [Markup("</li></{}>").format(tag) for _, tag in reversed(opened)]
    return Markup("").join(out)


def pieces(parts: Iterable[Sequence[str]], side: str | None = None) -> Markup:
    """The pieces of a difference; ``side``: only the old (``-``) or the new (``+``) text."""
    out: list[Markup | str] = []
    for sign, words in parts:
        if sign == "=":
            out.append(escape(words))
        elif side is None or side == sign:
            changed = Markup("<del>{}</del>") if sign == "-" else Markup("<ins>{}</ins>")
            out.append(changed.format(words))
    return Markup("").join(out)


def coins(record: dict[str, Any]) -> str:
    """A ContextObject in Span (https://ocoins.info), by which Zotero and others take a page."""
    from urllib.parse import urlencode

    fields = [
        ("ctx_ver", "Z39.88-2004"), ("rft_val_fmt", "info:ofi/fmt:kev:mtx:journal"),
        ("rft.genre", "article"), ("rft.atitle", record.get("headline") or record["title"] or ""),
        ("rft.jtitle", record["source"]), ("rft_id", record["url"]),
        ("rft.date", (record.get("published") or "")[:10]),
    ]  # fmt: skip
    fields += [("rft.au", name) for name in record.get("byline") or ()]
    return urlencode([one for one in fields if one[1]])
