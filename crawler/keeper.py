"""The captures' writer of one crawl and the thread that it lives in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from storage.captures import CaptureWriter
from storage.version import VERSION

if TYPE_CHECKING:
    from pathlib import Path


class Keeper:
    """One WARC writer, used from one thread: compressing and writing leave the reactor alone."""

    def __init__(self, folder: Path, label: str) -> None:
        self.writer = CaptureWriter(folder, label, f"Dateline/{VERSION}")
        self.executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="captures")

    def close(self) -> None:
        """Finish what is being written and close the file."""
        try:
            self.executor.submit(self.writer.close).result()
        finally:
            self.executor.shutdown()
