"""IRaMuTeQ, TXM, TEI and ninjs: articles as text corpora and for newsrooms."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
import zipfile
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

from storage.export.articles import UNDATED
from storage.types.content import StatedTimestamp

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import BinaryIO

    from storage.export.articles import ExportedArticle

# What XML 1.0 cannot hold, escaped or not.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_iramuteq(articles: Iterable[ExportedArticle], out: BinaryIO) -> int:
    """Write an IRaMuTeQ corpus: a starred line of variables, then the text (its manual, 2)."""
    count = 0
    for a in articles:
        # Without a date the text has none of these variables.
        day = a.day or ""
        variables = {
            "source": a.source,
            "date": day,
            "year": day[:4],
            "month": day[:7],
            "archived": None if day else a.archived_day,
            "language": a.language,
            "section": a.section,
            "kind": a.kind,
        }
        stars = " ".join(
            f"*{name}_{_variable(value)}" for name, value in variables.items() if _variable(value)
        )
        # A line that begins with stars would begin another text.
        text = "\n".join(line.lstrip("* ") for line in (a.headline, *a.text.split("\n")) if line)
        out.write(f"**** *id_{a.id} {stars}\n{text}\n\n".encode("utf-8", "replace"))
        count += 1
    return count


def _variable(value: str | None) -> str:
    """Reduce a value to letters, digits and dashes, which IRaMuTeQ accepts."""
    plain = unicodedata.normalize("NFKD", value or "")
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return re.sub(r"[^A-Za-z0-9-]+", "-", plain).strip("-")


def write_txm(articles: Iterable[ExportedArticle], out: BinaryIO) -> int:
    """Write TXM's "XML/w + CSV" import: a ZIP with one XML file per text and a metadata table."""
    table = io.StringIO()
    writer = csv.writer(table)
    names = (
        "id",
        "source",
        "title",
        "author",
        "date",
        "year",
        "archived",
        "section",
        "language",
        "url",
    )
    writer.writerow(names)
    count = 0
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for a in articles:
            name = f"dateline-{a.id}"
            row = (
                name,
                a.source,
                a.headline,
                "; ".join(a.byline),
                a.day or UNDATED,
                a.day[:4] if a.day else UNDATED,
                a.archived_day,
                a.section or "",
                a.language or "",
                a.url,
            )
            writer.writerow([_xml_text(value) for value in row])
            attributes = " ".join(
                f"{key}={_attribute(value)}" for key, value in zip(names, row, strict=True)
            )
            body = "".join(
                f"<{tag}>{_xml(block['text'])}</{tag}>\n"
                for block in a.blocks
                for tag in ("head" if block["kind"] == "heading" else "p",)
                if block["kind"] != "figure"
            )
            text = (
                f'<?xml version="1.0" encoding="UTF-8"?>\n<text {attributes}>\n'
                f"<head>{_xml(a.headline)}</head>\n{body}</text>\n"
            )
            archive.writestr(f"{name}.xml", text.encode("utf-8", "replace"))
            count += 1
        archive.writestr("metadata.csv", table.getvalue().encode("utf-8", "replace"))
    return count


def write_tei(articles: Iterable[ExportedArticle], out: BinaryIO) -> int:
    """Write TEI P5: a ``teiCorpus`` with one ``TEI`` per article (https://tei-c.org/guidelines/p5/)."""
    out.write(
        b'<?xml version="1.0" encoding="UTF-8"?>\n'
        b'<teiCorpus xmlns="http://www.tei-c.org/ns/1.0">\n<teiHeader><fileDesc>\n'
        b"<titleStmt><title>Articles of a Dateline archive</title></titleStmt>\n"
        b"<publicationStmt><p>Exported by Dateline.</p></publicationStmt>\n"
        b"<sourceDesc><p>Press articles as their publishers put them on the web.</p></sourceDesc>\n"
        b"</fileDesc></teiHeader>\n"
    )
    count = 0
    for a in articles:
        out.write(_tei(a).encode("utf-8", "replace"))
        count += 1
    if not count:
        # A corpus of nothing is not valid.
        out.write(
            b"<TEI><teiHeader><fileDesc><titleStmt><title>None</title></titleStmt>"
            b"<publicationStmt><p>None</p></publicationStmt><sourceDesc><p>None</p>"
            b"</sourceDesc></fileDesc></teiHeader><text><body><p/></body></text></TEI>\n"
        )
    out.write(b"</teiCorpus>\n")
    return count


