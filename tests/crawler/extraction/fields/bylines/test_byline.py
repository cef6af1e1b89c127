"""The byline that a page shows: where the head names nobody, or only the house."""

from __future__ import annotations

import pytest

from crawler.extraction.article import extract
from tests.pages import article_page, sentences

URL = "https://a.example/2026/03/05/the-quay-is-open-again"


def byline(head: str, shown: str, after: str = "") -> tuple[str, ...]:
    page = article_page("The quay is open again", sentences(3))
    page = page.replace("</title>", f"</title>{head}").replace("</h1>", f"</h1>{shown}")
    found = extract(page.replace("</article>", f"{after}</article>").encode(), URL).article
    assert found is not None
    return found.byline


@pytest.mark.parametrize(
    ("head", "shown", "after", "expected"),
    [
        ("", "<p>By Imogen Tarrant and Rufus Penn</p>", "", ("Imogen Tarrant", "Rufus Penn")),
        ("", "<p>Von: Bruno Ahrens, Mila Öz</p>", "", ("Bruno Ahrens", "Mila Öz")),
        ("", "<p>By TPN, in News · 31 Jan 2025</p>", "", ("TPN",)),
        ("", "<p>Par Léa Morin et AFP</p>", "", ("Léa Morin", "AFP")),
        ("", "", "<p>（责编：王小明、李丽）</p>", ("王小明", "李丽")),
        ("", "", "<p>홍길동 기자</p>", ("홍길동",)),
        ("", "", "<p>記者王小明／台北報導</p>", ("王小明",)),
        # The house in the head, the person in the page.
        ('<meta name="author" content="AFP">', "<p>By Imogen Tarrant</p>", "", ("Imogen Tarrant",)),
        ('<meta name="author" content="Harbour Media Group">', "",
         "<ul><li>Autorin/Autor Imogen Tarrant</li></ul>", ("Imogen Tarrant",)),
        # A photographer's line does not overrule the author of the head.
        ('<meta name="author" content="신현주">', "", "<p>민경석 기자</p>", ("신현주",)),
        ("", "<p>By the time the bell rang, all had gone.</p>", "", ()),
    ],
)  # fmt: skip
def test_the_byline(head: str, shown: str, after: str, expected: tuple[str, ...]) -> None:
    assert byline(head, shown, after) == expected
