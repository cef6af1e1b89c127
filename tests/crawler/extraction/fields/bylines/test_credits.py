"""Authors that a page marks by link or class, or sets unmarked beside the date."""

from __future__ import annotations

import pytest

from crawler.extraction.article import extract
from tests.pages import article_page, sentences

URL = "https://a.example/2026/03/05/the-quay-is-open-again"
COMMENTS = "".join(
    f"<li class='comment'><span class='author vcard'><cite class='fn'>{name}</cite></span> Well said.</li>"
    for name in ("Tom Reed", "Una Holt")
)
TEASERS = "".join(
    f"<div class='teaser'><h3>More of the harbour</h3><span class='author-name'>{name}</span></div>"
    for name in ("Pia Lund", "Ole Berg")
)


def found_in(shown: str, after: str = "", head: str = "", lang: str = "en") -> tuple[str, ...]:
    page = article_page("The quay is open again", sentences(3), language=lang)
    page = page.replace("</title>", f"</title>{head}").replace("</h1>", f"</h1>{shown}")
    page = page.replace("</article>", f"{after}</article><ol>{COMMENTS}</ol>{TEASERS}")
    found = extract(page.encode(), URL).article
    assert found is not None
    return found.byline


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        # One word, by rel=author, by vcard, by a class and by the address of an author's page.
        ("<p><a rel='author' href='/a/7'>krimifan</a></p>", ("krimifan",)),
        ("<span class='author vcard'><a class='url fn n' href='/x'>Creeny</a></span>", ("Creeny",)),
        ("<div class='entry-meta-author'>Matthias</div>", ("Matthias",)),
        ("<div><a href='/users/beau-hd'>BeauHD</a></div>", ("BeauHD",)),
        # Names of persons in marks of many kinds.
        ("<div class='blog_author-text'>Lauren Vetter</div>", ("Lauren Vetter",)),
        ("<div class='css-1'><a href='/authors/trevor-jack'>Trevor Jack</a></div>", ("Trevor Jack",)),
        ("<p itemprop='author'>Imogen Tarrant</p>", ("Imogen Tarrant",)),
        ("<div class='author-box'><span class='author__name'>Zeige alle Beiträge von Cem Bas</span></div>",
         ("Cem Bas",)),
        # All of a line of credits, and none who only checked it.
        ("<div class='byline'>By <a class='author' href='/author/ann'>Ann Dale</a> and "
         "<a class='author' href='/author/bo'>Bo Ek</a></div>", ("Ann Dale", "Bo Ek")),
        ("<div class='credits'><span class='author'>Ann Dale</span> Medically reviewed by "
         "<span class='author'>Una Roe</span></div>", ("Ann Dale",)),
        # What the interface says, topics and what others wrote are no authors.
        ("<div class='author'>Follow</div><a href='/user/login'>Your Account</a>", ()),
        ("<a href='/users/sign_up'>Get Started</a>", ()),
        ("<div class='author'>5 March</div>", ()),
    ],
)  # fmt: skip
def test_what_is_marked_as_the_authors(shown: str, expected: tuple[str, ...]) -> None:
    assert found_in(shown) == expected


@pytest.mark.parametrize(
    "after",
    [
        "<footer class='entry-footer'><span class='author vcard'><a class='fn'>Ann Dale</a></span></footer>",
        "<aside class='author-bio'><a rel='author' href='/author/ann'>Ann Dale</a></aside>",
        "<div class='wp-block-post-author__content'><p class='wp-block-post-author__name'>Ann Dale</p></div>",
    ],
)
def test_the_box_under_the_text_names_its_author(after: str) -> None:
    assert found_in("", after) == ("Ann Dale",)


@pytest.mark.parametrize(
    ("said", "expected"),
    [("andrew.keaveney", "Ann Dale"), ("KatieS", "Ann Dale"), ("Una Roe", "Una Roe")],
)
def test_the_person_that_is_shown_comes_before_the_name_of_an_account(
    said: str, expected: str
) -> None:
    head = f"<meta name='author' content='{said}'>"
    assert found_in("<div class='author-info'>Ann Dale</div>", head=head) == (expected,)


@pytest.mark.parametrize(
    ("label", "number"), [("Written by", 1), ("Verfasst von", 1), ("Écrit par", 2)]
)
def test_what_a_preview_is_told(label: str, number: int) -> None:
    head = f"<meta name='twitter:label{number}' content='{label}'><meta name='twitter:data{number}' content='Ann Dale'>"
    assert found_in("", head=head) == ("Ann Dale",)


@pytest.mark.parametrize(
    ("shown", "lang", "expected"),
    [
        ("<div><p>Trond Teigen</p><p>17 December 2025</p></div>", "en", ("Trond Teigen",)),
        ("<div><span>Ann Dale</span> · <span>6 min read</span></div>", "en", ("Ann Dale",)),
        ("<div><p>Written by</p><p>Ann Dale</p></div>", "en", ("Ann Dale",)),
        ("<div>ByDaryl Austin · March 5, 2026</div>", "en", ("Daryl Austin",)),
        # A topic, whose words stand in the text as well, and a photographer.
        ("<div><p>Harbour Traffic</p><p>17 December 2025</p><p>harbour traffic</p></div>", "en", ()),
        ("<figure><figcaption>Thea Traff</figcaption></figure><p>17 December 2025</p>", "en", ()),
        # In German all nouns begin with capitals.
        ("<div><p>Weniger Miete</p><p>17. Dezember 2025</p></div>", "de", ()),
        ("<div>Ann Dale · 17. Dezember 2025</div>", "de", ("Ann Dale",)),
    ],
)  # fmt: skip
def test_a_name_beside_the_date(shown: str, lang: str, expected: tuple[str, ...]) -> None:
    assert found_in(shown, lang=lang) == expected
