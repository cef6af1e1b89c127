"""The fork server of worker processes; it imports what they need once."""

from __future__ import annotations

import multiprocessing
from multiprocessing import forkserver
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext


def context() -> ForkServerContext:
    """Return the multiprocessing context: its processes start with everything imported."""
    forkserver_context = multiprocessing.get_context("forkserver")
    forkserver_context.set_forkserver_preload(["crawler.workers.preload"])
    return forkserver_context


def start_early() -> None:
    """Start the fork server now, so that it imports while this process does other work."""
    context()
    forkserver.ensure_running()
