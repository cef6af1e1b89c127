"""Stores the other pages of a batch when the database rejects one.

Pages are cleaned before, so a rejection is a bug in Dateline. A bug must not end every crawl at the
same page: that page is skipped with its reason, and its capture is kept.
"""

from __future__ import annotations

import dataclasses
import logging
from typing import TYPE_CHECKING

from storage.errors import DataRejected
from storage.types.endpoints import EndpointFailed
from storage.types.pages import PageFailed, PageSkipped

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from storage.ingest.media import FetchedMedia
    from storage.types.endpoints import EndpointRead
    from storage.types.pages import Outcome, Recorded

logger = logging.getLogger(__name__)

CAUSE = "not-storable"


def one_by_one(
    write: Callable[[Sequence[Outcome]], list[Recorded]], outcomes: Sequence[Outcome]
) -> list[Recorded]:
    """Write each outcome in its own transaction; skip rejected ones, and keep their captures.

    Raises:
        ArchiveError: nothing can be written.
    """
    return [_written(write, outcome) for outcome in outcomes]


def _written(write: Callable[[Sequence[Outcome]], list[Recorded]], outcome: Outcome) -> Recorded:
    try:
        return write([outcome])[0]
    except DataRejected as error:
        refused = error
    logger.warning("%s is skipped: %s", outcome.task.url, refused)
    detail = refused.message
    capture = getattr(outcome, "capture", None)
    if capture is not None:
        try:
            return write([PageSkipped(outcome.task, CAUSE, detail, capture)])[0]
        except DataRejected:
            logger.warning("the capture of %s cannot be told of either", outcome.task.url)
    return write([PageFailed(outcome.task, CAUSE, detail, final=True)])[0]


def failed_endpoint(read: EndpointRead | EndpointFailed, refused: DataRejected) -> EndpointFailed:
    """Return the failed visit of an endpoint whose announcements were rejected."""
    logger.warning("what an endpoint announced is left out: %s", refused)
    return EndpointFailed(read.endpoint_id, CAUSE, refused.message, read.status)


def each_media(
    write: Callable[[Sequence[FetchedMedia]], None], fetched: Sequence[FetchedMedia]
) -> None:
    """Write each file in its own transaction, without its text if that is rejected."""
    for one in fetched:
        try:
            write([one])
        except DataRejected as error:
            logger.warning("the text of an attachment is left out: %s", error)
            write([dataclasses.replace(one, text=None)])
