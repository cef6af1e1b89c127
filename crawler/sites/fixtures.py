"""Site fixtures: saved pages with the expected extraction.

``tests/sites/<site>/<page>.html.gz`` is a page as its server sent it, ``<page>.json`` its URL
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
    """One saved page, its URL, and the record expected of it."""

    name: str
    url: str
    body: bytes
    expected: dict[str, Any]
    path: Path

    def current(self) -> dict[str, Any]:
        """Return what the site file extracts from the page now."""
        return record(extract_for_site(self.body, self.url, "", Known()))

    def differences(self) -> list[tuple[str, Any, Any]]:
        """Return (field, expected, found) per field that differs."""
        current = self.current()
        return [
            (name, self.expected.get(name), current.get(name))
            for name in dict.fromkeys((*self.expected, *current))
            if self.expected.get(name) != current.get(name)
        ]

    def accept(self) -> None:
        """Replace the expected record by the current one."""
        write(self.path, self.url, self.current())


def record(extraction: Extraction) -> dict[str, Any]:
    """Return an extraction as stored in a fixture: without provenance and empty fields."""
    content = extraction.content
    fields: dict[str, Any] = {"page": extraction.kind}
    if content is not None:
        fields |= to_json(content)
        fields.pop("provenance", None)
    return fields


def write(path: Path, url: str, expected: dict[str, Any]) -> None:
    """Write a fixture's record."""
    text = json.dumps({"url": url, "expected": expected}, ensure_ascii=False, indent=1)
    path.write_text(f"{text}\n", encoding="utf-8")


def fixtures(folder: Path, site: str | None = None) -> Iterator[Fixture]:
    """Yield the fixtures below ``folder``, of one site or of all."""
    for path in sorted(folder.glob(f"{site or '*'}/*.json")):
        saved = json.loads(path.read_text(encoding="utf-8"))
        body = gzip.decompress(path.with_suffix(".html.gz").read_bytes())
        name = f"{path.parent.name}/{path.stem}"
        yield Fixture(name, saved["url"], body, saved["expected"], path)
