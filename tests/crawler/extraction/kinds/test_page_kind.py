"""What a page is: the whole set of pages in ten languages, and cases that lie between."""

from __future__ import annotations

import pytest

from crawler.extraction.article import extract
from crawler.extraction.kinds import classifier
from storage.types.content import article_from_json, to_json
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


@pytest.mark.parametrize(
    ("confidence", "kind", "doubtful"),
    [(0.2, "article", False), (0.5, "article", True), (0.9, "forum", None)],
)
def test_what_may_be_something_else_is_kept_with_a_mark(
    monkeypatch: pytest.MonkeyPatch, confidence: float, kind: str, doubtful: bool | None
) -> None:
    monkeypatch.setattr(classifier, "guess", lambda row: classifier.Guess("forum", confidence))
    text = "".join(f"<p>{sentence}</p>" for sentence in sentences(6, 20))
    page = f"<html><head><title>The quay</title></head><body><h1>The quay</h1>{text}</body></html>"
    found = extract(page.encode(), "https://a.example/the-quay-is-open-again")
    assert found.kind == kind
    assert (found.article.doubtful if found.article else None) == doubtful
    if found.article is not None:
        assert article_from_json(to_json(found.article)) == found.article
        assert ("doubtful" in found.article.provenance) == found.article.doubtful


@pytest.mark.parametrize(("prose", "kind"), [(12, "article"), (3, "listing")])
def test_a_text_about_links_is_kept_and_a_list_of_them_is_not(prose: int, kind: str) -> None:
    said = sentences(3, 30)
    text = "".join(f"<p>{sentence}</p>" for sentence in said[:prose])
    links = "".join(
        f'<h3><a href="/cams/{i}">Camera {i} of the quay</a></h3><p>{said[prose + i]}</p>'
        for i in range(9)
    )
    page = f"<html><title>Cameras</title><main><h1>Cameras</h1>{text}{links}</main></html>"
    found = extract(page.encode(), "https://a.example/cameras-of-the-quay")
    assert found.kind == kind, found.reason
    assert (found.article is not None and found.article.doubtful) == (kind == "article")
