"""The state of a request in its ``meta``: one key, which no hop shares with the one before it."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import Any

import pytest
from scrapy import Request
from scrapy.http import HtmlResponse

from crawler.middlewares.refresh import redirect_target
from crawler.pipelines.store import StorePipeline
from crawler.run import fetch_context
from crawler.run.context import run_of
from crawler.run.fetch_context import FetchContext, Validators
from storage.types.endpoints import DueEndpoint
from storage.types.pages import PageFailed, Task

URL = "https://courier.example/story"
MOVED = b'<meta http-equiv="refresh" content="0; url=/moved">'


def _task() -> Task:
    return Task(URL, "article", 0, candidate_id=1)


def _request(**fields: Any) -> Request:
    return Request(URL, meta={fetch_context.KEY: FetchContext(**fields)})


def _response(request: Request, status: int = 200, body: bytes = MOVED) -> HtmlResponse:
    headers = {"Content-Type": "text/html"}
    return HtmlResponse(URL, status=status, headers=headers, body=body, request=request)


def test_a_request_without_a_context_has_an_empty_one() -> None:
    request = Request(URL)
    assert fetch_context.of(request) == FetchContext()
    assert fetch_context.KEY not in request.meta


@pytest.mark.parametrize("value", [None, "task", {"subject": 1}])
def test_what_others_put_under_the_key_is_no_context(value: Any) -> None:
    assert fetch_context.of(Request(URL, meta={fetch_context.KEY: value})) == FetchContext()


def test_what_a_response_brings_stays_with_its_request() -> None:
    first = _request(subject=_task(), validators=Validators(URL, '"a"', None))
    followed = first.replace(url=f"{URL}/2")  # as redirects and retries do
    fetch_context.update(followed, digest="ab", redirect_checked=True)
    assert fetch_context.of(first).digest is None
    fetch_context.forget_response(followed)
    assert fetch_context.of(followed) == fetch_context.of(first)


def test_the_subject_is_of_the_kind_that_is_asked_for() -> None:
    request = _request(subject=_task())
    assert fetch_context.task_of(request) == _task()
    assert fetch_context.task_of(_response(request)) == _task()
    for accessor in (fetch_context.endpoint_of, fetch_context.past_page_of):
        with pytest.raises(TypeError, match="was not requested"):
            accessor(request)
    with pytest.raises(TypeError, match="not requested as a page"):
        fetch_context.task_of(Request(URL))
    endpoint = DueEndpoint(1, URL, "feed", None, None, None)
    assert fetch_context.endpoint_of(_request(subject=endpoint)) is endpoint


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_refresh_behind_an_error_that_is_retried_is_followed(status: int) -> None:
    request = _request()
    assert asyncio.run(redirect_target(request, _response(request, status))) is None
    again = request.replace()
    found = asyncio.run(redirect_target(again, _response(again)))
    assert found == (0.0, "https://courier.example/moved")
    assert fetch_context.of(again).redirect == found


class _Crawler:
    """Stands for Scrapy's."""


class _Recorder:
    def __init__(self) -> None:
        self.outcomes: list[Any] = []

    async def add(self, outcome: Any) -> None:
        self.outcomes.append(outcome)


class _Run:
    recorder = _Recorder()


def test_the_pipeline_records_once_there_is_a_run() -> None:
    crawler: Any = _Crawler()
    run: Any = _Run()
    pipeline = StorePipeline.from_crawler(crawler)
    outcome = PageFailed(_task(), "timeout", "it took over 40 s")
    assert asyncio.run(pipeline.process_item(outcome)) is outcome  # `scrapy parse` has none
    assert not run.recorder.outcomes
    run_of(crawler).context = run
    asyncio.run(pipeline.process_item(outcome))
    assert run.recorder.outcomes == [outcome]


def test_a_run_that_ended_keeps_its_crawler_no_longer() -> None:
    crawler: Any = _Crawler()
    held = weakref.ref(crawler)
    run: Any = _Run()
    run.crawler = crawler
    run_of(crawler).context = run
    run_of(crawler).context = None
    del run, crawler
    gc.collect()
    assert held() is None
