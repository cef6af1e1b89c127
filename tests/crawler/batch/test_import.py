"""Imports: WARC, WACZ, saved pages, lists of URLs, OPML; streaming, again, cut short, damaged."""

from __future__ import annotations

import gzip
import io
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from crawler.batch.found import SkippedEntry, SourcePage
from crawler.batch.readers import detect_format, feeds, pages, urls
from storage.archive import open_archive
from storage.errors import ArchiveError
from storage.maintenance.integrity import check_archive
from storage.queries import items
from tests.pages import article_page, sentences

if TYPE_CHECKING:
    from pathlib import Path

    from tests.crawler.commands import Commands

HOME = "https://herald.example"
# The writer that makes the test's files leaves its temporary ones to the collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def warc(path: Path, count: int = 4, *, packed: bool = True, faults: bool = True) -> Path:
    """A WARC as another tool writes it: chunked, gzipped, with what is no article among it."""
    with path.open("wb") as out:
        writer = WARCWriter(out, gzip=packed, warc_version="1.0")

        def put(
            url: str, body: bytes, status: str = "200 OK", kind: str = "text/html; charset=utf-8",
            **headers: str,
        ) -> None:  # fmt: skip
            fields = [("Content-Type", kind), *headers.items()]
            http = StatusAndHeaders(status, fields, protocol="HTTP/1.1")
            writer.write_record(writer.create_warc_record(
                url, "response", payload=io.BytesIO(body), http_headers=http,
                warc_headers_dict={"WARC-Date": "2025-11-05T10:11:12Z"},
            ))  # fmt: skip

        for n in range(count):
            page = article_page(f"Story {n}", sentences(n)).encode()
            if n % 2:
                put(
                    f"{HOME}/news/{n}/a-story-of-it",
                    gzip.compress(page),
                    **{"Content-Encoding": "gzip"},
                )
            else:
                put(f"{HOME}/news/{n}/a-story-of-it", page)
        if faults:
            put(f"{HOME}/lost", b"gone", "404 Not Found")
            put(f"{HOME}/p.png", b"\x89PNG", kind="image/png")
            put(
                "https://elsewhere.example/news/1/story", article_page("Far", sentences(9)).encode()
            )
            put("dns:herald.example", b"x")
    return path


def _wacz(path: Path, inside: Path) -> Path:
    import zipfile

    with zipfile.ZipFile(path, "w") as packed:
        packed.write(inside, "archive/data.warc.gz")
    return path


@pytest.mark.parametrize("packed", [True, False])
def test_pages_of_a_warc(tmp_path: Path, packed: bool) -> None:
    path = warc(tmp_path / "a.warc", packed=packed)
    assert detect_format(path) == "warc"
    found = list(pages(path, "warc"))
    assert [position for position, _ in found] == list(range(1, 9))
    good = [page for _, page in found if isinstance(page, SourcePage)]
    assert len(good) == 5
    assert all(b"<h1>" in page.body for page in good)
    assert good[1].fetched_at == datetime(2025, 11, 5, 10, 11, 12, tzinfo=UTC)
    assert all(name.lower() != "content-encoding" for name, _ in good[1].headers)
    left = {page.cause for _, page in found if isinstance(page, SkippedEntry)}
    assert left >= {"http-404", "no-web-address"}
    assert [position for position, _ in pages(path, "warc", 6)] == [7, 8]


def test_a_damaged_warc_gives_what_comes_before(tmp_path: Path) -> None:
    path = warc(tmp_path / "a.warc.gz")
    path.write_bytes(path.read_bytes()[:-700])
    got: list[Any] = []
    with pytest.raises(ArchiveError, match="damaged after record"):
        got.extend(pages(path, "warc"))
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(ArchiveError):
        list(pages(path, "warc"))


def test_saved_pages_say_where_they_come_from(tmp_path: Path) -> None:
    folder = tmp_path / "saved"
    (folder / "deep").mkdir(parents=True)
    saved = f"<!DOCTYPE html>\n<!-- saved from url=(0040){HOME}/saved/1 -->\n" + article_page(
        "S", []
    )
    (folder / "a.html").write_text(saved)
    canonical = article_page("C", [], canonical=f"{HOME}/c?a=1&amp;b=2")
    (folder / "deep" / "b.html.gz").write_bytes(gzip.compress(canonical.encode()))
    (folder / "c.htm").write_text("<html><body>no address</body></html>")
    (folder / "d.txt").write_text("no page")
    found = [page for _, page in pages(folder, "html")]
    assert [getattr(page, "url", "") for page in found] == [
        f"{HOME}/saved/1", "", f"{HOME}/c?a=1&b=2",
    ]  # fmt: skip
    assert [getattr(page, "cause", "") for page in found] == ["", "no-address", ""]


