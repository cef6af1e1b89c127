"""Decide a page's outcome, and which linked items to fetch. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.extraction.article import EXTRACTOR
from crawler.extraction.linked.link_rules import same_site
from storage.types.content import Article
from storage.types.endpoints import Announcement
from storage.types.pages import PageFailed, PageSkipped, PageStored

if TYPE_CHECKING:
    from scrapy.http import Response

    from crawler.workers.prepare import PreparedExtraction
    from storage.types.content import Entry, Link
    from storage.types.pages import CaptureRecord, Outcome, Task

_FOLLOWED = ("related", "entry")


def links_to_follow(
    content: Article | Entry, page_url: str, depth: int
) -> tuple[Announcement, ...]:
    """Return announcements for the related articles and directory entries in ``content``.

    ``depth`` is the number of links between an endpoint and the page. The run limits the depth;
    the frontier keeps deeper candidates for a run with a higher limit.
    """
    found: dict[str, Announcement] = {}
    for link in content.links:
        if link.relation in _FOLLOWED and same_site(link.url, page_url):
            found.setdefault(link.url, _announcement(link, depth + 1))
    for mention in content.mentions if isinstance(content, Article) else ():
        if mention.url is not None and same_site(mention.url, page_url):
            name = mention.full_name or mention.anchor
            found.setdefault(
                mention.url,
                Announcement(mention.url, kind="entry", depth=depth + 1, hints={"headline": name}),
            )
    return tuple(found.values())


def _announcement(link: Link, depth: int) -> Announcement:
    return Announcement(
        url=link.url,
        kind="entry" if link.relation == "entry" else "article",
        depth=depth,
        hints={"headline": link.anchor} if link.anchor else {},
    )


# Walls pass: the page behind them is tried again.
_WALLS = frozenset({"login-wall", "consent-wall", "bot-wall"})


def outcome_of(
    task: Task,
    response: Response,
    extraction: PreparedExtraction,
    capture: CaptureRecord,
    rendered_from: CaptureRecord | None = None,
) -> Outcome:
    """Return a page's outcome: stored, skipped as no item, or failed because of a wall."""
    content = extraction.content
    if content is None:
        if extraction.kind in _WALLS:
            return PageFailed(task, extraction.kind, extraction.reason)
        return PageSkipped(task, extraction.kind, extraction.reason, capture)
    urls = (*response.meta.get("redirect_urls", ()), response.url)
    follow = links_to_follow(content, response.url, task.depth)
    return PageStored(
        task,
        urls,
        capture,
        content,
        EXTRACTOR,
        follow,
        rendered_from=rendered_from,
        derived=extraction.derived,
    )
