"""PostgreSQL's search index in slices of time: divided as it grows, whoever reads or writes."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from storage.archive import create_archive
from storage.search.index.partitions import partition_sizes, partition_spans, repartition
from storage.search.query import partitioned
from storage.search.query.dialects import compile_query
from storage.search.query.parser import parse
from tests.conftest import new_postgres_database
from tests.storage.search.corpus import told_archive
from tests.storage.values import NOW

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from storage.archive import Archive

INDEXES = (
    "SELECT indexname FROM pg_indexes WHERE tablename = 'search_index'"
    " AND indexname LIKE 'search%slice%' ORDER BY 1"
)

COUNT = text("SELECT count(*) FROM search_index WHERE key >= :low AND key < :high")


@pytest.fixture
def postgres(tmp_path: Path, postgres_server: str) -> Iterator[Archive]:
    with create_archive(str(tmp_path / "a"), new_postgres_database(postgres_server)) as archive:
        told_archive(archive, 60)
        yield archive


def _slices(archive: Archive) -> list[tuple[int, int | None]]:
    with archive.engine.connect() as connection:
        return partition_spans(partition_sizes(connection))


def _answers(archive: Archive) -> list[list[int]]:
    queries = ("hôpital", "port OR bell", '"centre hospitalier"', "NOT ferry", "date:2021-10 soins")
    return [[hit.id for hit in archive.search(one, sort="newest")] for one in queries]


def _held(archive: Archive) -> list[int]:
    counts = []
    with archive.engine.connect() as connection:
        for low, high in partition_spans(partition_sizes(connection)):
            found = connection.scalar(COUNT, {"low": low, "high": high or 2**62})
            counts.append(int(found or 0))
    return counts


def test_one_that_has_grown_is_divided_and_answers_stay(postgres: Archive) -> None:
    before, whole = _answers(postgres), sum(_held(postgres))
    assert _slices(postgres) == [(0, None)]
    assert repartition(postgres.engine, most=20) == 1
    held = _held(postgres)
    assert len(held) > 3
    assert max(held) <= 20
    assert sum(held) == whole
    parts = _slices(postgres)
    # Each begins where the one before it ends: no key is in none of them.
    assert [low for low, _ in parts[:-1]] == [high for _, high in parts[1:]]
    assert (parts[0][1], parts[-1][0]) == (None, 0)
    assert repartition(postgres.engine, most=20) == 0
    assert _answers(postgres) == before
    assert any(before)


def test_a_question_uses_the_index_of_each_slice(postgres: Archive) -> None:
    repartition(postgres.engine, most=20)
    with postgres.engine.connect() as connection:
        query = compile_query(connection, parse("hôpital", NOW))
        sql, bound = query.statement("count(*)")
        plan = "\n".join(connection.scalars(text(f"EXPLAIN {sql}"), bound))
    assert plan.count("search_slice_") == len(_slices(postgres))
    assert "Seq Scan" not in plan


def test_what_is_common_is_counted_in_a_few_slices(
    postgres: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    def about(query: str, most: int = 10_000) -> tuple[int, int]:
        with postgres.engine.connect() as connection:
            compiled = compile_query(connection, parse(query, NOW))
            return compiled.estimate(connection, most), compiled.count(connection)

    repartition(postgres.engine, most=10)
    common = "source:herald OR source:courier"
    told, counted = about(common)
    assert told == counted > 20  # too few to go by a part of them
    monkeypatch.setattr(partitioned, "_ENOUGH", 4)
    monkeypatch.setattr(partitioned, "_SAMPLED", 2)
    with postgres.engine.begin() as connection:
        connection.execute(text("ANALYZE search_index"))
    told, counted = about(common)
    assert abs(told - counted) <= counted * 0.4
    assert about(common, 5)[0] == 5
    told, counted = about("kathedrale OR hôpital title:zzzz")
    assert told == counted


def test_what_arrives_later_divides_the_newest(postgres: Archive) -> None:
    repartition(postgres.engine, most=40)
    first = _slices(postgres)
    assert repartition(postgres.engine, most=15) >= 1
    assert {low for low, _ in first} < {low for low, _ in _slices(postgres)}


def test_what_was_broken_off_is_cleared(postgres: Archive) -> None:
    with postgres.engine.begin() as connection:
        connection.execute(
            text("CREATE INDEX search_slice_new_0 ON search_index USING gin (document)")
        )
    assert _slices(postgres) == [(0, None)]
    repartition(postgres.engine)
    with postgres.engine.connect() as connection:
        names = connection.scalars(text(INDEXES)).all()
    assert names == ["search_slice_0"]


def test_only_one_divides_and_readers_go_on(postgres: Archive) -> None:
    before = _answers(postgres)
    done: list[int] = []
    threads = [
        threading.Thread(target=lambda: done.append(repartition(postgres.engine, most=10)))
        for _ in range(3)
    ]
    for one in threads:
        one.start()
    while any(one.is_alive() for one in threads):
        assert _answers(postgres) == before
    assert sum(1 for one in done if one) == 1
    assert _answers(postgres) == before
