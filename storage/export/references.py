"""RIS and BibTeX: articles as references for Zotero, EndNote and LaTeX."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from storage.export.articles import UNDATED

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import BinaryIO

    from storage.export.articles import ExportedArticle

_SPECIAL = {"\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "%": r"\%", "#": r"\#",
            "&": r"\&", "_": r"\_", "$": r"\$", "~": r"\textasciitilde{}",
            "^": r"\textasciicircum{}"}  # fmt: skip
_LONE = {"{": r"\textbraceleft{}", "}": r"\textbraceright{}"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def write_ris(articles: Iterable[ExportedArticle], out: BinaryIO) -> int:
    """Write RIS, one record per article, type NEWS (https://en.wikipedia.org/wiki/RIS_(file_format))."""
    count = 0
    for a in articles:
        lines = [("TY", "NEWS"), ("ID", f"dateline-{a.id}"), ("TI", a.headline)]
        lines += [("AU", name) for name in a.byline]
        lines += [("T2", a.source_title)]
        if a.day is not None:
            lines += [("PY", a.day[:4]), ("DA", a.day.replace("-", "/"))]
        lines += [
            ("AB", a.standfirst or ""),
            ("SE", a.section or ""),
            ("CY", a.dateline_place or ""),
        ]
        lines += [("KW", tag) for tag in a.tags]
        lines += [("LA", a.language or ""), ("M1", a.number or ""), ("UR", a.url)]
        lines += [("Y2", a.archived_day.replace("-", "/"))]
        text = "".join(f"{tag}  - {_line(value)}\r\n" for tag, value in lines if value)
        out.write(f"{text}ER  - \r\n\r\n".encode("utf-8", "replace"))
        count += 1
    return count


def write_bibtex(articles: Iterable[ExportedArticle], out: BinaryIO) -> int:
    """Write BibTeX, one ``@article`` each, with TeX's special characters escaped."""
    count = 0
    for a in articles:
        fields = [
            ("title", f"{{{_tex(a.headline)}}}"),
            # Braces keep a name whole, since the family name is unknown.
            ("author", " and ".join(f"{{{_tex(name)}}}" for name in a.byline)),
            ("journal", _tex(a.source_title)),
            ("year", a.day[:4] if a.day else UNDATED),
            ("date", a.day or ""),
            ("url", re.sub(r"[{}\\\s]", lambda m: f"%{ord(m[0]):02X}", a.url)),
            ("urldate", a.archived_day),
            ("abstract", _tex(a.standfirst or "")),
            ("keywords", _tex(", ".join(a.tags))),
            ("number", _tex(a.number or "")),
            ("language", _tex(a.language or "")),
        ]
        lines = "".join(f"  {name} = {{{value}}},\n" for name, value in fields if value)
        if a.day is not None:
            lines += f"  month = {_MONTHS[int(a.day[5:7]) - 1]},\n"
        out.write(f"@article{{dateline-{a.id},\n{lines}}}\n\n".encode("utf-8", "replace"))
        count += 1
    return count


def _line(value: str) -> str:
    """Return a value on one line, without control characters."""
    return " ".join(_CONTROL.sub(" ", value).split())


def _tex(value: str) -> str:
    """A value as TeX prints it. BibTeX counts braces, escaped or not: those without a partner are
    commands."""
    value = _line(value)
    lone = _lone_braces(value)
    return "".join(
        _LONE[sign] if at in lone else _SPECIAL.get(sign, sign) for at, sign in enumerate(value)
    )


def _lone_braces(value: str) -> set[int]:
    """Return the positions of unbalanced braces."""
    opened: list[int] = []
    closed = set()
    for at, sign in enumerate(value):
        if sign == "{":
            opened.append(at)
        elif sign == "}" and opened:
            opened.pop()
        elif sign == "}":
            closed.add(at)
    return closed | set(opened)
