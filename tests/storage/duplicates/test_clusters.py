"""Near-duplicates: which texts meet, which clusters they form, and who leads them."""

from __future__ import annotations

import dataclasses
import random
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from storage.duplicates import bloom, lsh, minhash
from storage.duplicates import clusters as duplicates
from storage.models import Article, Item, Signature, SignatureBand
from storage.types.content import StatedTimestamp
from tests.storage.values import NOW, article, new_source, stored, task_for

if TYPE_CHECKING:
    import pytest

    from storage.archive import Archive

HOME = "https://herald.example"


def words(count: int, seed: int) -> list[str]:
    chance = random.Random(seed)
    return [f"word{chance.randrange(3_000)}" for _ in range(count)]


def edited(text: list[str], share: float, seed: int = 0) -> list[str]:
    chance = random.Random(seed)
    copy = list(text)
    for place in chance.sample(range(len(copy)), round(len(copy) * share)):
        copy[place] = f"other{chance.randrange(3_000)}"
    return copy


def _put(
    archive: Archive, source: int, path: str, text: list[str], *, hours: float = 0, **fields: object
) -> int:
    published = StatedTimestamp(NOW - timedelta(days=2) + timedelta(hours=hours))
    content = article(f"Of {path}", " ".join(text), published=published, **fields)
    task = task_for(archive, source, f"{HOME}/{path}")
    (done,) = archive.record(source, None, [stored(task, content)], NOW)
    assert done.item_id is not None
    return done.item_id


def _clusters(archive: Archive) -> dict[int, tuple[int | None, float | None]]:
    with archive.reading() as session:
        rows = session.execute(select(Article.item_id, Article.cluster_id, Article.similarity))
        return {i: (cluster, similarity) for i, cluster, similarity in rows}


def test_agency_copy_in_two_sources_is_one_cluster_led_by_the_earliest(archive: Archive) -> None:
    herald = new_source(archive)
    mirror = new_source(archive, "mirror", "https://mirror.example/")
    text = words(300, 1)
    later_copy = _put(archive, herald, "copy", edited(text, 0.05), hours=5)
    original = _put(archive, mirror, "first", text)
    other = _put(archive, herald, "other", words(300, 2))
    clusters = _clusters(archive)
    assert clusters[original] == (original, 1.0)
    assert clusters[later_copy][0] == original
    assert 0.6 < (clusters[later_copy][1] or 0) < 0.9
    assert clusters[other] == (None, None)
    with archive.reading() as session:
        owners = dict(session.execute(select(Item.id, Item.source_id)).all())
    assert (owners[later_copy], owners[original]) == (herald, mirror)


def test_a_teaser_never_leads_and_the_fullest_of_one_moment_does(archive: Archive) -> None:
    source = new_source(archive)
    text = words(200, 3)
    teaser = _put(archive, source, "teaser", text, hours=-9, access="teaser")
    short = _put(archive, source, "short", edited(text, 0.03))
    full = _put(archive, source, "full", [*edited(text, 0.02, 5), *words(20, 9)])
    assert {cluster for cluster, _ in _clusters(archive).values()} == {full}
    assert {teaser, short, full} == set(_clusters(archive))


def test_an_article_that_becomes_another_leaves_its_cluster(archive: Archive) -> None:
    source = new_source(archive)
    text = words(200, 4)
    first = _put(archive, source, "first", text)
    second = _put(archive, source, "second", edited(text, 0.05), hours=1)
    third = _put(archive, source, "third", edited(text, 0.05, 8), hours=2)
    assert {c for c, _ in _clusters(archive).values()} == {first}
    task = dataclasses.replace(task_for(archive, source, f"{HOME}/x"), candidate_id=None,
                               item_id=first, url=f"{HOME}/first")  # fmt: skip
    archive.record(source, None, [stored(task, article("Of first", " ".join(words(200, 5))))], NOW)
    clusters = _clusters(archive)
    assert clusters[first] == (None, None)
    assert (clusters[second], clusters[third][0]) == ((second, 1.0), second)


