"""The write path of fetched pages, for one page as for a batch: look up, decide, write."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from storage.ingest.decide.outcomes import decide
from storage.ingest.decide.plan import Plan
from storage.ingest.lookup import lookup
from storage.ingest.page import StoredPage
from storage.ingest.write.change import write
from storage.types.pages import PageStored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from storage.ingest.change import IngestBatch
    from storage.types.pages import Outcome, Recorded


def write_batch(
    connection: Connection, batch: IngestBatch, outcomes: Sequence[Outcome]
) -> list[Recorded]:
    """Write outcomes in the caller's transaction; what was made of each, in their order.

    The order counts: what one page links to or claims decides what the next one is. The source is
    locked, so that nobody else writes what was looked up.
    """
    pages = [StoredPage.of(one) if isinstance(one, PageStored) else one for one in outcomes]
    plan = Plan(lookup(connection, batch.source_id, pages), batch)
    recorded = [decide(plan, page) for page in pages]
    ids = write(connection, batch, plan.change)
    return [
        one if one.item_id is None else dataclasses.replace(one, item_id=ids.item(one.item_id))
        for one in recorded
    ]
