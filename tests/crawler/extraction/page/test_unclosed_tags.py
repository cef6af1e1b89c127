"""Elements that are never closed: no parser's limit may cost an article its end."""

from __future__ import annotations

import random

import pytest
from lxml import etree

from crawler.extraction.article import extract
from crawler.extraction.page import unclosed_tags
from crawler.extraction.page.parse import parse_html
from dateline.demo.texts import STORIES

URL = "https://herald.example/2026/03/09/a-story-of-the-harbour"
UNITS = {
    "font": "<font color=red>{}<br>",
    "list in bold": "<li><b>{}",
    "div": "<div>{}",
    "table in table": "<table><tr><td>{}",
    "anchor": "<p><a name=x>{}",
    "span": "<SPAN class=t>{}<br>",
    "quote": "<blockquote><p>{}",
    "list in list": "<ul><li>{}",
    "section": "<section><p>{}</p>",
    "bold in paragraph": "<p><b>{}",
}


def _lines(count: int) -> list[str]:
    chance = random.Random(4)
    words = " ".join(text for story in STORIES for text in story.text).split()
    return [
        " ".join(chance.choices(words, k=24)).capitalize() + f" Line {i}." for i in range(count)
    ]


@pytest.mark.parametrize(
    ("name", "count"), [*((name, 300) for name in UNITS), ("div", 60), ("font", 3_000)]
)
def test_every_line_is_kept(name: str, count: int) -> None:
    body = "".join(UNITS[name].format(line) for line in _lines(count))
    page = (
        "<html><head><title>A story of the harbour</title><meta property='og:type'"
        f" content='article'></head><body><article><h1>A story of the harbour</h1>{body}"
        "</article></body></html>"
    )
    article = extract(page.encode(), URL).article
    assert article is not None
    # Some at its edges may be taken for what stands around an article.
    assert sum(f"Line {i}." in article.text for i in range(count)) >= 0.95 * count


def test_what_is_nested_properly_beyond_the_limit_is_kept_too() -> None:
    deep = "<div>" * 400 + "<p>The text.</p>" + "</div>" * 400
    root = parse_html(f"<html><body>{deep}<p>After it.</p></body></html>".encode(), URL).root
    assert list(root.itertext()) == ["The text.", "After it."]


def test_a_page_that_is_closed_stays_as_it_is() -> None:
    page = b"<html><body>" + b"<div><ul><li>One<li>Two</ul></div>" * 90 + b"</body></html>"
    assert unclosed_tags.closed(page) == page
    assert unclosed_tags.depth_of_end(etree.HTML(page)) < unclosed_tags.DEEP
