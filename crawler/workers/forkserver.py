"""The server that worker processes are forked from; it loads what they need once."""

from __future__ import annotations

import multiprocessing
from multiprocessing import forkserver
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext


def context() -> ForkServerContext:
    """What makes processes of it: a new one has everything loaded and starts in milliseconds."""
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload(["crawler.workers.preload"])
    return made


def begin() -> None:
    """Start the server now: it loads beside what this process does until it needs a worker."""
    context()
    forkserver.ensure_running()
