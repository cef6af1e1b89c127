"""Pure text rules over what was extracted, so that every field fits and reads as it should."""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from typing import Any

from storage.types.content import Article, Block, Cell, Entry, Link, Media, Mention, Span

# Controls, zero-width joiners' lookalikes and halves of surrogate pairs: PostgreSQL refuses NUL,
# UTF-8 refuses surrogates, and readers see none of the others. ZWJ and ZWNJ shape letters: kept.
_BAD = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u2060\ufeff\u00ad\ud800-\udfff]")


_SPACES = re.compile(r"[ \t\r\n\f\v]+")


_UNCLEAN = re.compile(_BAD.pattern[:-1] + r"\t\r\n\f\v]|  ")


# The widths of the archive's columns (storage.models).
_WIDTHS = {"number": 64, "language": 35, "dateline_place": 200, "kind": 100, "section": 200}


# Names are looked for by an index, which takes some 2,700 bytes.
_MAX_NAME = 500


# The fields of what a page points to that are text, and how much of each is kept.
_TEXTS: dict[type, dict[str, int | None]] = {
    Link: {"anchor": None, "teaser": None, "kind": _WIDTHS["kind"], "number": _WIDTHS["number"]},
    Media: {"caption": None, "credit": None, "alternative_text": None},
    Mention: dict.fromkeys(("anchor", "full_name", "expansion"), _MAX_NAME),
}


_MAX_LINE = 1_000


MAX_TEXT = 2_000_000


def clean_line(text: str) -> str:
    """One line of text: composed, without controls, spaces folded; no-break spaces stay."""
    if not unicodedata.is_normalized("NFC", text):
        text = unicodedata.normalize("NFC", text)
    if _UNCLEAN.search(text):
        text = _SPACES.sub(" ", _BAD.sub("", text))
    return text.strip()


def clean_block(block: Block) -> Block | None:
    """A block with clean text and spans that still fit; ``None`` where nothing is left."""
    raw = block.text
    if block.kind == "preformatted":
        text = _BAD.sub("", unicodedata.normalize("NFC", raw))[:MAX_TEXT]
    else:
        text = clean_line(raw)[:MAX_TEXT]
    if not text and block.kind != "figure":
        return None
    if text == raw:
        return block
    spans = tuple(moved for span in block.spans if (moved := _moved(span, raw, text)) is not None)
    cells = tuple(_moved_cell(cell, raw, text) for cell in block.cells)
    return dataclasses.replace(block, text=text, spans=spans, cells=cells)


def _moved_cell(cell: Cell, raw: str, text: str) -> Cell:
    """A cell where it stands in the clean text; an empty one is kept, for its column."""
    start = min(max(0, len(clean_line(raw[: cell.start] + "|")) - 1), len(text))
    end = len(clean_line(raw[: cell.end] + "|")) - 1
    return dataclasses.replace(cell, start=start, end=max(start, min(end, len(text))))


def _moved(span: Span, raw: str, text: str) -> Span | None:
    start = len(clean_line(raw[: span.start] + "|")) - 1
    end = len(clean_line(raw[: span.end] + "|")) - 1
    end = min(end, len(text))
    return dataclasses.replace(span, start=start, end=end) if 0 <= start < end else None


def clean_article(article: Article) -> Article:
    """An article whose fields are clean and fit the archive."""
    changes: dict[str, Any] = {
        "headline": clean_line(article.headline)[:_MAX_LINE],
        "blocks": tuple(b for block in article.blocks if (b := clean_block(block)) is not None),
        "byline": _lines(article.byline),
        "tags": _lines(article.tags),
        "notices": _lines(article.notices),
    }
    for name in ("standfirst", *_WIDTHS):
        value = getattr(article, name)
        if isinstance(value, str):
            changes[name] = clean_line(value)[: _WIDTHS.get(name, MAX_TEXT)] or None
    changes["links"] = tuple(_clean_fields(link) for link in article.links)
    changes["media"] = tuple(_clean_fields(media) for media in article.media)
    mentions = (_clean_fields(mention) for mention in article.mentions)
    changes["mentions"] = tuple(mention for mention in mentions if mention.anchor)
    return dataclasses.replace(article, **changes)


def clean_entry(entry: Entry) -> Entry:
    """A directory entry whose fields are clean and fit the archive."""
    return dataclasses.replace(
        entry,
        name=clean_line(entry.name)[:_MAX_NAME],
        number=clean_line(entry.number)[: _WIDTHS["number"]] if entry.number else None,
        expansion=clean_line(entry.expansion)[:_MAX_NAME] if entry.expansion else None,
        aliases=_lines(entry.aliases, _MAX_NAME),
        blocks=tuple(b for block in entry.blocks if (b := clean_block(block)) is not None),
        links=tuple(_clean_fields(link) for link in entry.links),
        media=tuple(_clean_fields(media) for media in entry.media),
    )


def _lines(values: tuple[str, ...], width: int = _MAX_LINE) -> tuple[str, ...]:
    cleaned = (clean_line(value)[:width] for value in values)
    return tuple(dict.fromkeys(value for value in cleaned if value))


def _clean_fields(value: Any) -> Any:
    changes = {
        name: clean
        for name, width in _TEXTS[type(value)].items()
        if isinstance(text := getattr(value, name), str)
        and (clean := clean_line(text)[:width] or None) != text
    }
    return dataclasses.replace(value, **changes) if changes else value


def clean_content(content: Article | Entry) -> Article | Entry:
    """An article or entry whose fields are clean and fit the archive."""
    return clean_article(content) if isinstance(content, Article) else clean_entry(content)
