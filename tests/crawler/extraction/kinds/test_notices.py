"""Warnings to the reader: found where they are one, not where a text speaks of them."""

from __future__ import annotations

import pytest

from crawler.extraction.article import extract
from tests.pages import article_page, sentences

URL = "https://a.example/2026/03/05/the-quay-is-open-again"


def notices(line: str, data: str = "") -> tuple[str, ...]:
    page = article_page("The quay is open again", [line, *sentences(3)])
    page = page.replace("<main>", f"{data}<main>")
    found = extract(page.encode(), URL).article
    assert found is not None
    return found.notices


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Sponsored content", ("paid content",)),
        ("Publi-rédactionnel", ("paid content",)),
        ("[Contenido patrocinado]", ("paid content",)),
        ("Warning: this report contains graphic descriptions of violence.", ("distressing content",)),
        ("Avertissement : ces images peuvent heurter la sensibilité.", ("distressing content",)),
        ("Dieser Text wurde automatisch übersetzt.", ("machine translated",)),
        ("Anzeige", ()),
        ("The sponsored content of the fair drew a crowd, and the mayor paid for it.", ()),
        ("The harbour warning was lifted on Monday after the storm.", ()),
    ],
)  # fmt: skip
def test_a_line_is_a_warning_only_where_it_says_nothing_else(
    line: str, expected: tuple[str, ...]
) -> None:
    assert notices(line) == expected


def test_the_type_of_the_article_is_a_warning() -> None:
    data = '<script type="application/ld+json">{"@type": "AdvertiserContentArticle", "headline": "x"}</script>'
    assert notices("The quay is open.", data) == ("paid content",)
