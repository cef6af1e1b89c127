"""Visit a source's endpoints in a run: requests, and their results."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from scrapy import Request

from crawler.discovery.errors import DiscoveryError
from crawler.extraction.page.parse import BadPage
from crawler.http import failures
from crawler.http.fetch import content_type, header, max_age, retry_after
from crawler.run import fetch_context
from crawler.run.fetch_context import FetchContext, Validators
from crawler.workers import jobs, pool
from storage import ArchiveError, utc_now
from storage.crawl.endpoints import add_endpoints, due_endpoints
from storage.types.endpoints import DueEndpoint, EndpointFailed, EndpointRead

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from scrapy.http import Response
    from twisted.python.failure import Failure

    from crawler.items import EndpointContent
    from crawler.run.context import RunContext
    from storage.types.endpoints import EndpointResult

# A sitemap may have 50 MB by its protocol; a feed has no limit of its own.
_ENDPOINT_BYTES = 64 * 1024 * 1024
_PERMANENT = {301, 308}


class EndpointVisits:
    """The endpoint visits of one run. ``in_flight`` counts those without a response yet."""

    def __init__(self, run: RunContext) -> None:
        self.run = run
        self.in_flight = 0
        self._visited: set[int] = set()

    def due_requests(self) -> list[Request]:
        """Return requests for the endpoints that are due and were not visited yet."""
        run = self.run
        with run.archive.reading() as session:
            due = due_endpoints(session, run.source.id, run.started_at, all_of_them=not run.due)
        unvisited = [endpoint for endpoint in due if endpoint.id not in self._visited]
        self._visited.update(endpoint.id for endpoint in unvisited)
        self.in_flight += len(unvisited)
        return [self._request(endpoint) for endpoint in unvisited]

    def _request(self, endpoint: DueEndpoint) -> Request:
        validators = None
        if not self.run.rendering.may_render(endpoint):
            validators = Validators(endpoint.url, endpoint.etag, endpoint.last_modified)
        return Request(
            endpoint.url,
            callback=self.parse,
            errback=self.request_failed,
            dont_filter=True,
            priority=10,
            meta={
                "download_maxsize": _ENDPOINT_BYTES,
                fetch_context.KEY: FetchContext(
                    subject=endpoint, validators=validators, wants_digest=True
                ),
            },
        )

    async def parse(self, response: Response) -> AsyncIterator[Request]:
        """Record what an endpoint announces; a sitemap index leads to further endpoints."""
        endpoint = fetch_context.endpoint_of(response)
        try:
            failure = failures.classify_status(response)
            if failure is not None:
                await self._record_failure(endpoint, failure, response)
                return
            content = await self._parse_content(endpoint, response)
            if content is not None and content.children:
                for request in self.due_requests():
                    yield request
        finally:
            self._request_done()

    def _request_done(self) -> None:
        self.in_flight -= 1
        self.run.wake()

    async def _parse_content(
        self, endpoint: DueEndpoint, response: Response
    ) -> EndpointContent | None:
        run = self.run
        may_change_unseen = run.rendering.may_render(endpoint)
        digest = None if may_change_unseen else fetch_context.of(response).digest
        read = EndpointRead(
            endpoint.id,
            response.status,
            header(response, "ETag"),
            header(response, "Last-Modified"),
            digest,
            moved_to=moved_to(response),
        )
        if read.is_unchanged(endpoint.digest):
            run.tally.unchanged_endpoints += 1
            await self._record(read, None)
            return None
        try:
            content: EndpointContent = await run.worker_pool.run(
                jobs.endpoint_job,
                endpoint.kind,
                response.body,
                response.url,
                content_type(response),
            )
            content = await run.rendering.render_listing(endpoint, response, content)
        except (DiscoveryError, BadPage, pool.WorkerFailure) as error:
            cause = getattr(error, "cause", "") or f"not-a-{endpoint.kind}"
            await self._record_failure(endpoint, failures.Failure(cause, str(error)), response)
            return None
        if content.note:
            run.log.info("%s: %s", endpoint.url, content.note)
        run.tally.causes.update(content.skipped)
        hints = content.polling_hints
        fresh_for = max_age(response)
        if fresh_for:
            least = max(hints.least_minutes or 0, fresh_for // 60) or None
            hints = dataclasses.replace(hints, least_minutes=least)
        read = dataclasses.replace(
            read, title=content.title, announcements=content.announcements, polling_hints=hints
        )
        await self._record(read, content)
        return content

    async def _record(self, read: EndpointRead, content: EndpointContent | None) -> None:
        run = self.run
        recorder, archive, source_id = run.recorder, run.archive, run.source.id

        def work() -> EndpointResult:
            if content is not None and content.children:
                children = content.children
                archive.write(lambda s: add_endpoints(s, source_id, children, utc_now()))
            return archive.record_endpoint(source_id, read, utc_now())

        try:
            result = await recorder.call(work)
        except ArchiveError as error:
            run.stop(str(error))
            return
        run.tally.endpoints += 1
        run.tally.announced += result.announced
        run.tally.fresh += result.new
        self._log_result(result)

    def _log_result(self, result: EndpointResult) -> None:
        if result.message:
            self.run.log.warning("%s", result.message)
        if result.gap is not None:
            since, until = result.gap
            self.run.tally.gaps += 1
            self.run.log.warning(
                "gap: items published from %s to %s left the feed before they were read; "
                "a backfill looks for them",
                since.isoformat(timespec="minutes"),
                until.isoformat(timespec="minutes"),
            )

    async def request_failed(self, failure: Failure) -> None:
        """Record an endpoint that could not be fetched."""
        request = failure.request  # type: ignore[attr-defined]
        endpoint = fetch_context.endpoint_of(request)
        try:
            await self._record_failure(
                endpoint, failures.classify_exception(failure.value, request.url)
            )
        finally:
            self._request_done()

    async def _record_failure(
        self, endpoint: DueEndpoint, failure: failures.Failure, response: Response | None = None
    ) -> None:
        if failure.cause == pool.INTERRUPTED:
            return
        run = self.run
        run.log.warning("endpoint %s: %s (%s)", endpoint.url, failure.detail, failure.cause)
        run.tally.causes[f"endpoint-{failure.cause}"] += 1
        status, wait = None, None
        if response is not None:
            status = response.status
            wait = retry_after(response.headers.get("Retry-After"), datetime.now(UTC))
        outcome = EndpointFailed(endpoint.id, failure.cause, failure.detail, status, wait)
        recorder, source_id = run.recorder, run.source.id
        try:
            result: EndpointResult = await recorder.call(
                lambda: recorder.archive.record_endpoint(source_id, outcome, utc_now())
            )
        except ArchiveError as error:
            run.stop(str(error))
            return
        self._log_result(result)


def moved_to(response: Response) -> str | None:
    """Return the new URL of a request whose redirects were all permanent."""
    reasons = response.meta.get("redirect_reasons")
    if not reasons or not all(reason in _PERMANENT for reason in reasons):
        return None
    return response.url
