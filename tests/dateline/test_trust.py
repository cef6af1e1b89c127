"""The commands by which an archive is trusted, as a person uses them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.crawler.commands import Commands
from tests.pages import article_page, sentences, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.pages import LocalSite

pytestmark = pytest.mark.crawl
PATH = "/news/2000/a-story-of-the-harbour"


@pytest.fixture
def site() -> Iterator[LocalSite]:
    """One article at an address, and the page that leads to it."""
    with serving() as made:
        made.set(PATH, article_page("A story", sentences(1)))
        yield made


@pytest.fixture
def dateline_on_each(tmp_path: Path, database: str | None, site: LocalSite) -> Commands:
    """Commands on an archive of each database that follows the site and has crawled it."""
    return _crawled(Commands(tmp_path / "archive", database), site)


@pytest.fixture
def dateline(tmp_path: Path, site: LocalSite) -> Commands:
    """The same on SQLite, for what is tested on both databases below the command line."""
    return _crawled(Commands(tmp_path / "archive"), site)


def _crawled(commands: Commands, site: LocalSite) -> Commands:
    assert commands("init", str(commands.folder)).code == 0
    assert commands("add", f"{site.base}{PATH}", "--name", "h", "--delay", "0").code == 0
    first = commands("crawl", "h", "--json")
    assert first.json[0]["new"] == 1, first.err
    return commands


def test_the_history_of_an_article_is_read(dateline: Commands, site: LocalSite) -> None:
    paragraphs = sentences(1)
    paragraphs[1] = paragraphs[1].replace("had been", "was never")
    site.set(PATH, article_page("A story, corrected", paragraphs))
    assert dateline("crawl", "h", "--json").json[0]["revised"] == 1
    del site.pages[PATH]
    assert dateline("crawl", "h", "--json").json[0]["gone"] == 1
    site.set(PATH, article_page("A story, corrected", paragraphs))
    assert dateline("crawl", "h").code == 0
    history = dateline("show", "1", "--revisions").out
    assert [line.split()[2:4] for line in history.splitlines()[1:5]] == [
        ["1", "first"], ["2", "headline,"], ["-", "gone:"], ["-", "returned"],
    ]  # fmt: skip
    assert max(map(len, history.splitlines())) <= 80
    told = dateline("show", "1", "--diff", "1..2")
    assert "A story{+, corrected+}" in told.out
    assert "[-had been-]" in told.out
    assert "{+was never+}" in told.out
    assert "… 6 unchanged paragraphs" in told.out
    assert max(map(len, told.out.splitlines())) <= 80
    as_json = dateline("show", "1", "--diff", "2", "--json").json
    assert list(as_json["fields"]) == ["headline"]
    assert dateline("show", "1", "--diff", "2..1").code == 0
    for wrong, code in (("1..9", 1), ("one", 2), ("7..1", 1)):
        bad = dateline("show", "1", "--diff", wrong)
        assert bad.code == code
        assert "revision" in bad.err


def test_captures_are_looked_after(dateline: Commands) -> None:
    assert dateline("crawl", "h").code == 0
    assert ": OK" in dateline("captures", "verify").out
    stats = dateline("captures", "stats", "--json").json
    assert (stats["sources"][0]["captures"], stats["sources"][0]["revisits"]) == (2, 1)
    assert dateline("captures", "stats").code == 0
    packed = dateline("captures", "repack", "h", "--compression", "zstd")
    assert packed.code == 0, packed.err
    assert dateline("crawl", "h").code == 0
    assert {p.suffix for p in (dateline.folder / "captures").iterdir() if p.is_file()} == {".zst"}
    assert dateline("captures", "verify").code == 0
    assert dateline("show", "1", "--raw").out.startswith("<!DOCTYPE html>")
    assert "0 captures" in dateline("captures", "prune").out
    assert dateline("captures", "repair").out == "Nothing to repair.\n"
    file = next((dateline.folder / "captures").glob("*.zst"))
    file.write_bytes(file.read_bytes()[:-9] + b"123456789")
    broken = dateline("captures", "verify")
    assert broken.code == 1
    assert broken.err
    assert dateline("db", "check").code == 1


def test_a_backup_under_load_restores_to_the_same(
    dateline_on_each: Commands, site: LocalSite, tmp_path: Path
) -> None:
    dateline = dateline_on_each
    for n in range(40):
        links = "".join(
            f'<li><a href="/news/{n + k}/another-story-{n + k}">S</a></li>' for k in (1, 2, 3)
        )
        site.set(f"/news/{n}/another-story-{n}", article_page(
            f"Story {n}", sentences(n + 2), extra=f'<ul class="related">{links}</ul>'))  # fmt: skip
    crawl = dateline.start("crawl", "h", "--delay", "0", "--depth", "50",
                           "--url", f"{site.base}/news/0/another-story-0")  # fmt: skip
    made = []
    for number in range(3):
        done = dateline("db", "backup", str(tmp_path / f"{number}.tar"))
        assert done.code == 0, done.err
        made.append(tmp_path / f"{number}.tar")
    assert crawl.wait(60) in (0, 3)
    last = tmp_path / "last.tar"
    assert dateline("db", "backup", str(last)).code == 0
    for number, file in enumerate([*made, last]):
        assert ": OK" in dateline("db", "verify-backup", str(file)).out
        folder = tmp_path / f"restored{number}"
        other = Commands(folder)
        restored = other("db", "restore", str(file), str(folder))
        assert restored.code == 0, restored.err
        checked = other("db", "check")
        assert checked.code == 0, checked.err
    before = sorted(dateline("export").out.splitlines())
    assert sorted(Commands(tmp_path / "restored3")("export").out.splitlines()) == before
    whole = bytearray(last.read_bytes())
    whole[len(whole) // 2] ^= 0x55
    last.write_bytes(whole)
    assert dateline("db", "verify-backup", str(last)).code == 1
    again = dateline("db", "restore", str(last), str(tmp_path / "restored3"))
    assert again.code == 1
    assert "not empty" in again.err


def test_a_takedown_asks_and_is_remembered(dateline: Commands, site: LocalSite) -> None:
    assert dateline("forget", "1").code == 2
    asked = dateline("forget", "1", "--reason", "a request", stdin=b"n\n")
    assert asked.code == 1
    assert dateline("show", "1").code == 0
    done = dateline("forget", f"{site.base}{PATH}", "--reason", "a request", "--yes", "--json")
    assert done.code == 0, done.err
    assert done.json["items"] == 1
    assert dateline("show", "1").code == 1
    assert "a request" in dateline("forget", "--list").out
    again = dateline("crawl", "h", "--url", f"{site.base}{PATH}", "--json")
    assert again.json[0]["new"] == 0
    assert dateline("db", "check").code == 0
    assert dateline("forget", "--revoke", "1").code == 0
    back = dateline("crawl", "h", "--url", f"{site.base}{PATH}", "--json")
    assert back.json[0]["new"] == 1, back.err
    assert dateline("forget", "--revoke", "1").code == 1
    assert dateline("forget", "--source", "h", "--reason", "the publisher", "--yes").code == 0
    refused = dateline("add", f"{site.base}{PATH}", "--name", "h", "--delay", "0")
    assert refused.code == 1
    assert "erased by request" in refused.err


def test_exports_go_to_a_file_or_stdout(dateline: Commands, tmp_path: Path) -> None:
    out = dateline("export", "story")
    assert json.loads(out.out)["headline"] == "A story"
    assert dateline("export", "-f", "wacz").code == 2
    file = tmp_path / "x.wacz"
    done = dateline("export", "-f", "wacz", "-o", str(file))
    assert done.code == 0, done.err
    assert file.stat().st_size > 500
    nothing = dateline("export", "nowhere", "-o", str(tmp_path / "n.jsonl"))
    assert nothing.code == 1
    bad = dateline("export", "-o", str(tmp_path / "no" / "x.csv"))
    assert (bad.code, bad.err.count("\n")) == (1, 1)
    assert dateline("reextract", "--json").json == {
        "seen": 1, "changed": 0, "fields": {}, "causes": {},
    }  # fmt: skip
