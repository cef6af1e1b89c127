"""Prometheus metrics of the archive: ``/metrics``."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from fastapi import APIRouter, Depends
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0
from starlette.responses import Response

from dateline.web.dependencies import ArchiveDep, reader_of
from storage.clock import utc_now
from storage.monitoring import metrics as figures

if TYPE_CHECKING:
    from collections.abc import Iterator

    from storage.archive import Archive

router = APIRouter(dependencies=[Depends(reader_of)])
_NAMES = ("articles", "waiting", "endpoints", "failing_endpoints", "alarms", "overdue_seconds")
_HELP = {
    "articles": "Articles per source.",
    "waiting": "URLs of a source that wait to be fetched.",
    "endpoints": "Endpoints of a source: feeds, sitemaps and listing pages.",
    "failing_endpoints": "Endpoints of a source whose last fetch failed.",
    "alarms": "Open alarms of a source.",
    "overdue_seconds": "Seconds since the source became due without being crawled.",
}


class _Archive:
    """Collects the metrics on each scrape; nothing is kept in memory."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the current metrics."""
        now = utc_now()
        found = figures.source_metrics(self._archive, now)
        for name in _NAMES:
            family = GaugeMetricFamily(f"dateline_{name}", _HELP[name], labels=["source"])
            for one in found:
                family.add_metric([one.source], float(getattr(one, name)))
            yield family
        ended = GaugeMetricFamily(
            "dateline_last_success_timestamp_seconds",
            "Time of the last successful crawl of a source.",
            labels=["source"],
        )
        pages = GaugeMetricFamily(
            "dateline_last_run_pages",
            "Pages of the last crawl by outcome.",
            labels=["source", "verdict"],
        )
        causes = GaugeMetricFamily(
            "dateline_last_run_causes",
            "Errors of the last crawl by cause.",
            labels=["source", "cause"],
        )
        for one in found:
            if isinstance(one.last_success, datetime):
                ended.add_metric([one.source], one.last_success.timestamp())
            for verdict, count in sorted(one.last_counts.items()):
                pages.add_metric([one.source, verdict], float(count))
            for cause, count in sorted(one.last_causes.items()):
                causes.add_metric([one.source, cause], float(count))
        yield from (ended, pages, causes)
        whole = figures.archive_metrics(self._archive)
        for name, value in (
            ("capture_bytes", whole.capture_bytes),
            ("database_bytes", whole.database_bytes),
            ("free_bytes", whole.free_bytes),
            ("messages_waiting", whole.messages_waiting),
        ):
            yield GaugeMetricFamily(f"dateline_{name}", _WHOLE[name], value=float(value))


_WHOLE = {
    "capture_bytes": "Size of the capture files in bytes.",
    "database_bytes": "Size of the database in bytes.",
    "free_bytes": "Free disk space for captures in bytes.",
    "messages_waiting": "Alert messages that are not delivered yet.",
}


@router.get("/metrics", include_in_schema=False)
def metrics(archive: ArchiveDep) -> Response:
    """Serve the metrics in the Prometheus text format."""
    registry = CollectorRegistry()
    registry.register(_Archive(archive))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_PLAIN_1_0_0)
