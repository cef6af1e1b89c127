"""What publishers reserve, in a crawl: kept and not passed on, or as strict as before, or ignored."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.pages import Reply, article_page, sentences

if TYPE_CHECKING:
    from tests.crawler.commands import Commands
    from tests.pages import LocalSite

pytestmark = pytest.mark.crawl


def paper(site: LocalSite) -> None:
    """Five articles, of which four are reserved in some way."""
    pages = {
        "free": Reply(article_page("Free zeppelin", sentences(1)).encode()),
        "kept-off": Reply(article_page("Kept off", sentences(2)).replace(
            "<title>", '<meta name="robots" content="noarchive"/><title>').encode()),
        "unlisted": Reply(article_page("Unlisted zeppelin", ["Of an unlisted zeppelin.", *sentences(3)])
                          .encode(), headers={"X-Robots-Tag": "noindex"}),
        "mined": Reply(article_page("No mining", sentences(4)).encode(),
                       headers={"tdm-reservation": "1", "tdm-policy": "https://h.example/p"}),
        "by-host": Reply(article_page("By its host", sentences(5)).encode()),
    }  # fmt: skip
    items = ""
    for n, (name, reply) in enumerate(pages.items()):
        path = f"/news/{n}/a-story-that-is-{name}"
        site.set(path, reply)
        items += f"<item><title>{name}</title><link>{site.base}{path}</link></item>"
    site.set("/.well-known/tdmrep.json", json.dumps(
        [{"location": "/news/4/*", "tdm-reservation": 1}]), "application/json")  # fmt: skip
    site.set("/feed.xml", f"<rss version='2.0'><channel><title>H</title>{items}</channel></rss>",
             "application/rss+xml")  # fmt: skip
    site.set("/", '<html lang="en"><head><title>H</title><link rel="alternate" '
             'type="application/rss+xml" href="/feed.xml"/></head><body></body></html>')  # fmt: skip


def test_reserved_pages_are_kept_and_not_passed_on(
    dateline_sqlite: Commands, site: LocalSite
) -> None:
    dateline = dateline_sqlite
    paper(site)
    assert dateline("add", f"{site.base}/", "--name", "h", "--delay", "0").code == 0
    first = dateline("crawl", "h", "--json")
    assert (first.json[0]["new"], first.json[0]["causes"]) == (5, {})
    assert len(dateline("search", "zeppelin", "--json").json) == 2
    kept_off = next(path for path in site.pages if "kept-off" in path)
    assert "Kept off" in dateline("show", "--raw", f"{site.base}{kept_off}").out
    exported = dateline("export")
    assert [json.loads(line)["headline"] for line in exported.out.splitlines()] == ["Free zeppelin"]
    assert "4 articles omitted" in exported.err
    assert len(dateline("export", "--reserved").out.splitlines()) == 5
    target = dateline.folder / "out.warc.gz"
    written = dateline("export", "-f", "warc", "-o", str(target))
    assert "4 captures omitted" in written.err
    assert "--reserved" in written.err
    assert "1 capture in" in written.err
    assert dateline("db", "check").code == 0


def test_a_strict_source_skips_and_hides_them(dateline_sqlite: Commands, site: LocalSite) -> None:
    dateline = dateline_sqlite
    paper(site)
    added = dateline("add", f"{site.base}/", "--name", "h", "--delay", "0", "--rights", "strict")
    assert added.code == 0
    first = dateline("crawl", "h", "--json")
    assert first.code == 0, first.err
    assert (first.json[0]["new"], first.json[0]["causes"]) == (4, {"noarchive": 1})
    for path in (dateline.folder / "captures").iterdir():
        import gzip

        assert b"Kept off" not in gzip.decompress(path.read_bytes())
    assert [hit["headline"] for hit in dateline("search", "zeppelin", "--json").json] == [
        "Free zeppelin"
    ]
    unlisted = next(path for path in site.pages if "unlisted" in path)
    shown = dateline("show", f"{site.base}{unlisted}", "--json").json
    assert shown["headline"] == "Unlisted zeppelin"
    assert shown["revisions"][0]["capture"]["rights"] == {"robots": ["noindex"], "strict": True}
    exported = dateline("export")
    assert [json.loads(line)["headline"] for line in exported.out.splitlines()] == ["Free zeppelin"]
    assert "3 articles omitted" in exported.err
    assert len(dateline("export", "--reserved").out.splitlines()) == 4
    check = dateline("db", "check")
    assert check.code == 0, check.err


def test_a_source_may_ignore_them(dateline_sqlite: Commands, site: LocalSite) -> None:
    paper(site)
    assert dateline_sqlite("add", f"{site.base}/", "--name", "h", "--delay", "0").code == 0
    changed = dateline_sqlite("sources", "h", "--rights", "ignore", "--json")
    assert changed.json[0]["rights"] == "ignore"
    first = dateline_sqlite("crawl", "h", "--json")
    assert (first.json[0]["new"], first.json[0]["causes"]) == (5, {})
    assert len(dateline_sqlite("search", "zeppelin", "--json").json) == 2
    assert len(dateline_sqlite("export").out.splitlines()) == 5
    assert dateline_sqlite("db", "check").code == 0
    assert dateline_sqlite("sources", "--rights", "strict").code == 2
    assert dateline_sqlite("sources", "nobody", "--rights", "reserve").code == 1
