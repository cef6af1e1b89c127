"""Articles that go on over several pages: one article, whole or said to be incomplete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.pages import article_page, sentences

if TYPE_CHECKING:
    from tests.crawler.commands import Commands
    from tests.pages import LocalSite

pytestmark = pytest.mark.crawl

STORY = "/news/the-long-report-of-the-quay"


def _page(number: int, *, last: bool = False) -> str:
    following = "" if last else f'<nav><a rel="next" href="{STORY}/{number + 1}">Next</a></nav>'
    words = [f"PAGEWORD{number} it says. {line}" for line in sentences(number)]
    return article_page("The long report of the quay", words, extra=following)


def test_an_article_of_several_pages_is_one(dateline_sqlite: Commands, site: LocalSite) -> None:
    site.set(STORY, _page(1))
    site.set(f"{STORY}/2", _page(2))
    other = article_page("Another story of the harbour", sentences(9))
    site.set("/news/another-story-of-the-harbour", other.replace(
        "</head>", f'<link rel="next" href="{STORY}"></head>'))  # fmt: skip
    items = "".join(f"<item><link>{path}</link></item>"
                    for path in (STORY, "/news/another-story-of-the-harbour"))  # fmt: skip
    site.set("/rss", f"<rss version='2.0'><channel><title>x</title>{items}</channel></rss>",
             "text/xml")  # fmt: skip
    assert dateline_sqlite("add", f"{site.base}/rss", "--name", "x").code == 0
    assert dateline_sqlite("crawl", "--json").json[0]["new"] == 2

    def shown() -> dict[str, Any]:
        found: dict[str, Any] = dateline_sqlite("show", site.base + STORY, "--json").json
        return found

    assert "PAGEWORD2" in str(shown())
    assert "page 3 could not be fetched" in str(shown())
    assert "Incomplete" in dateline_sqlite("show", site.base + STORY).out
    # The page that was missing comes, and the first one is as it was.
    site.set(f"{STORY}/3", _page(3, last=True))
    summary = dateline_sqlite("crawl", "--json").json[0]
    assert summary["revised"] == 1, summary
    text = str(shown())
    assert text.index("PAGEWORD1") < text.index("PAGEWORD2") < text.index("PAGEWORD3")
    assert "ncomplete" not in text
    done = dateline_sqlite("reextract", "--json")
    assert '"changed": 0' in done.out, done.out + done.err
    # No page of it is an article of its own.
    assert dateline_sqlite("crawl", "x", "--url", f"{site.base}{STORY}/2").code == 0
    assert len(dateline_sqlite("search", "PAGEWORD2", "--json").json) == 1
    assert dateline_sqlite("db", "check").code == 0
