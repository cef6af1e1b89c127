"""When to look at something again. Pure rules over moments."""

from __future__ import annotations

from datetime import datetime, timedelta

# News is corrected within hours, seldom after a week: (age since the first fetch, interval).
# An interval of zero means at every crawl run.
_ARTICLE_CHECKS = (
    (timedelta(days=1), timedelta(0)),
    (timedelta(days=7), timedelta(hours=12)),
    (timedelta(days=30), timedelta(days=5)),
    (timedelta(days=365), timedelta(days=60)),
)
ENDPOINT_INTERVAL = timedelta(minutes=30)
_MAX_BACKOFF = timedelta(days=2)
_LONGEST_PAUSE = timedelta(days=1)
_QUIET_SHARE = 4


def next_article_check(first_fetched_at: datetime, now: datetime) -> datetime | None:
    """When to look at an article again; ``None`` once it is over a year in the archive."""
    age = now - first_fetched_at
    return next((now + pause for limit, pause in _ARTICLE_CHECKS if age < limit), None)


def next_endpoint_visit(
    now: datetime, failures: int, changed_at: datetime | None = None
) -> datetime:
    """When an endpoint is due again.

    Doubling with each failure in a row, two days at most. One that was read waits a quarter of the
    time since it last changed, between half an hour and a day: what changes hourly is asked twice
    an hour, what changes weekly some times between, and both are caught within a quarter of their
    own pace.
    """
    if failures:
        pause: timedelta = ENDPOINT_INTERVAL * (1 << min(failures, 10))
        return now + min(pause, _MAX_BACKOFF)
    quiet = timedelta(0) if changed_at is None else (now - changed_at) / _QUIET_SHARE
    return now + max(ENDPOINT_INTERVAL, min(quiet, _LONGEST_PAUSE))
