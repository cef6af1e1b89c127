"""Logging to stderr: warnings by default, more with -v."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

from storage.text.normalize import replace_unprintable, strip_credentials

_LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)
# Libraries whose messages only help their developers.
_QUIET = ("scrapy", "twisted", "asyncio", "py.warnings", "charset_normalizer", "filelock")


class Plain(logging.Formatter):
    """One line per message, without passwords in URLs and unprintable characters."""

    def format(self, record: logging.LogRecord) -> str:
        """Format one line."""
        return replace_unprintable(strip_credentials(super().format(record)))


class JsonLines(logging.Formatter):
    """One JSON object per line, for log collectors."""

    def format(self, record: logging.LogRecord) -> str:
        """Format ``at``, ``level``, ``logger``, ``message``, and ``source``, ``error`` if set."""
        said: dict[str, str] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": replace_unprintable(strip_credentials(record.getMessage())),
        }
        source = getattr(getattr(record, "spider", None), "source_name", None)
        if source:
            said["source"] = source
        if record.exc_info:
            said["error"] = self.formatException(record.exc_info)
        return json.dumps(said, ensure_ascii=False)


def configure_logs(
    verbose: int, handler: logging.Handler | None = None, *, as_json: bool = False
) -> None:
    """Send logs to stderr (or ``handler``); ``verbose`` is the number of ``-v``."""
    level = _LEVELS[min(verbose, 2)]
    handler = handler or logging.StreamHandler()
    # Rich's handler has a separate column for the level.
    level_too = "%(levelname)s " if type(handler) is logging.StreamHandler else ""
    plain = Plain(f"{level_too}%(name)s: %(message)s")
    handler.setFormatter(JsonLines() if as_json else plain)
    # The summary shows what ended a run; `scrapy crawl` has only the log.
    handler.addFilter(lambda record: not getattr(record, "already_reported", False))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # Scrapy's middlewares log with tracebacks what the run counts by cause.
    logging.getLogger("scrapy.downloadermiddlewares").setLevel(logging.CRITICAL)
    if verbose < 2:
        for name in _QUIET:
            logging.getLogger(name).setLevel(logging.ERROR)
