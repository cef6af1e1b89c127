"""What Dateline is compared with: Scrapy alone, and the script that a user would write instead.

    python benchmarks/crawl_script.py bare|script URLS DATABASE

``bare`` fetches the URLs in the file URLS and does nothing with them. ``script`` extracts each
page with trafilatura in two processes and stores the texts in SQLite with a full-text index. It
keeps no captures, revisions or duplicates, resumes nothing, and finds no new pages: less work
than Dateline does. Prints how many pages came and how many had a text.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapy import Request, Spider
from scrapy.crawler import AsyncCrawlerProcess

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from scrapy.http import Response

_SETTINGS = {
    "CONCURRENT_REQUESTS": 64,
    "CONCURRENT_ITEMS": 4,
    "COOKIES_ENABLED": False,
    "LOG_LEVEL": "ERROR",
    "ROBOTSTXT_OBEY": True,
    "TELNETCONSOLE_ENABLED": False,
    "TWISTED_REACTOR": "twisted.internet.asyncioreactor.AsyncioSelectorReactor",
}
_TABLES = """
PRAGMA journal_mode = WAL;
CREATE TABLE pages (id INTEGER PRIMARY KEY, url TEXT UNIQUE, title TEXT, author TEXT, date TEXT, text TEXT);
CREATE VIRTUAL TABLE words USING fts5 (title, text);
"""
_BATCH = 100
_Row = tuple[str | None, ...]


def extract(url: str, body: bytes) -> _Row | None:
    """Return the row of a page, in a process of the pool."""
    import trafilatura

    found: Any = trafilatura.bare_extraction(body, url=url, with_metadata=True)
    return found and (url, found.title, found.author, found.date, found.text)


def _urls() -> list[str]:
    return Path(sys.argv[2]).read_text().split()


class Bare(Spider):
    """Fetches all pages."""

    name = "bare"
    pages = 0
    texts = 0

    async def start(self) -> AsyncIterator[Request]:
        for url in _urls():
            yield Request(url, dont_filter=True)

    async def parse(self, response: Response) -> None:
        Bare.pages += 1


class Script(Bare):
    """Fetches all pages, extracts and stores their texts."""

    name = "script"

    def __init__(self) -> None:
        super().__init__()
        self.processes = ProcessPoolExecutor(2)
        self.database = sqlite3.connect(sys.argv[3])
        self.database.executescript(_TABLES)
        self.rows: list[_Row] = []

    async def parse(self, response: Response) -> None:
        Bare.pages += 1
        loop = asyncio.get_running_loop()
        row = await loop.run_in_executor(self.processes, extract, response.url, response.body)
        if row:
            Bare.texts += 1
            self.rows.append(row)
        if len(self.rows) >= _BATCH:
            self.store()

    def store(self) -> None:
        with self.database as write:
            for row in self.rows:
                added = write.execute(
                    "INSERT INTO pages (url, title, author, date, text) VALUES (?, ?, ?, ?, ?)", row
                )
                write.execute(
                    "INSERT INTO words (rowid, title, text) VALUES (?, ?, ?)",
                    (added.lastrowid, row[1], row[4]),
                )
        self.rows.clear()

    def closed(self, reason: str) -> None:
        self.store()
        self.processes.shutdown()


if __name__ == "__main__":
    process = AsyncCrawlerProcess(_SETTINGS)
    process.crawl(Script if sys.argv[1] == "script" else Bare)
    process.start()
    print(Bare.pages, Bare.texts)