def test_lists_and_opml(tmp_path: Path) -> None:
    listed = tmp_path / "urls.txt"
    listed.write_text(f"# mine\n{HOME}/1\n\nnonsense\n  {HOME}/2  \n")
    assert detect_format(listed) == "urls"
    assert [u.cause if isinstance(u, SkippedEntry) else u for u in urls(listed)] == [
        f"{HOME}/1", "no-web-address", f"{HOME}/2",
    ]  # fmt: skip
    opml = tmp_path / "feeds.opml"
    opml.write_text(f"""<?xml version="1.0"?>
        <opml version="2.0"><body><outline text="Papers"><outline type="rss" text="Herald"
        xmlUrl="{HOME}/rss" htmlUrl="{HOME}/"/><outline XMLURL="https://b.example/f" title="&amp;"/>
        <outline text="none"/></outline></body></opml>""")
    assert detect_format(opml) == "opml"
    found = feeds(opml)
    assert [(f.feed_url, f.home_url) for f in found] == [
        (f"{HOME}/rss", f"{HOME}/"), ("https://b.example/f", "https://b.example/"),
    ]  # fmt: skip
    opml.write_text('<!DOCTYPE opml [<!ENTITY x SYSTEM "file:///etc/passwd">]><opml>&x;</opml>')
    assert feeds(opml) == []
    opml.write_text("<opml><body>")
    with pytest.raises(ArchiveError, match="is not a valid OPML file"):
        feeds(opml)


@pytest.mark.parametrize("content", [b"", b"PK", b"\x00\x01", b"hello", b"\x1f\x8bjunk"])
def test_what_is_nothing_says_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(ArchiveError):
        list(pages(path, detect_format(path)))  # type: ignore[arg-type]


@pytest.mark.crawl
def test_an_import_adds_each_page_once(dateline: Commands, tmp_path: Path) -> None:
    path = warc(tmp_path / "a.warc.gz")
    opml = tmp_path / "f.opml"
    opml.write_text(f'<opml><body><outline xmlUrl="{HOME}/rss" htmlUrl="{HOME}/"/></body></opml>')
    followed = dateline("import", str(opml), "--json")
    assert followed.json[0]["followed"] == 1
    done = dateline("import", str(path), "--json")
    assert done.code == 0, done.err
    assert (done.json[0]["new"], done.json[0]["causes"]["no-source"]) == (4, 1)
    # A copy under another name holds the same pages.
    copy = tmp_path / "copy.warc.gz"
    copy.write_bytes(path.read_bytes())
    wacz = _wacz(tmp_path / "a.wacz", path)
    for again in (path, copy, wacz):
        result = dateline("import", str(again), "--json").json[0]
        assert result.get("new", 0) in (0, 4)
        assert result.get("held", 0) == 4 or result["causes"].get("imported-before")
    every = dateline("import", str(copy), "--restart", "--new-sources", "--json").json[0]
    assert (every["held"], every["new"]) == (4, 1)
    with open_archive(str(dateline.folder), dateline.database) as archive:
        assert check_archive(archive) == []
        record = items.read_item(archive, items.find_item(archive, f"{HOME}/news/1/a-story-of-it"))
        assert record["revisions"][0]["origin"] == "import"
        assert record["revisions"][0]["seen_at"] == "2025-11-05T10:11:12+00:00"
        assert "Story 1" in items.raw_page(archive, record["id"]).decode()
    shown = json.loads(dateline("show", f"{HOME}/news/1/a-story-of-it", "--json").out)
    assert shown["headline"] == "Story 1"


@pytest.mark.crawl
def test_an_older_copy_is_kept_and_revises_nothing(
    dateline_sqlite: Commands, tmp_path: Path
) -> None:
    folder = tmp_path / "saved"
    folder.mkdir()
    (folder / "now.html").write_text(
        article_page("Story 1, told again", sentences(50), canonical=f"{HOME}/news/1/a-story-of-it")
    )
    first = dateline_sqlite("import", str(folder), "--new-sources", "--json")
    assert first.json[0]["new"] == 1, first.err
    old = dateline_sqlite("import", str(warc(tmp_path / "a.warc.gz", 2, faults=False)), "--json")
    assert (old.json[0]["new"], old.json[0]["causes"]) == (1, {"older": 1})
    shown = dateline_sqlite("show", f"{HOME}/news/1/a-story-of-it", "--json").json
    assert shown["headline"] == "Story 1, told again"
    assert len(shown["revisions"]) == 1
    assert dateline_sqlite("captures", "verify").code == 0


@pytest.mark.crawl
def test_an_import_that_was_cut_short_goes_on(
    dateline_sqlite: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from crawler.batch import importer

    path = warc(tmp_path / "a.warc.gz", 30, faults=False)
    with open_archive(str(dateline_sqlite.folder)) as archive:
        monkeypatch.setattr(importer, "_BATCH", 10)
        seen: list[int] = []

        def stop(position: int) -> None:
            seen.append(position)
            if position == 20:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            importer.PageImport(archive, new_sources=True, observer=stop).run(path, "warc")
        assert seen == [10, 20]
        done = importer.PageImport(archive, new_sources=True, observer=seen.append).run(
            path, "warc"
        )
        assert (done.verdicts["new"], done.verdicts["held"]) == (30, 0)
        assert seen[2:] == [30, 30]
        assert check_archive(archive) == []


@pytest.mark.crawl
def test_what_cannot_be_read_is_one_line_each(dateline_sqlite: Commands, tmp_path: Path) -> None:
    bad = tmp_path / "bad.bin"
    bad.write_bytes(b"\x00\x01")
    good = warc(tmp_path / "good.warc.gz", 1, faults=False)
    done = dateline_sqlite("import", str(bad), str(good), "--new-sources")
    assert done.code == 1
    assert done.err.count("\n") == 1
    assert "is not a WARC" in done.err
    assert "1 new" in done.out
