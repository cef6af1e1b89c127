"""The command line: help, errors in one line, exit codes."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from dateline.cli import _COMMANDS, cli
from tests.conftest import copied
from tests.crawler.commands import Commands
from tests.pages import article_page, sentences

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def dateline(tmp_path: Path, new_archive: Path) -> Commands:
    """Commands on a fresh archive."""
    return Commands(copied(new_archive, tmp_path))


def _one_line(text: str) -> bool:
    return len(text.strip().splitlines()) == 1


@pytest.mark.parametrize("command", list(_COMMANDS))
def test_every_command_has_help(command: str) -> None:
    done = CliRunner().invoke(cli, [command, "--help"], prog_name="dateline", terminal_width=80)
    assert done.exit_code == 0, done.output
    assert "Usage:" in done.output
    assert max(map(len, done.output.splitlines())) <= 80


def test_the_lists_of_commands_are_not_cut() -> None:
    for words in ([], *([name] for name in ("alert", "captures", "db", "site", "token", "user"))):
        done = CliRunner().invoke(cli, [*words, "--help"], prog_name="dateline", terminal_width=80)
        assert done.exit_code == 0
        assert "..." not in done.output.partition("Commands:")[2], words


@pytest.mark.parametrize(
    ("words", "next_command"),
    [
        (("sources",), "dateline add URL"),
        (("status",), "dateline add URL"),
        (("run", "--once"), "dateline add URL"),
        (("alert", "list"), "dateline alert add"),
        (("user", "list"), "dateline user add NAME"),
        (("token", "list"), "dateline token add NAME"),
        (("captures", "stats"), "dateline crawl"),
    ],
)
def test_an_empty_list_names_the_next_command(
    dateline: Commands, words: tuple[str, ...], next_command: str
) -> None:
    done = dateline(*words)
    assert next_command in done.err
    assert _one_line(done.err)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("foo",), 'No such command "foo". List the commands: dateline --help'),
        (("exprot",), 'No such command "exprot". Did you mean "export"?'),
        (("serve", "--host", "0.0.0.0"), "Add one: dateline user add NAME"),
        (("forget", "1"), "--reason"),
        (("sources", "x", "--interval", "1"), "10m..1d"),
        (("alert", "add", "x", "--to", "a@b.example", "--every", "x"), "15m, 1h"),
        (("backfill", "--from", "2021"), "dateline backfill SOURCE --from DAY"),
        (("export", "-f", "wacz"), "-o FILE"),
        (("show", "1", "--diff", "x"), "1..3"),
    ],
)
def test_an_error_tells_what_to_do(dateline: Commands, words: tuple[str, ...], says: str) -> None:
    done = dateline(*words)
    assert done.code in (1, 2)
    assert says in done.err
    assert "Traceback" not in done.err


def test_a_typo_names_the_nearest_command(dateline: Commands) -> None:
    done = dateline("serach", "x")
    assert done.code == 2
    assert 'No such command "serach". Did you mean "search"?' in done.err


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("crawl", "nobody"), 1, "no source is called 'nobody'"),
        (("crawl",), 1, "dateline add URL"),
        (("search", '"open'), 1, "quotation mark is not closed (at character 1)"),
        (("search", "titel:x"), 1, "no field is called"),
        (("search",), 2, "Give a QUERY"),
        (("search", "x", "--after", "nonsense"), 1, "invalid cursor"),
        (("search", "x", "--source", "nobody"), 1, "no source is called"),
        (("search", "x", "--from", "yesterday"), 2, "is not a date"),
        (("show", "7"), 1, "holds no item 7"),
        (("show", "²"), 1, "is not an item number or a URL"),
        (("show", "٣"), 1, "is not an item number or a URL"),
        (("show", "9" * 5_000), 1, "is not an item number or a URL"),
        (("show", "\udcff"), 1, "is not an item number or a URL"),
        (("add", "\udcff"), 2, "is not a web address"),
        (("crawl", "--delay", "nan"), 2, "is not a number of seconds"),
        (("backfill", "x", "--delay", "inf"), 2, "is not in the range"),
        (("add", "https://u:secret@x.example/"), 2, "leave the user name and password out"),
        (("extract", "https://nope.invalid/"), 1, "unknown-host"),
        (("show", "x"), 1, "is not an item number or a URL"),
        (("add", "not a url"), 2, "is not a web address"),
        (("add", "http://127.0.0.1:9/"), 1, "connection-refused"),
        (("add", "https://x.example/", "--timezone", "Mars/North"), 2, "Europe/Paris"),
        (("add", "https://x.example/", "--name", "../up"), 2, "letters, digits"),
        (("crawl", "--since", "soon"), 2, "is not a date"),
        (("extract",), 2, "--manifest"),
        (("extract", "/no/such/file"), 1, "cannot read"),
    ],
)  # fmt: skip
def test_bad_input_is_one_clear_line(
    dateline: Commands, words: tuple[str, ...], code: int, says: str
) -> None:
    done = dateline(*words)
    assert done.code == code, done.err
    assert says in done.err
    assert "Traceback" not in done.err
    if code == 1:
        assert _one_line(done.err), done.err


def test_a_folder_without_an_archive_says_what_to_do(tmp_path: Path) -> None:
    done = Commands(tmp_path / "nothing-here")
    (tmp_path / "nothing-here").mkdir()
    answer = done("search", "x")
    assert answer.code == 1
    assert "dateline init" in answer.err


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    done = Commands(tmp_path / "file")("init", str(tmp_path / "file" / "archive"))
    assert done.code == 1
    assert "cannot write" in done.err


def test_a_database_that_does_not_answer_says_so(dateline: Commands) -> None:
    done = dateline("status", DATELINE_DATABASE="postgresql://nobody@127.0.0.1:9/none")
    assert done.code == 1
    assert "does not answer" in done.err
    assert _one_line(done.err)
    assert dateline("status", DATELINE_DATABASE="nonsense").code == 1
    assert dateline("status", DATELINE_DATABASE="mysql://x/y").code == 1


def test_a_broken_settings_file_names_itself(dateline: Commands) -> None:
    (dateline.folder / "dateline.toml").write_text("contact = ", encoding="utf-8")
    done = dateline("status")
    assert done.code == 1
    assert "dateline.toml" in done.err


def test_a_file_that_is_no_database_says_so(dateline: Commands) -> None:
    (dateline.folder / "dateline.db").write_bytes(b"not a database at all" * 99)
    done = dateline("status")
    assert done.code == 1
    assert "not a database" in done.err
    assert _one_line(done.err)


def test_extract_shows_each_field_with_its_source(dateline: Commands) -> None:
    page = article_page("The bell is back", sentences(3)).encode()
    done = dateline("extract", "-", "--url", "https://herald.example/news/1", stdin=page)
    assert done.code == 0, done.err
    fields = done.json["fields"]
    assert fields["headline"] == {"value": "The bell is back", "from": "h1"}
    assert fields["published"] == {"value": "2026-03-05T09:30:00+01:00", "from": "meta"}
    assert done.json["text"] == "\n".join(sentences(3))


def test_extract_says_what_is_no_article(dateline: Commands) -> None:
    done = dateline("extract", "-", stdin=b"<title>404 Not found</title><h1>Not found</h1>")
    assert done.code == 1
    assert done.json["page"] == "error"


def test_extract_many_writes_a_line_a_page(dateline: Commands, tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(article_page("Story A of the day", sentences(1)))
    (tmp_path / "b.html.gz").write_bytes(
        gzip.compress(article_page("Story B of the day", sentences(2)).encode())
    )
    rows = [{"id": n, "url": f"https://herald.example/{n}", "file": f} for n, f in
            (("a", "a.html"), ("b", "b.html.gz"), ("c", "lost.html"))]  # fmt: skip
    manifest = tmp_path / "pages.jsonl"
    manifest.write_text("\n".join(json.dumps(row) for row in rows))
    out = tmp_path / "out.jsonl"
    done = dateline("extract", "--manifest", str(manifest), "--out", str(out))
    assert done.code == 3
    answers = {row["id"]: row for row in map(json.loads, out.read_text().splitlines())}
    assert answers["a"]["headline"] == "Story A of the day"
    assert answers["b"]["body"] == "\n".join(sentences(2))
    assert answers["b"]["published_at"] == "2026-03-05T09:30:00+01:00"
    assert "error" in answers["c"]


def test_a_bad_line_of_a_manifest_costs_that_line(dateline: Commands, tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(article_page("Story A of the day", sentences(1)))
    (tmp_path / "torn.gz").write_bytes(gzip.compress(b"x" * 500)[:-9])
    url = "https://herald.example/a"
    good = json.dumps({"id": "a", "url": url, "file": "a.html"}).encode()
    bad = [
        b"{", b"[]", b"\xff\xfe", b"5" * 5000, b"[" * 200_000, b'{"file": "a.html"}',
        *(json.dumps(row).encode() for row in (
            {"url": url}, {"url": 5, "file": "a.html"}, {"url": "htp:/x", "file": "a.html"},
            {"url": "https://[x/", "file": "a.html"}, {"url": url, "file": "a\0b"},
            {"url": url, "file": "."}, {"url": url, "file": "torn.gz"},
            {"id": "\ud800", "url": url, "file": "lost.html"},
        )),
    ]  # fmt: skip
    manifest = tmp_path / "pages.jsonl"
    manifest.write_bytes(b"\n".join([b"\xef\xbb\xbf" + good, *bad, b"", good]))
    done = dateline("extract", "--manifest", str(manifest), "--jobs", "1")
    assert done.code == 3, done.err
    assert "Traceback" not in done.err
    answers = [json.loads(line) for line in done.out.split("\n") if line]
    assert len(answers) == len(bad) + 2
    assert ["error" in answer for answer in answers] == [False, *(True for _ in bad), False]
    assert "line 2: not JSON" in done.err


def test_extract_gives_text_as_the_archive_keeps_it(dateline: Commands) -> None:
    page = article_page(
        "Schiff\u00adfahrt ruht am Kai", [f"Die Schiff\u00adfahrt {line}" for line in sentences(1)]
    )
    done = dateline("extract", "-", "--url", "https://herald.example/kai", stdin=page.encode())
    assert "\u00ad" not in done.out
    assert done.json["fields"]["headline"]["value"] == "Schifffahrt ruht am Kai"


def test_add_dry_run_keeps_nothing(dateline: Commands) -> None:
    from tests.pages import serving

    with serving() as site:
        site.set("/feed", "<rss version='2.0'><channel><title>x</title><item><title>A b c</title>"
                 "<link>/a</link></item></channel></rss>", "text/xml")  # fmt: skip
        site.set("/", "<title>Home</title><p>x</p>")
        done = dateline("add", site.base, "--dry-run", "--json")
        assert done.json["endpoints"][0]["url"] == f"{site.base}/feed"
        assert dateline("sources", "--json").json == []
        assert dateline("add", site.base).code == 0
        again = dateline("add", site.base)
        assert again.code == 1
        assert "followed already" in again.err


def test_a_home_page_without_any_endpoint_says_what_to_name(dateline: Commands) -> None:
    from tests.pages import serving

    with serving() as site:
        site.set("/", "<title>Home</title><p>Welcome.</p>")
        done = dateline("add", site.base)
    assert done.code == 1
    assert "announces no feed or sitemap" in done.err
    assert "name a section page" in done.err


def test_the_demonstration_does_the_main_job(tmp_path: Path) -> None:
    import os
    import subprocess
    import sys

    from tests.crawler.forking import ROOT

    done = subprocess.run(
        [sys.executable, "-m", "dateline.demo", str(tmp_path / "demo")], capture_output=True,
        text=True, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "amarrage: 12 new" in done.stdout
    assert "amarrage: 6 unchanged; no new articles" in done.stdout
    assert "Eel count doubles" in done.stdout
    assert "Your own site, in three commands" in done.stdout


def test_a_source_has_bounds_and_a_state(tmp_path: Path) -> None:
    from tests.crawler.commands import Commands

    dateline = Commands(tmp_path / "archive")
    assert dateline("init", str(dateline.folder)).code == 0
    from storage.archive import open_archive
    from storage.models import Source
    from tests.storage.values import new_source

    with open_archive(str(dateline.folder)) as archive:
        new_source(archive)
        changed = dateline(
            "sources",
            "herald",
            "--interval",
            "1h..1d",
            "--daily-requests",
            "50",
            "--state",
            "paused",
        )
        assert changed.code == 0, changed.err
        with archive.reading() as session:
            row = session.get_one(Source, 1)
            assert (row.least_minutes, row.most_minutes) == (60, 1440)
            assert (row.daily_requests, row.state) == (50, "paused")
    for words in (("--interval", "soon"), ("--interval", "2h..1h"), ("--interval", "..")):
        assert dateline("sources", "herald", *words).code == 2
    assert dateline("sources", "--daily-requests", "3").code == 2
