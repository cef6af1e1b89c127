"""``scrapy crawl`` in a checkout: its feed exports and exit codes."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.pages import article_page, sentences

if TYPE_CHECKING:
    from tests.crawler.commands import Commands
    from tests.pages import LocalSite

ROOT = Path(__file__).resolve().parents[3]


def _scrapy(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"DATELINE_ARCHIVE": str(folder)}
    return subprocess.run(
        [sys.executable, "-m", "scrapy", "crawl", "news", *words], cwd=ROOT, env=environment,
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.mark.crawl
def test_feeds_hold_each_stored_article(
    dateline_sqlite: Commands, site: LocalSite, tmp_path: Path
) -> None:
    links = "".join(f'<p><a href="/news/a-long-story-{i}">Story {i} of the day</a></p>'
                    for i in range(3))  # fmt: skip
    site.set("/", f"<html><head><title>Herald</title></head><body>{links}</body></html>")
    for i in range(3):
        site.set(f"/news/a-long-story-{i}", article_page(f"Story {i} of the day", sentences(i)))
    assert dateline_sqlite("add", f"{site.base}/", "--name", "herald").code == 0
    lines, table = tmp_path / "items.jsonl", tmp_path / "items.csv"
    done = _scrapy(
        dateline_sqlite.folder, "-a", "source=herald", "-O", str(lines), "-O", str(table)
    )
    assert done.returncode == 0, done.stderr
    items = [json.loads(line) for line in lines.read_text(encoding="utf-8").splitlines()]
    assert sorted(item["headline"] for item in items) == [f"Story {i} of the day" for i in range(3)]
    assert all(item["type"] == "article" and item["published"] and item["text"] for item in items)
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["url"] for row in rows} == {item["url"] for item in items}


@pytest.mark.crawl
def test_a_failed_crawl_ends_with_1(dateline_sqlite: Commands, tmp_path: Path) -> None:
    unknown = _scrapy(dateline_sqlite.folder, "-a", "source=nobody")
    missing = _scrapy(tmp_path / "nowhere", "-a", "source=nobody")
    assert (unknown.returncode, missing.returncode) == (1, 1)
    assert "Traceback" not in unknown.stderr + missing.stderr
