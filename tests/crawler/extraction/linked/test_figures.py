"""Pictures with their captions: after the text, without a figure, loaded late."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from crawler.extraction.article import extract
from crawler.extraction.linked.pictures import lead_picture

if TYPE_CHECKING:
    from storage.types.content import Article

URL = "https://paper.example/news/lock-gate-selmere"
PARAGRAPH = (
    "<p>The council met on the quay in the early evening and agreed, after a long debate about money and patience, "
    "to repair the old lock gate before the winter storms arrive. Number {} of these paragraphs says so.</p>"
)
CAPTION = "<figcaption>The gate in May</figcaption>"


def article_of(inner: str, head: str = "") -> Article:
    html = (f"<html lang=en><head><title>Lock gate to be repaired</title>{head}</head><body><article>"
            f"<h1>Lock gate to be repaired</h1>{inner}</article></body></html>")  # fmt: skip
    article = extract(html.encode(), URL).article
    assert article is not None
    return article


def text(count: int) -> str:
    return "".join(PARAGRAPH.format(i) for i in range(count))


@pytest.mark.parametrize("count", [1, 2, 4])
def test_figures_after_the_last_paragraph_are_kept(count: int) -> None:
    figures = "".join(f"<figure><img src=/i/gate-{i}-of-selmere.jpg><figcaption>Gate {i} in May</figcaption></figure>"
                      for i in range(count))  # fmt: skip
    article = article_of(text(3) + figures)
    assert [media.caption for media in article.media] == [f"Gate {i} in May" for i in range(count)]


@pytest.mark.parametrize("said", ["caption", "wp-caption-text", "photo-legend"])
def test_a_paragraph_may_be_the_caption(said: str) -> None:
    inner = f'<div><img src=/i/gate.jpg><p class="{said}">The gate in May. Photo: Ann Lee</p></div>'
    (picture,) = article_of(text(2) + inner + text(2).replace("council", "board")).media
    assert (picture.caption, picture.credit) == ("The gate in May.", "Photo: Ann Lee")


@pytest.mark.parametrize(
    "picture",
    [
        "<img src=/i/loader.gif data-src=/i/gate.jpg>",
        '<img src="data:image/gif;base64,R0" srcset="/i/small.jpg 400w, /i/gate.jpg 1200w">',
        '<picture><source srcset="/i/gate.jpg 1200w"><img src="data:image/gif;base64,R0"></picture>',
        '<img src="data:image/gif;base64,R0"><noscript><img src=/i/gate.jpg></noscript>',
        "<img src=/i/spinner.svg data-lazy=/i/gate.jpg><noscript><img src=/i/gate.jpg></noscript>",
        '<img data-lazy-srcset="/i/gate.jpg 2x">',
        "<img src=/i/spinner.svg><noscript><img src=/i/gate.jpg></noscript>",
    ],
)
def test_a_picture_that_is_loaded_late_is_the_real_one(picture: str) -> None:
    article = article_of(
        f"{text(2)}<figure>{picture}{CAPTION}</figure>{text(2).replace('council', 'board')}"
    )
    assert [(m.url, m.caption) for m in article.media] == [
        ("https://paper.example/i/gate.jpg", "The gate in May")
    ]


@pytest.mark.parametrize("inner", ['<p class="standfirst">{lead}</p>', "<div id=root></div>"])
def test_a_text_in_structured_data_keeps_its_standfirst(inner: str) -> None:
    lead = "The old gate of the lock will be repaired before the winter storms, the council says."
    body = text(4).replace("<p>", "").replace("</p>", "\n")
    said = json.dumps(
        {"@type": "NewsArticle", "headline": "Lock gate to be repaired", "articleBody": body}
    )
    head = f'<meta name=description content="{lead}"><script type="application/ld+json">{said}</script>'
    article = article_of(inner.format(lead=lead), head)
    assert article.provenance["body"] == "json-ld"
    assert article.standfirst == lead


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example/themes/x/images/logo.png",
        "https://a.example/wp-content/uploads/2024/04/quay-social-logo-2024.jpg",
        "https://secure.gravatar.com/avatar/390a88e3?s=96&d=mm",
        "https://a.example/assets/images/og/default.png",
        "https://dims.example/dims4/default/resize/1200x630/?url=https%3A%2F%2Fa.example%2Fdefaultshareimage-copy.png",
        "https://a.example/thumbnail/70x70/34b0/miller-ann.png",
        "https://a.example/images/authors/ann-miller.jpg",
        "https://a.example/img/default-social-media.png",
    ],
)  # fmt: skip
def test_logos_faces_and_pictures_for_all_pages_lead_no_article(url: str) -> None:
    assert lead_picture(url, ()) is None


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example/sites/default/files/styles/large/public/2026/quay.jpg",
        "https://i.ytimg.example/vi/x/maxresdefault.jpg",
        "https://a.example/2015/08/quay-company-logo-getty-1024-683.jpg",
        "https://a.example/thumbnail/1200x675/34b0/quay.png",
        "https://a.example/2026/03/the-iconic-quay/quay-1312x656.jpg",
    ],
)
def test_pictures_of_the_article_lead_it(url: str) -> None:
    assert lead_picture(url, ()) is not None


def test_the_face_beside_a_byline_is_no_picture_of_the_article() -> None:
    face = '<div class="post-author"><img src="/p/ann.jpg" alt="Ann"><span>Ann Miller</span></div>'
    text = "".join(PARAGRAPH.format(number) for number in range(5))
    article = article_of(f"{face}{text}<p><img src='/p/gate.jpg'></p>{PARAGRAPH.format(9)}")
    assert [one.url.rpartition("/")[2] for one in article.media] == ["gate.jpg"]
