"""Names of authors as structured data and bylines give them."""

from __future__ import annotations

from typing import Any

import pytest

from crawler.extraction.article import extract
from crawler.extraction.fields.bylines.names import authors_of, clean_names
from tests.pages import article_page, sentences


def person(name: str) -> dict[str, str]:
    return {"@type": "Person", "name": name}


@pytest.mark.parametrize(
    "name",
    ["Oriol Vidal i Roca", "Marta Ortega y Gasol", "De Smet Jan", "Di Stefano Carla", "Di Marsh",
     "Moreno Salas", "Reade Pelham", "Viewegh Michal", "Eça e Queirós", "Paramita (Guha) Ghosh",
     "María José de la Cruz y Fernández de Córdoba", "Robert Downey Jr."],
)  # fmt: skip
def test_a_persons_name_is_kept_whole(name: str) -> None:
    assert authors_of(person(name)).persons == (name,)


@pytest.mark.parametrize(
    ("author", "names"),
    [
        (person("Smith, Jane"), ("Jane Smith",)), (person("De Smet, Jan"), ("Jan De Smet",)),
        (person("Petra Coll, corresponsal en Roma"), ("Petra Coll",)),
        (person("Ann Dale Senior Health Reporter"), ("Ann Dale",)),
        (person("Staff Writer Ann Dale"), ("Ann Dale",)),
        ({"@type": "Person", "givenName": "Ann", "familyName": "Dale"}, ("Ann Dale",)),
        ("Reuters, AFP", ("Reuters", "AFP")), ("AFP/Reuters", ("AFP", "Reuters")),
        ("Smith and Sons News", ("Smith and Sons News",)), ("José Ortega y Gasset", ("José Ortega y Gasset",)),
        ("Ministry of Forests and Rivers", ("Ministry of Forests and Rivers",)),
        ("Ann Dale, PhD, Bo Ek, MD", ("Ann Dale", "Bo Ek")), ("Ann Dale, London, Bo Ek", ("Ann Dale", "Bo Ek")),
        ("ByTravis Haney", ("Travis Haney",)), ("Andrew HusbandTwitter", ("Andrew Husband",)),
        ("Ann Dale @anndale", ("Ann Dale",)), ("Ann Dale for The Herald", ("Ann Dale",)),
        ("Ann Dale March 12, 2026", ("Ann Dale",)), ("Ann Dale, 12 mars 2026", ("Ann Dale",)),
        ("Text: Ann Dale; Foto: Bo Ek", ("Ann Dale",)),
        ("Written by Ann Dale; Edited by Bo Ek", ("Ann Dale",)), ("Edited by Bo Ek", ("Bo Ek",)),
        ("Von Vanessa Franke", ("Vanessa Franke",)), ("@x", ()), ("Photo: Bo Ek", ()),
        ("Ann Dale - BBC News", ("Ann Dale",)), ("김철수, 이영희", ("김철수", "이영희")),
        ("김철수·이영희 기자", ("김철수", "이영희")),
        ("By Ann Dale in Berlin and Bo Ek in Rome", ("Ann Dale", "Bo Ek")),
        ("By Ann Dale, Berlin and Bo Ek, Rome", ("Ann Dale", "Bo Ek")),
        ("Words by Ann Dale. Photos by Bo Ek", ("Ann Dale",)),
        ("Texto: Marta Ortega. Fotos: Juan Gil", ("Marta Ortega",)),
    ],
)  # fmt: skip
def test_what_is_none_of_a_name_is_cut(author: Any, names: tuple[str, ...]) -> None:
    assert authors_of(author).persons == names


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("محمد علي، سارة حسن", 2), ("محمد علي وسارة حسن", 2), ("محمد وليد حسن", 1), ("山田太郎、佐藤花子", 2),
        ("王小明和李丽", 2), ("山田和夫", 1), ("约翰·史密斯", 1), ("Иван Петров и Анна Орлова", 2),
        ("Ahmet Kaya ve Elif Demir", 2), ("राम कुमार और सीता देवी", 2), ("Jan Kowal i Anna Nowak", 2),
        ("Ann Dale og Bo Ek", 2), ("Δημήτρης Παπάς και Μαρία Νίκου", 2), ("Nguyễn Văn An và Trần Thị Bình", 2),
        ("สมชาย ใจดี และ สมหญิง รักไทย", 2), ("Ann Dale · Bo Ek", 2), ("Ann Dale | Bo Ek", 2), ("דוד כהן ושרה לוי", 2),
    ],
)  # fmt: skip
def test_lists_of_names_are_parted_in_many_languages(text: str, count: int) -> None:
    assert len(clean_names([text])) == len(authors_of(text).persons) == count


@pytest.mark.parametrize(
    ("head", "shown", "expected"),
    [
        ('<meta name="author" content="Moreno Salas">', "", ("Moreno Salas",)),
        ('<meta name="author" content="Harbour Media Group">',
         '<p>Posted <a rel="author" href="/u/heiko">Heiko</a></p>', ("Heiko",)),
        ("", '<p class="meta"><span class="author vcard"><a class="fn" href="/u/tine">Tine</a></span></p>', ("Tine",)),
        ("", '<p class="byline">By <a href="/a">Ann Dale</a> <time datetime="2026-03-12">12 March 2026</time></p>',
         ("Ann Dale",)),
        ('<meta name="twitter:creator" content="@paper">', "", ()),
    ],
)  # fmt: skip
def test_the_person_comes_before_the_house(
    head: str, shown: str, expected: tuple[str, ...]
) -> None:
    page = article_page("The quay is open again", sentences(3)).replace(
        "</title>", f"</title>{head}"
    )
    article = extract(
        page.replace("</h1>", f"</h1>{shown}").encode(), "https://a.example/n/quay"
    ).article
    assert article is not None
    assert article.byline == expected


@pytest.mark.parametrize(
    ("heading", "og", "expected"),
    [
        ("Harbour The quay is open again", "The quay is open again", "The quay is open again"),
        ("The quay is open again 12 March 2026", "The quay is open again", "The quay is open again"),
        ("The quay is open again at last", "The quay is open again", "The quay is open again at last"),
    ],
)  # fmt: skip
def test_a_kicker_or_a_date_is_none_of_the_headline(heading: str, og: str, expected: str) -> None:
    page = article_page(heading, sentences(3)).replace(
        "</title>", f'</title><meta property="og:title" content="{og}">')  # fmt: skip
    article = extract(page.encode(), "https://a.example/n/quay").article
    assert article is not None
    assert article.headline == expected
