"""Logs of a crawl on stderr: warnings by default, more with -v."""

from __future__ import annotations

import logging

_LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)
# The library's own remarks on requests are of interest to its developers only.
_QUIET = ("scrapy", "twisted", "asyncio", "py.warnings", "charset_normalizer", "pebble", "filelock")


def configure_logs(verbose: int, handler: logging.Handler | None = None) -> None:
    """Send logs to stderr (or ``handler``) at the level that ``-v`` asks for."""
    level = _LEVELS[min(verbose, 2)]
    handler = handler or logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    # What ends a run is the summary's to tell; under `scrapy crawl` the log is all there is.
    handler.addFilter(lambda record: not getattr(record, "told", False))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # Its middlewares log what the run counts and tells by cause, with tracebacks.
    logging.getLogger("scrapy.downloadermiddlewares").setLevel(logging.CRITICAL)
    if verbose < 2:
        for name in _QUIET:
            logging.getLogger(name).setLevel(logging.ERROR)
