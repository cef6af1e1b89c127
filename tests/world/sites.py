"""The sites of the world test as folders: the demonstration's two, and pages of other publishers."""

from __future__ import annotations

import gzip
import html
import json
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from dateline.demo.site import Answer, agency, newspaper

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Beside the checkout, where they were unpacked (docs/design.md); each is used if it is there.
_SHARED = Path(__file__).resolve().parents[3] / "shared"
_SETS = ("bench", "wcxb")


def sites(pages: int) -> dict[str, Callable[[str], dict[str, Answer]]]:
    """What makes the answers of each site from its address; at most ``pages`` of each set."""
    found: dict[str, Callable[[str], dict[str, Answer]]] = {"agency": agency, "paper": newspaper}
    for name in _SETS:
        folder = _SHARED / name
        if pages and (folder / "truth.jsonl").is_file():
            found[name] = lambda base, of=folder: _real(of, base, pages)
    return found


def _real(folder: Path, base: str, most: int) -> dict[str, Answer]:
    """Pages as their publishers wrote them, announced by a feed."""
    answers: dict[str, Answer] = {}
    items = ""
    for number, (name, headline) in enumerate(_listed(folder, most)):
        path = f"/news/{number}/{name}.html"
        answers[path] = Answer(gzip.decompress((folder / "pages" / f"{name}.html.gz").read_bytes()))
        items += f"<item><title>{escape(headline)}</title><link>{base}{path}</link></item>"
    channel = f"<channel><title>{folder.name}</title><link>{base}/</link>{items}</channel>"
    answers["/feed.rss"] = Answer(f'<rss version="2.0">{channel}</rss>'.encode())
    answers["/"] = Answer(
        f"<html><head><title>{html.escape(folder.name)}</title><link rel=alternate"
        ' type="application/rss+xml" href="/feed.rss"></head><body></body></html>'.encode()
    )
    return answers


def _listed(folder: Path, most: int) -> Iterator[tuple[str, str]]:
    with (folder / "truth.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            said = json.loads(line)
            if most and (folder / "pages" / f"{said['id']}.html.gz").is_file():
                most -= 1
                yield said["id"], " ".join((said.get("headline") or said["id"]).split())


def write(answers: dict[str, Answer], folder: Path) -> None:
    """The answers of a site as files that a server finds by their paths."""
    for path, answer in answers.items():
        file = folder / (path.lstrip("/") or "index.html")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(answer.body)
