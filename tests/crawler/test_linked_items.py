"""From one article to all it is linked with: each item once, in any order, by two crawls at once."""

from __future__ import annotations

import json
import mimetypes
from typing import TYPE_CHECKING

import pytest

from storage.archive import open_archive
from storage.models import Item
from tests.pages import Reply

if TYPE_CHECKING:
    from pathlib import Path

    from tests.crawler.commands import Commands
    from tests.pages import LocalSite

pytestmark = pytest.mark.crawl


@pytest.fixture
def start(shared: Path, site: LocalSite) -> str:
    """The seed site on loopback; the address of its article."""
    folder = shared / "seed/site"
    for path, name in json.loads((folder / "urlmap.json").read_text(encoding="utf-8")).items():
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        site.set(path, Reply((folder / name).read_bytes(), content_type=kind))
    for picture in (folder / "assets").glob("*.png"):
        site.set(f"/assets/{picture.name}", Reply(picture.read_bytes(), content_type="image/png"))
    return site.base + next(
        path for path in site.pages if "/13313/" in path and path.endswith(".html")
    )


def items(dateline: Commands) -> list[tuple[str, str, str | None]]:
    """(kind, state, title) of every item."""
    with (
        open_archive(str(dateline.folder), dateline.database) as archive,
        archive.reading() as session,
    ):
        return sorted((i.kind, i.state, i.title) for i in session.query(Item))


def whole(found: list[tuple[str, str, str | None]]) -> None:
    """What the archive of the seed site must hold, each item once."""
    assert {state for _, state, _ in found} == {"stored"}
    titles = [title for _, _, title in found]
    assert len(set(titles)) == len(titles)
    assert [kind for kind, _, _ in found].count("article") == 6
    assert [kind for kind, _, _ in found].count("entry") == 16


def test_an_article_brings_its_related_articles_and_entries(dateline: Commands, start: str) -> None:
    assert dateline("add", start, "--name", "agency", "--delay", "0").code == 0
    first = dateline("crawl", "agency", "--json")
    assert first.code == 0, first.err
    whole(items(dateline))
    again = dateline("crawl", "agency", "--json")
    assert again.json[0]["new"] == again.json[0]["revised"] == 0
    whole(items(dateline))


def test_two_crawls_at_once_make_no_item_twice(dateline: Commands, start: str) -> None:
    assert dateline("add", start, "--name", "agency", "--delay", "0").code == 0
    both = [dateline.start("crawl", "agency", "--delay", "0") for _ in range(2)]
    assert {process.wait(120) for process in both} == {0}
    whole(items(dateline))


def test_a_stub_becomes_its_page_whichever_comes_first(
    dateline_sqlite: Commands, start: str, site: LocalSite
) -> None:
    other = next(p for p in site.pages if "/12681/" in p)
    entry = next(p for p in site.pages if p.endswith("/inserm.html"))
    assert (
        dateline_sqlite("add", f"{site.base}{other}", "--name", "agency", "--delay", "0").code == 0
    )
    for url in (f"{site.base}{entry}", f"{site.base}{other}", start):
        done = dateline_sqlite("crawl", "agency", "--url", url, "--depth", "0", "--json")
        assert done.code in (0, 3), done.err
    assert dateline_sqlite("crawl", "agency", "--url", start, "--depth", "2").code in (0, 3)
    whole(items(dateline_sqlite))
