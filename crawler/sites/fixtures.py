"""Fixtures of sites: saved pages beside what a site's file is to make of them.

``tests/sites/<site>/<page>.html.gz`` is a page as its server sent it, ``<page>.json`` its address
and the expected record. Written by ``dateline site new``, compared by ``dateline site test`` and
by pytest.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crawler.extraction.article import Extraction, Known
from crawler.sites.registry import extract_for_site
from storage.types.content import to_json

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Fixture:
    """One saved page, its address, and the record expected of it."""

    name: str
    url: str
    body: bytes
    expected: dict[str, Any]
    path: Path

    def found(self) -> dict[str, Any]:
        """What the site's file makes of the page now."""
        return record(extract_for_site(self.body, self.url, "", Known()))

    def differences(self) -> list[tuple[str, Any, Any]]:
        """(field, expected, found) of each field that differs."""
        found = self.found()
        return [
            (name, self.expected.get(name), found.get(name))
            for name in dict.fromkeys((*self.expected, *found))
            if self.expected.get(name) != found.get(name)
        ]

    def accept(self) -> None:
        """Take what is found now for what is expected."""
        write(self.path, self.url, self.found())


def record(found: Extraction) -> dict[str, Any]:
    """An extraction as it is kept in a fixture: no provenance, absent fields left out."""
    content = found.content
    made: dict[str, Any] = {"page": found.kind}
    if content is not None:
        made |= to_json(content)
        made.pop("provenance", None)
    return made


def write(path: Path, url: str, expected: dict[str, Any]) -> None:
    """Write a fixture's record."""
    text = json.dumps({"url": url, "expected": expected}, ensure_ascii=False, indent=1)
    path.write_text(f"{text}\n", encoding="utf-8")


def fixtures(folder: Path, site: str | None = None) -> Iterator[Fixture]:
    """The fixtures below ``folder``, of one site or of all."""
    for path in sorted(folder.glob(f"{site or '*'}/*.json")):
        kept = json.loads(path.read_text(encoding="utf-8"))
        body = gzip.decompress(path.with_suffix(".html.gz").read_bytes())
        name = f"{path.parent.name}/{path.stem}"
        yield Fixture(name, kept["url"], body, kept["expected"], path)
