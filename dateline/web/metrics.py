"""What the archive tells Prometheus: ``/metrics``."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from fastapi import APIRouter, Depends
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0
from starlette.responses import Response

from dateline.web.asking import Held, reader_of
from storage.clock import utc_now
from storage.monitoring import metrics as figures

if TYPE_CHECKING:
    from collections.abc import Iterator

    from storage.archive import Archive

router = APIRouter(dependencies=[Depends(reader_of)])
_NAMES = ("articles", "waiting", "endpoints", "failing_endpoints", "alarms", "overdue_seconds")
_HELP = {
    "articles": "Articles held of a source.",
    "waiting": "Addresses of a source that wait to be fetched.",
    "endpoints": "Feeds, sitemaps and lists of a source.",
    "failing_endpoints": "Those of them that failed when last asked.",
    "alarms": "Open alarms of a source.",
    "overdue_seconds": "For how long the source is due without being crawled.",
}


class _Archive:
    """Collects when it is asked, so that nothing is kept in memory."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The figures as they are now."""
        now = utc_now()
        found = figures.of_sources(self._archive, now)
        for name in _NAMES:
            family = GaugeMetricFamily(f"dateline_{name}", _HELP[name], labels=["source"])
            for one in found:
                family.add_metric([one.source], float(getattr(one, name)))
            yield family
        ended = GaugeMetricFamily(
            "dateline_last_success_timestamp_seconds",
            "When the last crawl of a source ended well.", labels=["source"],
        )  # fmt: skip
        pages = GaugeMetricFamily(
            "dateline_last_run_pages", "Pages of the last crawl by what became of them.",
            labels=["source", "verdict"],
        )  # fmt: skip
        causes = GaugeMetricFamily(
            "dateline_last_run_causes", "What went wrong in the last crawl, by its cause.",
            labels=["source", "cause"],
        )  # fmt: skip
        for one in found:
            if isinstance(one.last_success, datetime):
                ended.add_metric([one.source], one.last_success.timestamp())
            for verdict, count in sorted(one.last_counts.items()):
                pages.add_metric([one.source, verdict], float(count))
            for cause, count in sorted(one.last_causes.items()):
                causes.add_metric([one.source, cause], float(count))
        yield from (ended, pages, causes)
        whole = figures.of_archive(self._archive)
        for name, value in (
            ("capture_bytes", whole.capture_bytes), ("database_bytes", whole.database_bytes),
            ("free_bytes", whole.free_bytes), ("messages_waiting", whole.messages_waiting),
        ):  # fmt: skip
            yield GaugeMetricFamily(f"dateline_{name}", _WHOLE[name], value=float(value))


_WHOLE = {
    "capture_bytes": "Bytes of the captured pages.",
    "database_bytes": "Bytes of the database.",
    "free_bytes": "Bytes left where the captures lie.",
    "messages_waiting": "Alerts that were not taken yet.",
}


@router.get("/metrics", include_in_schema=False)
def metrics(archive: Held) -> Response:
    """The figures in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(_Archive(archive))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_PLAIN_1_0_0)
