"""Housekeeping after a run: deferred work and index maintenance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.maintenance.takedown import sweep_erased
from storage.search.index.optimize import optimize

if TYPE_CHECKING:
    from storage.database.handle import Database


def run_housekeeping(database: Database, took: float) -> None:
    """Clean up after a run of ``took`` seconds: sweep erased captures, optimize the database."""
    sweep_erased(database)
    optimize(database, took)
