"""``scrapy crawl``, with exit code 1 for a failed crawl."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.commands.crawl import Command as CrawlCommand

if TYPE_CHECKING:
    import argparse

    from scrapy import Spider
    from scrapy.crawler import Crawler


class Command(CrawlCommand):
    """Scrapy's command; exits with 1 also where the spider reports a failure."""

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Crawl, and set the exit code from the spider's failure."""
        made: list[Crawler] = []
        create = self._create_crawler

        def remembered(name: type[Spider] | str) -> Crawler:
            made.append(create(name))
            return made[-1]

        self._create_crawler = remembered  # type: ignore[method-assign,assignment]
        super().run(args, opts)
        if any(getattr(crawler.spider, "failure", None) for crawler in made):
            self.exitcode = 1