def _tei(a: ExportedArticle) -> str:
    authors = "".join(f"<author>{_xml(name)}</author>" for name in a.byline)
    language = ""
    if a.language:
        language = (
            f"<langUsage><language ident={_attribute(a.language)}>{_xml(a.language)}"
            "</language></langUsage>"
        )
    words = "".join(f"<term>{_xml(word)}</term>" for word in (*a.tags, a.section) if word)
    classes = f"<textClass><keywords>{words}</keywords></textClass>" if words else ""
    profile = f"<profileDesc>{language}{classes}</profileDesc>" if language or classes else ""
    number = f'<idno type="number">{_xml(a.number)}</idno>' if a.number else ""
    place = f"<pubPlace>{_xml(a.dateline_place)}</pubPlace>" if a.dateline_place else ""
    standfirst = f'<p rend="standfirst">{_xml(a.standfirst)}</p>\n' if a.standfirst else ""
    return (
        f'<TEI xml:id="dateline-{a.id}"><teiHeader><fileDesc>'
        f"<titleStmt><title>{_xml(a.headline)}</title>{authors}</titleStmt>"
        f"<publicationStmt><publisher>{_xml(a.source_title)}</publisher>{place}"
        f"{_tei_date(a.day)}{number}</publicationStmt>"
        f"<sourceDesc><bibl><title>{_xml(a.headline)}</title><ref target={_attribute(_uri(a.url))}>"
        f'{_xml(a.url)}</ref><date type="accessed" when={_attribute(a.archived_day)}/></bibl>'
        f"</sourceDesc></fileDesc>{profile}</teiHeader>"
        f"<text><body><head>{_xml(a.headline)}</head>\n{standfirst}{_tei_blocks(a.blocks)}"
        "</body></text></TEI>\n"
    )


def _tei_date(day: str | None) -> str:
    return (
        f"<date>{UNDATED}</date>" if day is None else f"<date when={_attribute(day)}>{day}</date>"
    )


_TEI_WRAPPERS = {"list_item": "list", "term": "list", "definition": "list", "table": "table"}


def _tei_item(kind: str, block: dict[str, Any]) -> str:
    """Write one item of a list, or one row of a table."""
    text = block["text"]
    if kind != "table":
        return f"<item>{_xml(text)}</item>"
    cells = []
    for cell in block["cells"]:
        said = ' role="label"' if cell.get("header") else ""
        for name, key in (("cols", "columns"), ("rows", "rows")):
            said += f' {name}="{cell[key]}"' if cell.get(key, 1) > 1 else ""
        cells.append(f"<cell{said}>{_xml(text[cell['start'] : cell['end']])}</cell>")
    return f"<row>{''.join(cells)}</row>"


def _tei_blocks(blocks: list[dict[str, Any]]) -> str:
    parts: list[str] = []
    items: list[str] = []
    around = ""
    for block in [*blocks, {"kind": "end", "text": ""}]:
        kind, text = block["kind"], _xml(block["text"])
        wrapper = _TEI_WRAPPERS.get(kind, "") if kind != "table" or block.get("cells") else ""
        if items and (
            wrapper != around or block.get("at") or (wrapper == "table" and block.get("level"))
        ):
            parts.append(f"<{around}>{''.join(items)}</{around}>")
            items = []
        around = wrapper
        if block.get("at"):
            parts.append(f'<p rend="entry">{_xml(block["at"])}</p>')
        if wrapper:
            items.append(_tei_item(kind, block))
            continue
        if kind == "heading":
            parts.append(f'<p rend="heading">{text}</p>')
        elif kind == "quote":
            source = block.get("source")
            said = f" source={_attribute(_uri(source))}" if source else ""
            parts.append(f"<quote{said}>{text}</quote>")
        elif kind == "figure":
            parts.append(f"<figure><figDesc>{text}</figDesc></figure>" if text else "")
        elif kind != "end":
            parts.append(f"<p>{text}</p>")
    written = "\n".join(part for part in parts if part)
    return written or "<p/>"


def write_ninjs(articles: Iterable[ExportedArticle], out: BinaryIO) -> int:
    """Write ninjs 2.1, a JSON array of text items (https://iptc.org/std/ninjs/)."""
    count = 0
    out.write(b"[")
    for a in articles:
        item: dict[str, Any] = {
            "uri": a.url,
            "standard": {"name": "ninjs", "version": "2.1"},
            "type": "text",
            "version": str(a.revision),
            # When this version came into the archive, where its publisher says nothing.
            "versioncreated": (
                a.modified or a.published or StatedTimestamp(a.first_fetched_at)
            ).at.isoformat(),
            "headlines": [{"value": a.headline}],
            "bodies": [{"contenttype": "text/plain", "charcount": len(a.text), "value": a.text}],
            "infosources": [{"name": a.source_title}],
        }
        if a.published is not None:
            item["firstcreated"] = a.published.at.isoformat()
        if a.standfirst:
            item["descriptions"] = [{"role": "standfirst", "value": a.standfirst}]
        if a.byline:
            item["by"] = ", ".join(a.byline)
            item["people"] = [{"name": name, "rel": "author"} for name in a.byline]
        if a.language:
            item["language"] = a.language
        if a.dateline_place:
            item["located"] = a.dateline_place
        if a.tags or a.section:
            item["subjects"] = [{"name": word} for word in (a.section, *a.tags) if word]
        if a.number:
            item["altids"] = [{"role": "number", "value": a.number}]
        begin = ",\n" if count else "\n"
        out.write((begin + json.dumps(item, ensure_ascii=False)).encode("utf-8", "replace"))
        count += 1
    out.write(b"\n]\n")
    return count


def _xml_text(value: str) -> str:
    return _NOT_XML.sub("", value)


def _xml(value: str) -> str:
    return escape(_xml_text(value))


def _attribute(value: str) -> str:
    return quoteattr(_xml_text(value))


def _uri(url: str) -> str:
    """Return a URL without the characters that xsd:anyURI forbids."""
    return re.sub(r"[\s<>\"{}|\\^`]", lambda m: f"%{ord(m[0]):02X}", url)
