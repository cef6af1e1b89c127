"""Fetch the further pages of an article, and join them."""

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
from crawler.http.coded import body_for_worker
from crawler.http.fetch import content_type, fetch
from crawler.run import fetch_context
from crawler.run.fetch_context import FetchContext
from crawler.workers import jobs
from crawler.workers import pool as workers
from storage.types.pages import PageFailed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from crawler.extraction.article import Extraction, Known
    from crawler.run.capture_writer import CaptureWriterThread
    from crawler.workers.pool import WorkerPool
    from crawler.workers.prepare import PreparedExtraction
    from storage.ingest.derived import Derived
    from storage.types.content import Article
    from storage.types.pages import CaptureRecord, Outcome, PageStored


Links = tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class ContinuationPage:
    """One further page of an article, extracted."""

    url: str
    extraction: Extraction


async def collect_pages(
    first: Article,
    onward: Links,
    url: str,
    get: Callable[[str], Awaitable[ContinuationPage | None]],
) -> tuple[list[Article], int | None]:
    """Return the pages after the first, in order, and the number of the first missing one.

    ``get`` brings a page by its URL, or ``None`` where it cannot be had.
    """
    articles = [first]
    for number in range(2, MOST_PAGES + 2):
        following = next_page(url, number, onward)
        if following is None:
            return articles[1:], None
        page = await get(following) if number <= MOST_PAGES else None
        if page is None or page_number(url, page.url) is None:
            return articles[1:], number
        article = page.extraction.article
        if article is None or not is_same_article(first, url, article, page.url):
            return articles[1:], None
        if not adds_text(articles, article):
            return articles[1:], None
        articles.append(article)
        onward = page.extraction.onward
    return articles[1:], None


def join_job(first: Article, following: list[Article], missing_page: int | None) -> Derived:
    """Join an article's pages and derive its search data, in a worker."""
    from crawler.extraction.clean import clean_article
    from storage.ingest.derived import derive

    return derive(clean_article(joined(first, following, missing_page)))


class ContinuationFetcher:
    """Fetches the further pages of one run's articles."""

    def __init__(
        self, crawler: Crawler, capture_writer: CaptureWriterThread, pool: WorkerPool
    ) -> None:
        self._crawler = crawler
        self._capture_writer = capture_writer
        self._pool = pool

    async def with_following_pages(
        self, stored: PageStored, response: Response, extraction: PreparedExtraction, known: Known
    ) -> Outcome:
        """Return ``stored`` with the text of all pages of its article."""
        url = response.url
        first = extraction.article
        if first is None or next_page(url, 2, extraction.onward) is None:
            return stored
        captures: dict[str, CaptureRecord] = {}
        interrupted: list[failures.Failure] = []
        context = FetchContext(capture_writer=self._capture_writer)
        meta = {name: response.meta[name] for name in ("cookiejar",) if name in response.meta}

        async def get(address: str) -> ContinuationPage | None:
            request = Request(address, dont_filter=True, meta={fetch_context.KEY: context, **meta})
            answer = await fetch(self._crawler, request)
            if isinstance(answer, failures.Failure):
                if answer.cause == workers.INTERRUPTED:
                    interrupted.append(answer)
                return None
            capture = fetch_context.of(answer).capture
            if capture is None:  # it may not be kept, or is no page
                return None
            try:
                found: Extraction = await self._pool.run(
                    jobs.extract_job,
                    body_for_worker(answer),
                    answer.url,
                    content_type(answer),
                    known,
                )
            except (BadPage, workers.WorkerFailure):
                return None
            captures[answer.url] = capture
            return ContinuationPage(answer.url, found)

        following, missing_page = await collect_pages(first, extraction.onward, url, get)
        if interrupted:
            failure = interrupted[0]
            return PageFailed(stored.task, failure.cause, failure.detail)
        if not following and missing_page is None:
            return stored
        kept = list(captures.items())[: len(following)]
        try:
            derived: Derived = await self._pool.run(join_job, first, following, missing_page)
        except workers.WorkerFailure as error:
            return PageFailed(stored.task, error.cause, error.reason, final=True)
        return replace(
            stored,
            content=derived.content,
            derived=derived,
            urls=(*(page for page, _ in kept), *stored.urls),
            pages=tuple(capture for _, capture in kept),
        )
