"""Fetches the further pages of an article, and puts them together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from scrapy import Request

from crawler.extraction.page.continuation import (
    MOST_PAGES,
    adds_text,
    is_same_article,
    joined,
    next_page,
    page_number,
)
from crawler.extraction.page.parse import BadPage
from crawler.http import failures
from crawler.http.fetch import content_type, fetch
from crawler.workers import jobs
from crawler.workers import pool as workers
from storage.types.pages import PageFailed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from crawler.extraction.article import Extraction, Known
    from crawler.run.capture_writer import Keeper
    from crawler.workers.pool import Workers
    from crawler.workers.prepare import Prepared
    from storage.ingest.derived import Derived
    from storage.types.content import Article
    from storage.types.pages import CaptureRecord, Outcome, PageStored


Links = tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class Further:
    """One more page of an article as it was read."""

    url: str
    extraction: Extraction


async def collect(
    first: Article, onward: Links, url: str, get: Callable[[str], Awaitable[Further | None]]
) -> tuple[list[Article], int | None]:
    """The pages after the first, in order, and the number of the first one that is not there.

    ``get`` brings a page by its URL, or ``None`` where it cannot be had.
    """
    articles = [first]
    for number in range(2, MOST_PAGES + 2):
        following = next_page(url, number, onward)
        if following is None:
            return articles[1:], None
        further = await get(following) if number <= MOST_PAGES else None
        if further is None or page_number(url, further.url) is None:
            return articles[1:], number
        article = further.extraction.article
        if article is None or not is_same_article(first, url, article, further.url):
            return articles[1:], None
        if not adds_text(articles, article):
            return articles[1:], None
        articles.append(article)
        onward = further.extraction.onward
    return articles[1:], None


def join_job(first: Article, others: list[Article], lacking: int | None) -> Derived:
    """Runs in a worker: one article of its pages, with what the archive derives of it."""
    from crawler.extraction.clean import clean_article
    from storage.ingest.derived import derive

    return derive(clean_article(joined(first, others, lacking)))


class Continuing:
    """The further pages of one run's articles."""

    def __init__(self, crawler: Crawler, keeper: Keeper, pool: Workers) -> None:
        self._crawler = crawler
        self._keeper = keeper
        self._pool = pool

    async def whole(
        self, stored: PageStored, response: Response, extraction: Prepared, known: Known
    ) -> Outcome:
        """``stored`` with the text of all pages of its article."""
        url = response.url
        first = extraction.article
        if first is None or next_page(url, 2, extraction.onward) is None:
            return stored
        captures: dict[str, CaptureRecord] = {}
        interrupted: list[failures.Failure] = []
        meta = {name: response.meta[name] for name in ("cookiejar",) if name in response.meta}

        async def get(address: str) -> Further | None:
            request = Request(address, dont_filter=True, meta={"keep": self._keeper, **meta})
            answer = await fetch(self._crawler, request)
            if isinstance(answer, failures.Failure):
                if answer.cause == workers.INTERRUPTED:
                    interrupted.append(answer)
                return None
            capture = answer.meta.get("capture")
            if capture is None:  # it may not be kept, or is no page
                return None
            try:
                found: Extraction = await self._pool.run(
                    jobs.extract_job, answer.body, answer.url, content_type(answer), known
                )
            except (BadPage, workers.WorkerFailure):
                return None
            captures[answer.url] = capture
            return Further(answer.url, found)

        others, lacking = await collect(first, extraction.onward, url, get)
        if interrupted:
            failure = interrupted[0]
            return PageFailed(stored.task, failure.cause, failure.detail)
        if not others and lacking is None:
            return stored
        kept = list(captures.items())[: len(others)]
        try:
            derived: Derived = await self._pool.run(join_job, first, others, lacking)
        except workers.WorkerFailure as error:
            return PageFailed(stored.task, error.cause, error.reason, final=True)
        return replace(
            stored,
            content=derived.content,
            derived=derived,
            urls=(*(further for further, _ in kept), *stored.urls),
            pages=tuple(capture for _, capture in kept),
        )
