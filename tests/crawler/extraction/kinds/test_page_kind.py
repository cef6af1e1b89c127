"""What a page is: the whole set of pages in ten languages, and cases that lie between."""

from __future__ import annotations

import pytest

from crawler.extraction.article import extract
from tests.kind_pages import KindPage, pages
from tests.pages import article_page, sentences

PAGES = tuple(pages())


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_a_page_is_taken_for_what_it_is(page: KindPage) -> None:
    found = extract(page.body, page.url)
    assert found.kind == page.kind, found.reason
    assert (found.article is not None) == (page.kind in ("article", "video", "gallery"))


def test_a_menu_without_a_text_is_an_empty_page_and_no_listing() -> None:
    menu = "".join(f'<li><a href="/{i}/">Section {i}</a></li>' for i in range(30))
    assert extract(f"<ul>{menu}</ul>".encode(), "https://a.example/x").kind == "empty"


def test_a_long_text_with_a_film_is_an_article() -> None:
    film = '<script type="application/ld+json">{"@type": "VideoObject", "headline": "The quay"}</script>'
    page = article_page("The quay is open again", sentences(3, 20), extra=film)
    found = extract(page.encode(), "https://a.example/2026/03/05/the-quay-is-open-again")
    assert found.kind == "article"
    assert found.article is not None
    assert found.article.kind is None


@pytest.mark.parametrize("tag", ["noscript", "footer", "nav"])
def test_what_furniture_says_of_itself_is_no_article(tag: str) -> None:
    said = "This site needs JavaScript. Please enable it in your browser, then load the page again."
    page = f"<html><head><title>Quay</title></head><body><div id=app></div><{tag}>{said}</{tag}></body></html>"
    assert (
        extract(page.encode(), "https://quay.example/news/a-story-of-the-quay", "").article is None
    )
