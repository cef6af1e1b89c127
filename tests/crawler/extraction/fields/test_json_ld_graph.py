"""Which node of a page's structured data speaks for the page."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crawler.extraction.article import extract
from tests.pages import article_page, sentences

URL = "https://a.example/news/the-quay-is-open-again"
OTHER = "https://a.example/news/the-tram-is-back"
TITLE = "The quay is open again"
OWN = {"@type": "Article", "headline": TITLE, "datePublished": "2026-03-12T09:00:00Z",
       "mainEntityOfPage": URL, "articleSection": "Harbour"}  # fmt: skip
NEIGHBOUR = {"@type": "NewsArticle", "headline": "The tram is back", "mainEntityOfPage": OTHER,
             "datePublished": "2020-01-02T08:00:00Z", "author": {"name": "Rolf Other"},
             "articleSection": "Trams", "keywords": ["tram"], "isAccessibleForFree": False}  # fmt: skip


def scripts(*documents: Any) -> str:
    return "".join(
        f'<script type="application/ld+json">{json.dumps(d)}</script>' for d in documents
    )


def page(head: str, shown: str = "") -> str:
    return article_page(TITLE, sentences(4), published=None).replace("</title>", f"</title>{head}").replace(
        "</h1>", f"</h1>{shown}")  # fmt: skip


def fields(head: str, shown: str = "") -> tuple[str, tuple[str, ...], str | None, tuple[str, ...]]:
    article = extract(page(head, shown).encode(), URL).article
    assert article is not None
    day = article.published.at.isoformat()[:10] if article.published else ""
    return day, article.byline, article.section, article.tags


@pytest.mark.parametrize(
    "documents",
    [
        [{"@graph": [OWN, NEIGHBOUR]}], [{"@graph": [NEIGHBOUR, OWN]}], [NEIGHBOUR, OWN],
        [OWN, {"@type": "ItemList", "itemListElement": [{"@type": "ListItem", "item": NEIGHBOUR}]}],
        [{"@type": "ItemList", "itemListElement": [NEIGHBOUR]}, [OWN]],
        *([{**OWN, name: NEIGHBOUR}] for name in (
            "hasPart", "citation", "comment", "isPartOf", "liveBlogUpdate", "isBasedOn", "mentions",
            "subjectOf", "about")),
        [{**OWN, "review": {**NEIGHBOUR, "@type": "Review"}}],
        # Without URLs, the headline tells which is the page's.
        [{k: v for k, v in n.items() if k != "mainEntityOfPage"} for n in (NEIGHBOUR, OWN)],
        [{**NEIGHBOUR, "mainEntityOfPage": None, "url": OTHER}, {**OWN, "mainEntityOfPage": None}],
        # Named from outside: by the page's node, by the id that the page's node refers to.
        [{"@graph": [{"@type": "WebPage", "@id": URL, "mainEntity": {"@id": "#a"}}, NEIGHBOUR,
                     {**OWN, "@id": "#a", "mainEntityOfPage": None}]}],
        [{"@graph": [{**OWN, "hasPart": [{"@id": "#t"}]},
                     {**NEIGHBOUR, "@id": "#t", "mainEntityOfPage": None}]}],
        [{"@type": "WebPage", "url": URL, "mainEntity": OWN}, NEIGHBOUR],
        # Addresses as templates spell them.
        [{**OWN, "mainEntityOfPage": {"@type": "WebPage", "@id": f"{URL}/?utm_source=x#webpage"}},
         NEIGHBOUR],
        [{**OWN, "mainEntityOfPage": "/news/the-quay-is-open-again"}, NEIGHBOUR],
        # One thing in two scripts, and the names of properties written out.
        [{k: OWN[k] for k in ("@type", "headline", "mainEntityOfPage")} | {"@id": "#a"}, NEIGHBOUR,
         {"@id": "#a", "datePublished": OWN["datePublished"], "articleSection": "Harbour"}],
        [[{"@type": "http://schema.org/Article"}
          | {f"http://schema.org/{k}": [{"@value": v}] for k, v in OWN.items() if k[0] != "@"}],
         NEIGHBOUR],
        [{**NEIGHBOUR, "headline": TITLE}, {k: v for k, v in OWN.items() if k != "mainEntityOfPage"}],
        [{"@type": "BlogPosting", "headline": "Entry five", "url": f"{URL}#5", "author": {"name": "Rolf Other"},
          "datePublished": "2020-01-02", "articleBody": "Now."},
         {k: v for k, v in OWN.items() if k != "mainEntityOfPage"}],
        [json.dumps(OWN), NEIGHBOUR],
    ],
)  # fmt: skip
def test_the_neighbours_say_nothing_of_the_page(documents: list[Any]) -> None:
    assert fields(scripts(*documents)) == ("2026-03-12", (), "Harbour", ())


def test_a_page_without_a_node_of_its_own_is_not_dated_by_a_teaser() -> None:
    assert fields(scripts(NEIGHBOUR)) == ("", (), None, ())
    assert (
        fields(scripts({"@graph": [NEIGHBOUR, {**NEIGHBOUR, "headline": "A cow is sold"}]}))[0]
        == ""
    )


def test_a_node_without_url_under_another_headline_is_taken_where_it_is_the_only_one() -> None:
    node = {"@type": "NewsArticle", "headline": "Hurrah, reopening", "datePublished": "2026-03-12"}
    assert fields(scripts(node))[0] == "2026-03-12"


def test_values_that_stand_in_a_row_in_one_script_are_all_read() -> None:
    script = (
        f'<script type="application/ld+json">{json.dumps(NEIGHBOUR)};\n{json.dumps(OWN)}</script>'
    )
    assert fields(script)[::2] == ("2026-03-12", "Harbour")


@pytest.mark.parametrize(
    ("author", "others", "expected"),
    [
        ({"@id": "#p"}, [{"@type": "Person", "@id": "#p", "name": "Ann Dale"}], ("Ann Dale",)),
        ("#p", [{"@type": "Person", "@id": "#p", "name": "Ann Dale"}], ("Ann Dale",)),
        ([{"@id": "#p"}, {"@id": "#q"}],
         [{"@type": "Person", "@id": "#q", "givenName": "Bo", "familyName": "Ek"},
          {"@type": "WebSite", "publisher": {"@type": "Person", "@id": "#p", "name": "Ann Dale"}}],
         ("Ann Dale", "Bo Ek")),
        ({"@id": "#p"}, [{"@type": "Person", "@id": "#p"}], ()),
        ({"@id": "#p"}, [{"@type": "Person", "@id": "#p", "author": {"@id": "#p"}}], ()),
        ({"@id": "#q"}, [{"@type": "ProfilePage", "@id": "#q", "name": "Profile", "mainEntity": {"@id": "#p"}},
                         {"@type": "Person", "@id": "#p", "name": "Ann Dale"}], ("Ann Dale",)),
        ({"@id": "#q"}, [{"@id": "#q", "@list": [{"@id": "#q"}, {"name": "Ann Dale"}]}], ("Ann Dale",)),
        ({"@type": "Role", "roleName": "x", "author": {"name": "Ann Dale"}}, [], ("Ann Dale",)),
        ({"@type": "ItemList", "itemListElement": [{"item": {"name": "Ann Dale"}}]}, [], ("Ann Dale",)),
    ],
)  # fmt: skip
def test_authors_are_looked_up_in_all_scripts(
    author: Any, others: list[Any], expected: tuple[str, ...]
) -> None:
    assert fields(scripts({**OWN, "author": author}, *others))[1] == expected


@pytest.mark.parametrize(
    ("documents", "kind"),
    [
        ([{**OWN, "author": {"@type": "ProfilePage", "name": "Ann Dale"}}], "article"),
        ([{**OWN, "about": {"@type": "DefinedTerm", "name": "Quay"}}], "article"),
        ([{"@graph": [{"@type": "ProfilePage", "@id": "#p", "name": "Ann Dale"},
                      {**OWN, "author": {"@id": "#p"}}]}], "article"),
        ([{"@type": "DefinedTerm", "name": "Quay", "url": "https://a.example/terms/quay"}, OWN],
         "article"),
        ([{"@type": "DefinedTerm", "name": TITLE, "description": "A place to land."}], "entry"),
        ([{"@type": "ProfilePage", "url": URL, "mainEntity": {"@type": "Person", "name": TITLE}},
          {"@type": "WebPage", "url": URL, "name": TITLE, "datePublished": "2026-03-01"}], "entry"),
    ],
)  # fmt: skip
def test_the_kind_of_a_page_is_that_of_the_node_that_names_it(
    documents: list[Any], kind: str
) -> None:
    assert extract(page(scripts(*documents)).encode(), URL).kind == kind


_TEASER = (
    '<div itemscope itemtype="https://schema.org/NewsArticle"><a itemprop="url" href="/news/tram">'
    '<b itemprop="headline">The tram is back</b></a><i itemprop="author">Rolf Other</i>'
    '<meta itemprop="datePublished" content="2020-01-02"></div>'
)
_AUTHOR = (
    '<span itemprop="author" itemscope itemtype="https://schema.org/Person"><span itemprop="name">'
    "Ann Dale</span></span>"
)
_DATED = '<meta itemprop="datePublished" content="2026-03-12">'
_HEADED = f'<meta itemprop="headline" content="{TITLE}">'


@pytest.mark.parametrize(
    "shown",
    [
        f'{_TEASER}<div itemscope itemtype="https://schema.org/Article">{_HEADED}{_DATED}{_AUTHOR}</div>',
        f'<div itemscope itemtype="https://schema.org/Article">{_HEADED}{_DATED}{_AUTHOR}'
        f'{_TEASER.replace("itemscope", "itemprop=hasPart itemscope")}</div>',
        f'<div itemscope itemtype="https://schema.org/Article" itemref="w d">{_HEADED}</div>{_TEASER}'
        f'<p id="w">{_AUTHOR}</p><meta id="d" itemprop="datePublished" content="2026-03-12">',
        # No item around the properties: they are the page's.
        f'{_HEADED}{_DATED}<i itemprop="author">Ann Dale</i>{_TEASER}',
        # RDFa
        f'<div vocab="https://schema.org/" typeof="Article"><meta property="headline" content="{TITLE}">'
        '<meta property="datePublished" content="2026-03-12"><span property="author" typeof="Person">'
        '<b property="name">Ann Dale</b></span></div>',
    ],
)  # fmt: skip
def test_microdata_is_read_item_by_item(shown: str) -> None:
    day, names, _, _ = fields("", shown)
    assert (day, names) == ("2026-03-12", ("Ann Dale",))
