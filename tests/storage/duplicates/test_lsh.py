"""Bands of signatures: what the filter spares, what is held for how many, what taking away leaves."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, update

from storage.duplicates import bloom, clusters, lsh
from storage.maintenance import integrity
from storage.maintenance.backup import backup, restore
from storage.models import Article, BandFilter, Signature, SignatureBand
from tests.conftest import new_postgres_database
from tests.storage.duplicates.test_clusters import _put, words
from tests.storage.values import new_source

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

    from storage.archive import Archive

LEAST, MOST = -(1 << 63), (1 << 63) - 1


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lsh, "_STEP", 4)
    monkeypatch.setattr(bloom, "PARTS", 4)
    monkeypatch.setattr(bloom, "_LEAST_BITS", 16)
    monkeypatch.setattr(bloom, "SLOT_BITS", 2048)


@given(st.sets(st.integers(LEAST, MOST), max_size=60), st.sets(st.integers(LEAST, MOST)))
def test_a_filter_never_denies_what_it_was_given(held: set[int], others: set[int]) -> None:
    some = np.array(sorted(held), np.int64)
    for bits in (8, 64, 4096):
        stored = bloom.with_bands(bytes(bits // 8), some)
        assert len(stored) == bits // 8
        assert bloom.contains(np.frombuffer(stored, np.uint8), some).all()
        again = bloom.with_bands(stored, np.array(sorted(others), np.int64))
        assert bloom.with_bands(again, some) == again


def _counts(connection: Connection) -> dict[int, int]:
    found = connection.execute(
        select(SignatureBand.generation, func.count()).group_by(SignatureBand.generation)
    )
    return {row[0]: row[1] for row in found}


@pytest.mark.usefixtures("small")
def test_what_is_held_is_found_through_the_filter_and_the_rest_is_not_asked(
    archive: Archive,
) -> None:
    source = new_source(archive)
    for n in range(40):
        _put(archive, source, f"{n}", words(60, n))
    with archive.engine.connect() as connection:
        rows = connection.execute(
            select(SignatureBand.band, Signature.item_id)
            .join(Signature, Signature.id == SignatureBand.signature_id)
        ).all()  # fmt: skip
        assert _counts(connection)[bloom.OLD] > 24
        found = lsh.holders(connection, {band for band, _ in rows})
        assert sorted((band, item) for band, items in found.items() for item in items) == sorted(
            tuple(row) for row in rows
        )
        chance = random.Random(1)
        unknown = sorted(chance.randint(LEAST, MOST) for _ in range(400))
        assert lsh.holders(connection, unknown) == {}
        if archive.engine.dialect.name == "sqlite":
            parts = dict(connection.execute(select(BandFilter.part, BandFilter.bands)).all())
            assert {0, 1, 2, 3} < set(parts)
            old = sum(count for part, count in parts.items() if part >= 0)
            assert old == _counts(connection)[bloom.OLD]
            filters = bloom.filters_of(connection)
            places, pairs = filters.places(connection, unknown)
            assert len(places.pop(bloom.OLD)) < 400 / 4
            assert len(pairs) < 400 / 4
            # The slot that is open, and none but that, is asked for all.
            assert list(places.values()) == [unknown]
            assert list(lsh.band_faults(connection)) == []
            sql = f"EXPLAIN QUERY PLAN {lsh._asked(connection, [band for band, _ in rows])}"
            plan = [row.detail for row in connection.exec_driver_sql(sql)]
            assert not [step for step in plan if step.startswith("SCAN") and "bands" in step]
            assert any(step.startswith("SEARCH b ") for step in plan)
        else:
            assert not connection.scalar(select(func.count()).select_from(BandFilter))


@pytest.mark.usefixtures("small")
def test_a_filter_of_a_transaction_that_was_undone_is_not_used(archive: Archive) -> None:
    if archive.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL has no filter of bands")
    source = new_source(archive)
    for n in range(30):
        _put(archive, source, f"{n}", words(60, n))
    with archive.engine.connect() as connection:
        held = list(connection.scalars(select(SignatureBand.band)))
    with archive.engine.connect() as connection:
        connection.execute(update(BandFilter).values(version=7, bits=bytes(256)))
        assert len(lsh.holders(connection, held)) < len(held)
        connection.rollback()
    with archive.engine.connect() as connection:
        assert len(lsh.holders(connection, held)) == len(held)
        connection.execute(delete(BandFilter))
        assert any("nothing says" in fault for fault in lsh.band_faults(connection))
        connection.rollback()
    archive.write(lambda s: s.execute(update(BandFilter).values(version=8, bits=bytes(256))))
    assert any("filter of bands" in fault for fault in integrity.check_archive(archive))


@pytest.mark.usefixtures("small")
def test_bands_are_found_though_ids_leap_and_newest_go(archive: Archive) -> None:
    source = new_source(archive)
    texts = {}
    for n in range(60):
        texts[n] = _put(archive, source, f"{n}", words(60, n))
        if n % 7 == 6:
            archive.write(lambda s: clusters.remove_items(s.connection(), [texts.pop(max(texts))]))
        if n % 13 == 12:
            # As if others had been signed between: slots are left out, or come again too early.
            archive.write(lambda s, by=n: s.execute(
                update(Signature).where(Signature.item_id == texts[max(texts)])
                .values(id=Signature.id + by * 3)
            ) and s.execute(delete(SignatureBand).where(
                SignatureBand.signature_id.not_in(select(Signature.id))
            )) and _sign_again(s.connection(), texts[max(texts)]))  # fmt: skip
    assert [fault for fault in integrity.check_archive(archive) if "band" in fault] == []
    for n, item_id in texts.items():
        copy = _put(archive, source, f"copy-{n}", words(60, n))
        assert _clusters_of(archive)[copy] == item_id


def _sign_again(connection: Connection, item_id: int) -> None:
    row = connection.execute(select(Signature).where(Signature.item_id == item_id)).one()
    place = lsh.generation_for(connection, row.id, row.id)
    lsh.add_bands(connection, place, [(row.id, clusters.bands_stored(row.signature))], {})


@pytest.mark.usefixtures("small")
def test_a_backup_brings_bands_to_a_database_of_the_other_kind(
    archive: Archive, postgres_server: str, tmp_path: Path
) -> None:
    source = new_source(archive)
    ids = {n: _put(archive, source, f"{n}", words(60, n)) for n in range(30)}
    archive.location.captures.mkdir(exist_ok=True)
    (archive.location.captures / "test.warc.gz").touch()
    backup(archive, tmp_path / "b.tar")
    other = None
    if archive.engine.dialect.name == "sqlite":
        other = new_postgres_database(postgres_server)
    with restore(tmp_path / "b.tar", tmp_path / "restored", other) as restored:
        assert restored.engine.dialect.name != archive.engine.dialect.name
        assert [fault for fault in integrity.check_archive(restored) if "band" in fault] == []
        for n, item_id in ids.items():
            copy = _put(restored, source, f"copy-{n}", words(60, n))
            assert _clusters_of(restored)[copy] == item_id


def test_a_text_that_stands_there_often_is_held_so_often_and_still_found(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lsh, "MOST_HOLDERS", 3)
    source = new_source(archive)
    text = words(120, 1)
    ids = [_put(archive, source, f"{n}", [*text, f"end{n}"], hours=n) for n in range(8)]
    with archive.engine.connect() as connection:
        assert max(connection.scalars(
            select(func.count()).select_from(SignatureBand).group_by(SignatureBand.band)
        )) == 3  # fmt: skip
    assert _clusters_of(archive) == dict.fromkeys(ids, ids[0])
    assert [fault for fault in integrity.check_archive(archive) if "signature" in fault] == []
    # The copies that are held go, one after the other; those that are left take their places.
    for gone in ids[:6]:
        archive.write(lambda s, gone=gone: clusters.remove_items(s.connection(), [gone]))
        copy = _put(archive, source, f"copy-{gone}", [*text, "more"], hours=20)
        assert _clusters_of(archive)[copy] is not None
        archive.write(lambda s, copy=copy: clusters.remove_items(s.connection(), [copy]))
    with archive.engine.connect() as connection:
        left = set(connection.scalars(select(SignatureBand.signature_id)))
        assert left == set(connection.scalars(select(Signature.id)))


def _clusters_of(archive: Archive) -> dict[int, int | None]:
    with archive.engine.connect() as connection:
        rows = connection.execute(select(Article.item_id, Article.cluster_id))
        return {row.item_id: row.cluster_id for row in rows}
