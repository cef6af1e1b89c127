"""Both databases answer alike, and as a naive reading of every article does."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.archive import create_archive
from storage.errors import ArchiveError, BadQuery
from storage.search.index.partitions import repartition
from storage.search.query.parser import parse
from storage.search.results import executor
from tests.conftest import new_postgres_database
from tests.profiles import examples
from tests.storage.search.corpus import WORDS, told_archive
from tests.storage.search.reference import holds
from tests.storage.values import NOW

if TYPE_CHECKING:
    from collections.abc import Iterator

    from storage.archive import Archive
    from tests.storage.search.reference import Told

LEAVES = [
    *WORDS, '"centre hospitalier"', '"l\'hôpital"', '"santé numérique"', "hosp*", "numér*", "ha*",
    "e-san*", "title:hôpital", "titre:port", "title:(ferry OR bell)", "text:budget",
    "texte:lanterns", "title:har*", 'title:"port bell"', "standfirst:soins", "chapo:news",
    'author:"Jean Dupont"', "author:dupont", "auteur:AFP", "author:O'Neil", "author:mar*",
    'section:"Santé publique"', "section:harbour", "tag:e-santé", 'tag:"budget 2021"',
    'tag:"2021 port"', "kind:dépêche", "kind:brief", "number:679003", "number:6790*",
    "site:herald.example", "site:news.herald.example.org", "site:www", "source:herald",
    "source:cour*", "lang:fr", "lang:fr-CA", "lang:de", 'who:"Agnès Buzyn"', "who:HAS",
    "date:2021-09", "date:2021-10-01..2021-10-15", "date:..2021-09-15", "date:2021-11-03",
    "since:2021-11", "until:2021-08", "is:teaser", "is:full", "is:revised", "is:duplicate",
    "has:attachment", "has:picture", "hôpital NEAR/3 santé", '"e santé" NEAR/0 plan',
    "soin* NEAR/2 port", "ferry NEAR/1 ferry", '"port port" NEAR/2 port', "title:(a NEAR/5 b)",
    "author:(jean NEAR/0 dupont)", "*", "n7", "zzz",
]  # fmt: skip


def _query(chance: random.Random, depth: int = 0) -> str:
    """A query of some shape."""
    kind = chance.random()
    if depth > 3 or kind < 0.4:
        return chance.choice(LEAVES)
    if kind < 0.6:
        return f"{_query(chance, depth + 1)} {_query(chance, depth + 1)}"
    if kind < 0.75:
        word = chance.choice(["OR", "OU"])
        return f"({_query(chance, depth + 1)} {word} {_query(chance, depth + 1)})"
    if kind < 0.9:
        word = chance.choice(["NOT", "SAUF", "AND NOT"])
        return f"{_query(chance, depth + 1)} {word} ({_query(chance, depth + 1)})"
    return f"NOT ({_query(chance, depth + 1)})"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def filled(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Archive, list[Told]]]:
    url = None
    if request.param == "postgresql":
        url = new_postgres_database(request.getfixturevalue("postgres_server"))
    folder = tmp_path_factory.mktemp("told") / "archive"
    with create_archive(str(folder), url) as archive:
        told = told_archive(archive)
        if url is not None:
            # So few, so that every query goes over several slices of the index.
            repartition(archive.engine, len(told) // 4)
        yield archive, told


def _found(archive: Archive, query: str, **how: object) -> list[str]:
    answer = archive.search(query, duplicates=True, **how)  # type: ignore[arg-type]
    return [hit.url.rpartition("/")[2] for hit in answer]


@pytest.mark.parametrize("seed", range(6))
def test_an_answer_is_what_reading_every_article_finds(
    filled: tuple[Archive, list[Told]], seed: int
) -> None:
    archive, told = filled
    chance = random.Random(seed)
    queries = [*LEAVES, *(f"NOT {leaf}" for leaf in LEAVES)] if seed == 0 else []
    queries += [_query(chance) for _ in range(60)]
    for query in queries:
        try:
            meaning = parse(query, NOW)
        except BadQuery:
            continue
        expected = sorted(one.name for one in told if holds(one, meaning))
        assert sorted(_found(archive, query)) == expected, query
        assert archive.search(query).total() == len(expected), query
        assert sum(n for _, n in archive.search(query).over_time("month")) == len(expected)


def test_newest_first_is_the_order_of_time(filled: tuple[Archive, list[Told]]) -> None:
    archive, told = filled
    at = {one.name: one.at for one in told}
    for query in ("hôpital", "NOT hôpital", "source:herald", "date:2021-10 OR bell", ""):
        found = _found(archive, query, sort="newest")
        moments = [at[name] for name in found]
        assert moments == sorted(moments, reverse=True), query


def test_both_databases_put_the_best_first_alike(
    tmp_path: object, postgres_server: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    orders: list[list[list[str]]] = []
    for url in (None, new_postgres_database(postgres_server)):
        folder = tmp_path_factory.mktemp("order") / "archive"
        with create_archive(str(folder), url) as archive:
            told_archive(archive)
            orders.append([
                _found(archive, query)
                for query in ("hôpital", "hôpital santé", "ferry OR bell", '"e santé" port*',
                              "title:port", "soins -budget", "harbours NEAR/5 news")
            ])  # fmt: skip
    assert orders[0] == orders[1]
    assert any(len(one) > 5 for one in orders[0])


@pytest.mark.parametrize("sort", ["best", "newest"])
@pytest.mark.parametrize("query", ["hôpital", "port OR bell", "source:herald"])
def test_pages_are_the_answer_in_pieces(
    filled: tuple[Archive, list[Told]], sort: str, query: str
) -> None:
    archive, _ = filled
    answer = archive.search(query, sort=sort)  # type: ignore[arg-type]
    whole = [hit.id for hit in answer]
    pieces: list[int] = []
    cursor = None
    while True:
        page = answer.page(7, cursor)
        pieces += [hit.id for hit in page.hits]
        cursor = page.cursor
        if cursor is None:
            break
    assert pieces == whole
    assert len(set(whole)) == len(whole)


@settings(max_examples=examples(150), suppress_health_check=list(HealthCheck))
@given(query=st.text(max_size=40))
def test_no_text_breaks_a_search(filled: tuple[Archive, list[Told]], query: str) -> None:
    archive, told = filled
    try:
        found = sorted(_found(archive, query))
        meaning = parse(query, NOW)
    except ArchiveError:
        return
    assert found == sorted(one.name for one in told if holds(one, meaning))


@settings(max_examples=examples(150), suppress_health_check=list(HealthCheck))
@given(words=st.lists(st.sampled_from([*LEAVES, "(", ")", "OR", "NOT", "AND", '"']), max_size=9))
def test_any_row_of_leaves_is_answered_as_it_reads(
    filled: tuple[Archive, list[Told]], words: list[str]
) -> None:
    archive, told = filled
    query = " ".join(words)
    try:
        meaning = parse(query, NOW)
    except BadQuery:
        return
    expected = sorted(one.name for one in told if holds(one, meaning))
    assert sorted(_found(archive, query)) == expected


@pytest.mark.parametrize("query", ["text:budget OR title:port", "texte:soins", "standfirst:news"])
def test_where_only_some_are_weighed_nothing_else_is_found(
    filled: tuple[Archive, list[Told]], query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executor, "MAX_SCORED", 5)
    archive, told = filled
    meaning = parse(query, NOW)
    expected = sorted(one.name for one in told if holds(one, meaning))
    assert sorted(_found(archive, query)) == expected
    assert len(expected) > 5