def test_a_batch_finds_the_copies_within_itself(archive: Archive) -> None:
    source = new_source(archive)
    text = words(150, 6)
    tasks = [task_for(archive, source, f"{HOME}/{n}") for n in range(6)]
    pages = [
        stored(
            task,
            article(f"Story {n}", " ".join(edited(text, 0.04, n) if n % 2 else words(150, 60 + n))),
        )
        for n, task in enumerate(tasks)
    ]
    done = archive.record(source, None, pages, NOW)
    clusters = _clusters(archive)
    alike = {clusters[d.item_id or 0][0] for n, d in enumerate(done) if n % 2}
    assert len(alike) == 1
    assert None not in alike
    assert {clusters[d.item_id or 0][0] for n, d in enumerate(done) if not n % 2} == {None}


def test_every_cluster_is_led_however_few_articles_are_compared(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An article may lead others of its batch before its own turn comes, and not meet them then."""
    monkeypatch.setattr(duplicates, "_MOST_COMPARED", 1)
    source = new_source(archive)
    for turn in range(2):
        chance, text = random.Random(turn), words(120, 100 + turn)
        batch = []
        for n in range(30):
            published = StatedTimestamp(NOW - timedelta(hours=chance.randrange(48)))
            body = " ".join(edited(text, chance.choice((0.02, 0.08, 0.15, 0.2)), 10 * turn + n))
            task = task_for(archive, source, f"{HOME}/{turn}-{n}")
            batch.append(stored(task, article(f"Of {n}", body, published=published)))
        archive.record(source, None, batch, NOW)
    clusters = {item: cluster for item, (cluster, _) in _clusters(archive).items()}
    assert len({cluster for cluster in clusters.values() if cluster is not None}) >= 2
    for item, cluster in clusters.items():
        assert cluster is None or clusters[cluster] == cluster, item
        # None is alone in one.
        assert cluster is None or list(clusters.values()).count(cluster) > 1, item


def test_what_has_no_signature_yet_gets_one(archive: Archive) -> None:
    source = new_source(archive)
    text = words(100, 7)
    ids = [_put(archive, source, f"{n}", edited(text, 0.02, n), hours=n) for n in range(3)]

    def strip(session: object) -> None:
        duplicates.remove_items(session.connection(), ids)  # type: ignore[attr-defined]

    archive.write(strip)
    with archive.reading() as session:
        assert not session.scalar(select(func.count()).select_from(SignatureBand))
    last: int | None = 0
    while last is not None:
        last = archive.write(
            lambda s, after=last: duplicates.sign_missing(s.connection(), after, 2)
        )
    with archive.reading() as session:
        assert session.scalar(select(func.count()).select_from(Signature)) == 3
    assert {c for c, _ in _clusters(archive).values()} == {ids[0]}


def test_bands_move_on_and_every_text_still_meets_its_copy(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lsh, "_STEP", 4)
    monkeypatch.setattr(bloom, "PARTS", 4)
    source = new_source(archive)
    texts = [words(120, seed) for seed in range(14)]
    ids = [_put(archive, source, f"{n}", text) for n, text in enumerate(texts)]
    with archive.reading() as session:
        held = session.execute(
            select(SignatureBand.generation, func.count()).group_by(SignatureBand.generation)
        )
        counts = {generation: count for generation, count in held}  # noqa: C416
    assert bloom.OLD in counts
    assert len(counts) > 2
    assert sum(counts.values()) == 14 * minhash.BANDS
    if archive.engine.dialect.name == "sqlite":
        assert max(counts[slot] for slot in counts if slot < 0) <= 4 * minhash.BANDS
    else:
        assert set(counts) == {lsh._NEWEST, lsh._RECENT, bloom.OLD}
        assert counts[lsh._NEWEST] < 4 * minhash.BANDS
    copies = [_put(archive, source, f"copy-{n}", text, hours=1) for n, text in enumerate(texts)]
    clusters = _clusters(archive)
    assert [clusters[copy][0] for copy in copies] == ids
    archive.write(lambda session: duplicates.remove_items(session.connection(), [*ids, *copies]))
    with archive.reading() as session:
        assert not session.scalar(select(func.count()).select_from(SignatureBand))
