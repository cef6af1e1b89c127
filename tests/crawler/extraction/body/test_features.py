"""What the features claim of a page: groups of class words, nearness, and no quadratic step."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.extraction.article import extract
from crawler.extraction.blocks import class_groups
from crawler.extraction.blocks.walk import Walk
from crawler.extraction.body import features
from crawler.extraction.page.parse import parse_html

if TYPE_CHECKING:
    from collections.abc import Callable

URL = "https://a.example/2026/03/05/the-quay-is-open-again"
PARTS = ("article-body", "par", "p", "tags", "ad-slot", "a-lire", "byline", "x", "css-1ab", "read", "body", "_",
         "-", "bottom", "sharing", "tab", "btn", "meta", "list")  # fmt: skip


@given(st.lists(st.sampled_from(PARTS), max_size=5).map("".join) | st.text(max_size=30))
def test_a_word_is_looked_at_only_by_the_patterns_that_can_match_it(word: str) -> None:
    words = word.lower().split()
    matched = {i for w in words for i, p in enumerate(class_groups._GROUP_PATTERNS) if p.search(w)}
    assert class_groups.groups_of(word.lower()) == matched


def test_nearness_counts_the_steps_to_the_nearest_ancestor() -> None:
    page = parse_html(
        b'<body><article><div class="related"><div><p>One sentence here.</p></div></div>'
        b"<p>Another one there.</p></article></body>", URL
    )  # fmt: skip
    blocks = Walk(page.root, page.base_url).blocks
    near = features._nearness(blocks)
    article = features._SECTIONS.index("article")
    related = len(features._SECTIONS) + class_groups.GROUPS.index("related")
    assert near[0, related] == pytest.approx(1 / 3)
    assert near[0, article] == pytest.approx(1 / 4)
    assert near[1, related] == 0
    assert near[1, article] == pytest.approx(1 / 2)


def test_what_is_link_alone_is_not_considered_and_counts_as_a_gap() -> None:
    page = parse_html(
        b'<body><p>First one.</p><p><a href="/a">Away</a></p><p>Second.</p></body>', URL
    )
    kept = features.considered(Walk(page.root, page.base_url).blocks)
    assert [block.text for block in kept] == ["First one.", "Second."]
    rows = features.matrix(kept, features.Context())
    assert rows.shape == (2, len(features.NAMES))
    assert rows[:, features.NAMES.index("links_after")] == pytest.approx([np.log(2), 0.0])


def steps(work: Callable[[], Any]) -> int:
    """How many calls of functions, Python's and C's, ``work`` makes."""
    count = 0

    def seen(frame: Any, event: str, arg: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(seen)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


SHAPES = {
    "siblings": lambda n: "<p>A short line, with a word.</p>" * n,
    "links": lambda n: (
        '<p>See <a href="/2026/01/02/a-story-of-some-words">a story of words</a></p>' * n
    ),
    "list": lambda n: "<ul>" + "<li>A short line, with a word.</li>" * n + "</ul>",
    "nested": lambda n: '<div class="content">A word. ' * n,
    "inline": lambda n: "<p>" + "<b>A word, and </b>" * n + "</p>",
    "nested inline": lambda n: "<p>" + "<b>A word " * n,
    "table": lambda n: "<table>" + "<tr><td>One</td><td>Two</td></tr>" * n + "</table>",
    "time": lambda n: '<p><time datetime="2026-01-02">2 Jan</time> A word.</p>' * n,
}


@pytest.mark.parametrize("shape", SHAPES)
def test_steps_grow_with_the_page_and_no_faster(shape: str) -> None:
    def page(count: int) -> bytes:
        body = SHAPES[shape](count)
        return (
            f"<html><body><article><h1>The quay is open</h1>{body}</article></body></html>".encode()
        )

    extract(page(100), URL)
    half = steps(lambda: extract(page(50_000), URL))
    whole = steps(lambda: extract(page(100_000), URL))
    assert whole <= 2.2 * half


@pytest.mark.parametrize("unit", ["x", "1", "2026", "(", "((a", "\u2014", " - "])
def test_no_pattern_goes_over_a_text_from_each_of_its_letters(unit: str) -> None:
    # Steps within a pattern cannot be counted; one that takes the square of them would not end.
    long = unit * (200_000 // len(unit))
    extract(
        f"<html><head><title>The quay</title><meta name=author content='{long}'>"
        f"<script>window.data = '{long}'</script></head><body><article><h1>The quay is open</h1>"
        f"<div class='byline author'>{long}</div><p>{long}</p><p>The council met.</p></article>"
        "</body></html>".encode(), URL,
    )  # fmt: skip
