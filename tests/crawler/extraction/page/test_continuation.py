"""Which address is the next page of an article, and which is another article."""

from __future__ import annotations

import dataclasses

import pytest

from crawler.extraction.page.continuation import adds_text, is_same_article, joined, next_page
from tests.storage.values import article

B = "https://herald.example"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("/news/a", "/news/a?page=2"), ("/news/a", "/news/a/2"), ("/news/a/", "/news/a/2/"),
        ("/news/a.html", "/news/a-2.html"), ("/news/a.html", "/news/a_2.html"),
        ("/news/a.html", "/news/a,2.html"), ("/news/a.html", "/news/a/page/2"),
        ("/news/a.html", "/news/a.html?seite=2"), ("/news/a.html", "/news/a.html/2"),
        ("/news/a", "/news/a/page/2/"), ("/news/a", "/news/a,seite-2"), ("/news/a", "/news/a-page2"),
        ("/news/a?id=7", "/news/a?id=7&pagewanted=2"), ("/?p=77", "/?p=77&page=2"),
        ("/news/a?page=1", "/news/a?page=2"), ("/news/a/page/1", "/news/a/page/2"),
        ("/news/a", "http://www.herald.example/news/a?PAGE=2"),
    ],
)  # fmt: skip
def test_the_next_page_is_the_first_ones_address_with_its_number(first: str, second: str) -> None:
    url = second if second.startswith("http") else B + second
    assert next_page(B + first, 2, ((url, False),)) == url
    assert next_page(B + first, 3, ((url, False),)) is None


def test_some_count_from_zero_where_rel_says_so() -> None:
    assert next_page(f"{B}/a", 2, ((f"{B}/a?page=1", True),)) == f"{B}/a?page=1"
    assert next_page(f"{B}/a", 2, ((f"{B}/a?page=1", False),)) is None


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("/news/a", "/news/b"), ("/news/a", "/news/ab?page=2"), ("/news/1", "/news/2"),
        ("/node/1", "/node/2"), ("/a?id=1", "/a?id=2"), ("/?p=1", "/?p=2&x=1"), ("/", "/2"),
        ("/news/a", "/news/a?comments_page=2"), ("/news/a", "/news/a/comment-page-2"),
        ("/news/a", "/news/a-part-2"), ("/news/a", "/news/a/gallery/2"), ("/news/a", "/news/a?slide=2"),
        ("/news/a", "https://other.example/news/a?page=2"), ("/news/a", "/news/a/2019"),
        ("/news/a-1", "/news/a-2"),
    ],
)  # fmt: skip
def test_another_article_is_no_page(first: str, second: str) -> None:
    url = second if second.startswith("http") else B + second
    assert next_page(B + first, 2, ((url, True),)) is None


@pytest.mark.parametrize(
    ("headline", "canonical", "same"),
    [
        ("The quay", None, True), ("The quay - Page 2", None, True), ("The quay (2/3)", "/a/2", True),
        ("Batteries", "/a", True), ("Batteries", None, False), ("Part two", "/a/2", False),
        ("The quay", "/b", False),
    ],
)  # fmt: skip
def test_what_is_read_must_be_the_same_article(
    headline: str, canonical: str | None, same: bool
) -> None:
    other = article(headline, canonical_url=canonical and B + canonical)
    assert is_same_article(article("The quay"), f"{B}/a", other, f"{B}/a/2") is same


def test_pages_are_joined_in_order_without_what_each_repeats() -> None:
    first, second = article("The quay", "Lead.", "One."), article("The quay", "Lead.", "Two.")
    whole = joined(first, [second], None)
    assert whole.text == "Lead.\nOne.\nTwo."
    assert whole.provenance["pages"] == "2"
    assert not adds_text([first], dataclasses.replace(first, headline="The quay - Page 2"))
    lacking = joined(first, [], 2)
    assert "ncomplete" in lacking.provenance["pages"] + lacking.notices[0]
