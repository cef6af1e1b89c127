"""Logs of a crawl on stderr: warnings by default, more with -v."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

from storage.text.normalize import printable, without_credentials

_LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)
# The library's own remarks on requests are of interest to its developers only.
_QUIET = ("scrapy", "twisted", "asyncio", "py.warnings", "charset_normalizer", "filelock")


class Plain(logging.Formatter):
    """A line per message, without passwords of URLs and what no terminal can show."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        return printable(without_credentials(super().format(record)))


class JsonLines(logging.Formatter):
    """A JSON object a line, for programs that gather logs."""

    def format(self, record: logging.LogRecord) -> str:
        """``at``, ``level``, ``logger``, ``message``, and ``source`` and ``error`` if any."""
        said: dict[str, str] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(), "logger": record.name,
            "message": printable(without_credentials(record.getMessage())),
        }  # fmt: skip
        source = getattr(getattr(record, "spider", None), "source_name", None)
        if source:
            said["source"] = source
        if record.exc_info:
            said["error"] = self.formatException(record.exc_info)
        return json.dumps(said, ensure_ascii=False)


def configure_logs(
    verbose: int, handler: logging.Handler | None = None, *, as_json: bool = False
) -> None:
    """Send logs to stderr (or ``handler``) at the level that ``-v`` asks for."""
    level = _LEVELS[min(verbose, 2)]
    handler = handler or logging.StreamHandler()
    # A handler of Rich shows the level in a column of its own.
    level_too = "%(levelname)s " if type(handler) is logging.StreamHandler else ""
    plain = Plain(f"{level_too}%(name)s: %(message)s")
    handler.setFormatter(JsonLines() if as_json else plain)
    # What ends a run is the summary's to tell; under `scrapy crawl` the log is all there is.
    handler.addFilter(lambda record: not getattr(record, "told", False))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # Its middlewares log what the run counts and tells by cause, with tracebacks.
    logging.getLogger("scrapy.downloadermiddlewares").setLevel(logging.CRITICAL)
    if verbose < 2:
        for name in _QUIET:
            logging.getLogger(name).setLevel(logging.ERROR)
