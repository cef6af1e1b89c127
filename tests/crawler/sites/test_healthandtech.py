"""The first site, field by field, in every markup; and its sisters."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from crawler.extraction.article import Known
from crawler.sites import extract_for_site, site_for
from tests.crawler.sites.seed import VARIANTS, teaser

if TYPE_CHECKING:
    from pathlib import Path

    from storage.types.content import Article

HOST = "https://www.healthandtech.eu"
# Any other host: then the form alone tells what the page is.
ELSEWHERE = "https://agency.example"


@pytest.fixture(scope="module")
def expected(shared: Path) -> dict[str, Any]:
    return json.loads((shared / "seed/site/expected-13313.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def page(shared: Path) -> str:
    return (shared / "seed/site/article-13313.html").read_text(encoding="utf-8")


def plain(text: str | None) -> str:
    """The expected file keeps no-break spaces: they compare as spaces."""
    return " ".join((text or "").replace("\u00a0", " ").replace("\u202f", " ").split())


def read(page: str, host: str, path: str) -> Article:
    found = extract_for_site(page.encode(), host + path, "text/html; charset=utf-8", Known())
    assert found.article is not None
    return found.article


def path_of(expected: dict[str, Any]) -> str:
    return "/" + expected["url"].split("/", 3)[3]


def expected_blocks(expected: dict[str, Any]) -> list[tuple[str, int, str]]:
    out = [("paragraph", 0, plain(expected["lead"]))]

    def items(rows: list[dict[str, Any]], depth: int) -> None:
        for row in rows:
            out.append(("list_item", depth, plain(row["text"])))
            items(row.get("items", []), depth + 1)

    for block in expected["blocks"]:
        if block["type"] == "list":
            items(block["items"], 1)
        elif block["type"] == "figure":
            out.append(("figure", 0, block["image"]))
        else:
            out.append((block["type"], block.get("level", 0), plain(block["text"])))
    return out


@pytest.mark.parametrize("host", [HOST, ELSEWHERE])
@pytest.mark.parametrize("variant", VARIANTS)
def test_the_article_is_the_expected_one(
    page: str, expected: dict[str, Any], variant: str, host: str
) -> None:
    article = read(VARIANTS[variant](page), host, path_of(expected))
    assert plain(article.headline) == plain(expected["title"])
    assert article.number == str(expected["number"])
    assert article.dateline_place == expected["city"]
    assert article.published is not None
    assert article.published.isoformat() == expected["published"]
    assert article.kind == expected["type"]
    assert article.section == expected["section"]
    assert article.byline == tuple(expected["authors"])
    assert article.access == "full"
    assert plain(article.standfirst) == plain(expected["lead"])
    blocks = [
        ("figure", 0, (b.media or "").removeprefix(host)) if b.kind == "figure"
        else (b.kind, b.level, plain(b.text))
        for b in article.blocks
    ]  # fmt: skip
    assert blocks == expected_blocks(expected)


@pytest.mark.parametrize("variant", VARIANTS)
def test_each_name_once_with_what_it_stands_for(
    page: str, expected: dict[str, Any], variant: str
) -> None:
    article = read(VARIANTS[variant](page), HOST, path_of(expected))
    # Where a title or one run of text is all there is, it tells less than a card of two lines.
    found = [
        (m.anchor, plain(m.full_name), plain(m.expansion) or None, m.kind) for m in article.mentions
    ]
    kinds = {"glossary": "term"}
    assert found == [
        (m["label"], m["name"], m["expansion"], kinds.get(m["kind"], m["kind"]))
        for m in expected["mentions"]
    ]
    for mention in article.mentions:
        block = article.blocks[mention.block]
        assert block.text[mention.start : mention.end] == mention.anchor


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_it_is_linked_with(page: str, expected: dict[str, Any], variant: str) -> None:
    article = read(VARIANTS[variant](page), HOST, path_of(expected))

    def listed(relation: str) -> list[tuple[Any, ...]]:
        return [
            (plain(link.anchor), plain(link.teaser), link.kind, link.number,
             link.published and link.published.isoformat(), link.url.removeprefix(HOST))
            for link in article.links if link.relation == relation and link.number
        ]  # fmt: skip

    assert listed("related") == [
        (
            plain(r["title"]),
            plain(r["teaser"]),
            r["type"],
            str(r["number"]),
            r["published"],
            r["url"],
        )
        for r in expected["related"]
    ]
    assert listed("entry") == [
        (
            plain(r["name"]),
            plain(r["description"]),
            r["type"],
            str(r["number"]),
            r["date"],
            r["url"],
        )
        for r in expected["directory"]
    ]
    pictures = [
        (m.url.removeprefix(HOST), plain(m.caption), m.credit)
        for m in article.media
        if m.kind == "picture"
    ]
    assert pictures == [(i["src"], plain(i["caption"]), i["credit"]) for i in expected["images"]]
    attached = [m.url.removeprefix(HOST) for m in article.media if m.kind == "attachment"]
    assert attached == [a["url"] for a in expected["attachments"]]


def test_the_visitors_view_is_a_teaser(page: str, expected: dict[str, Any]) -> None:
    article = read(teaser(page), HOST, path_of(expected))
    assert article.access == "teaser"
    assert article.number == str(expected["number"])
    assert len(article.blocks) == 1
    assert article.blocks[0].text.endswith("…")
    assert "abonnés" not in article.text
    assert len([link for link in article.links if link.relation == "related"]) == len(
        expected["related"]
    )


def test_every_page_of_the_site_is_what_it_is(shared: Path) -> None:
    folder = shared / "seed/site"
    for path, name in json.loads((folder / "urlmap.json").read_text(encoding="utf-8")).items():
        if not name.endswith(".html"):
            continue
        found = extract_for_site((folder / name).read_bytes(), HOST + path, "", Known())
        kind = "listing" if "listing" in name else "article" if "article" in name else "entry"
        assert found.kind == kind, name
        if found.entry is not None:
            assert found.entry.kind != "unknown", name
            assert found.entry.name
        if found.article is not None and name != "article-13313.html":
            assert found.article.access == "teaser"
            assert found.article.kind


@pytest.mark.parametrize(
    "host", ["education.newstank.fr", "football.newstank.eu", "www.healthandtech.eu"]
)
def test_sister_sites_share_the_file(host: str) -> None:
    assert type(site_for(f"https://{host}/article/view/258980/x.html")).__name__ == "HealthAndTech"


def test_a_sister_sites_header() -> None:
    page = """<html lang="fr"><body><h1>Festivals : la saison s'annonce pleine (syndicat)</h1>
    <p>News Tank Culture - Paris - Actualité n°258980 - Publié le 20/07/2022 à 13:40 - Mis à jour le 21/07/2022 à 9 h 05</p>
    <div><p>La saison des festivals s'annonce pleine, dit le syndicat, qui a compté les places vendues en juin.</p>
    <p>Il attend pourtant une hausse des coûts de la sécurité, que les communes ne prendront pas toutes à leur charge.</p>
    </div></body></html>"""
    article = read(
        page, "https://culture.newstank.fr", "/article/view/258980/festivals.html?print=true"
    )
    assert article.published is not None
    assert article.modified is not None
    assert (article.number, article.kind, article.dateline_place) == (
        "258980",
        "Actualité",
        "Paris",
    )
    assert article.published.isoformat() == "2022-07-20T13:40:00+02:00"
    assert article.modified.isoformat() == "2022-07-21T09:05:00+02:00"
    assert article.text.startswith("La saison des festivals")


def test_cards_without_any_markup_are_cut_where_the_site_asks_for_it() -> None:
    page = """<html lang="fr"><body><h1>Le quai nord rouvre</h1><p>Brest - Publié le 5 mars 2026 à 9 h - n° 4711</p>
    <div><p>Le quai rouvre, dit Anne MorelAnne MorelAnne Morel, directrice, à des PMEPMEPetite et Moyenne Entreprise du port.</p>
    <p>Les pêcheurs de l'InfremerInfremerInfremer attendent <a href="/fr/tour/news/4712/la-suite.html">la suite</a> des travaux.</p>
    </div></body></html>"""
    path = "/fr/tour/news/4711/le-quai.html"
    here, there = read(page, HOST, path), read(page, ELSEWHERE, path)
    assert here.text.startswith("Le quai rouvre, dit Anne Morel, directrice, à des PME du port.")
    link = next(span for span in here.blocks[1].spans if span.kind == "link")
    assert here.blocks[1].text[link.start : link.end] == "la suite"
    assert "Anne MorelAnne Morel" in there.text
