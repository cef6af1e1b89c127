"""Captures proved, mended, thinned out, packed another way; rewriting cut short at any place."""

from __future__ import annotations

import dataclasses
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from warcio.archiveiterator import ArchiveIterator

from storage.captures import reader
from storage.captures import writer as captures
from storage.captures.care import prune, repack, repair, rewrite, verify
from storage.captures.warc import Exchange, RevisitTarget
from storage.errors import CaptureUnreadable
from storage.maintenance.integrity import check_archive
from storage.models import Capture, Source
from storage.types.pages import PageUnchanged
from tests.storage.values import (
    NOW,
    article,
    later,
    new_source,
    page_of,
    publish,
    real_capture,
    task_for,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from storage.archive import Archive

HOME = "https://herald.example"


def _story(number: int) -> Any:
    words = " ".join(f"w{number}x{n}" for n in range(60))
    return article(f"Story {number}", f"What happened on day {number}: {words}.")


@pytest.fixture
def held(archive: Archive) -> Archive:
    """An archive of five articles; the first was seen twice more, as it was and with new teasers."""
    source = new_source(archive)
    for number in range(5):
        publish(archive, source, f"{HOME}/{number}", _story(number))
    again = dataclasses.replace(
        task_for(archive, source, f"{HOME}/x"), candidate_id=None, item_id=1
    )
    publish(archive, source, f"{HOME}/0", _story(0), later(days=1), task=again)
    with archive.reading() as session:
        known = session.query(Capture).order_by(Capture.id).first()
        assert known is not None
    writer = captures.CaptureWriter(archive.location.captures, "again", "Dateline/test")
    place = writer.append(Exchange(
        url=f"{HOME}/0", method="GET", request_headers=(), status=304, response_headers=(),
        body=b"", fetched_at=later(days=2),
        revisited=RevisitTarget(known.record_id, known.url, known.fetched_at),
    ))  # fmt: skip
    writer.close()
    record = dataclasses.replace(
        real_capture(archive, f"{HOME}/0", b"-"), file=place.file, offset=place.offset,
        length=place.length, record_id=place.record_id, digest=known.digest, status=304,
        kind="revisit", refers_to=known.id, fetched_at=later(days=2),
    )  # fmt: skip
    archive.record(source, None, [PageUnchanged(again, record)], later(days=2))
    for path in archive.location.captures.glob("test-*"):
        with archive.reading() as session:
            if not session.query(Capture).filter(Capture.file == path.name).count():
                path.unlink()
    return archive


def test_every_record_is_proved_and_a_revisit_reads_as_what_it_refers_to(held: Archive) -> None:
    found = verify.verify(held)
    assert (found.problems, found.loose) == ([], 0)
    assert found.records == 7 * 4 - 1
    with held.reading() as session:
        revisit = session.query(Capture).filter(Capture.kind == "revisit").one()
    assert reader.read_capture(held, revisit) == page_of(_story(0))
    assert check_archive(held) == []


def test_an_independent_reader_reads_revisits(held: Archive) -> None:
    (path,) = held.location.captures.glob("again-*")
    with path.open("rb") as stream:
        record = next(r for r in ArchiveIterator(stream) if r.rec_type == "revisit")
        headers = record.rec_headers
        assert headers.get_header("WARC-Profile").endswith("server-not-modified")
        assert headers.get_header("WARC-Refers-To-Target-URI") == f"{HOME}/0"


def test_every_flipped_byte_of_a_member_is_found(held: Archive) -> None:
    chance = random.Random(7)
    paths = [p for p in verify.all_capture_files(held) if p.stat().st_size]
    missed = 0
    for _ in range(60):
        path = chance.choice(paths)
        whole = path.read_bytes()
        # The first ten bytes of a member say nothing of its content: time, system, flags.
        place = chance.randrange(10, len(whole))
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        missed += not verify.verify(held).problems
        path.write_bytes(whole)
    assert verify.verify(held).problems == []
    # A byte of a later member's own head (its time stamp) may be any.
    assert missed <= 6


def test_a_torn_tail_and_a_wrong_offset_are_mended(held: Archive) -> None:
    path = verify.all_capture_files(held)[1]
    with path.open("ab") as file:
        file.write(path.read_bytes()[:25])
    with held.reading() as session:
        row = (
            session.query(Capture)
            .filter(Capture.file == verify.all_capture_files(held)[2].name)
            .first()
        )
        assert row is not None
    number, right = row.id, row.offset

    def move(session: Any) -> None:
        session.get(Capture, number).offset = right + 3

    held.write(move)
    assert len(verify.verify(held).problems) >= 2
    assert len(repair.repair(held)) == 2
    assert verify.verify(held).problems == []
    assert repair.repair(held) == []


def test_pruning_leaves_what_anything_is_made_of(held: Archive) -> None:
    assert prune.prune(held, later(days=9), dry_run=True)[0] == 0
    with held.reading() as session:
        source = session.query(Source).one().id
    again = dataclasses.replace(task_for(held, source, f"{HOME}/y"), candidate_id=None, item_id=1)
    publish(held, source, f"{HOME}/0", _story(0), later(days=3), task=again)
    assert prune.prune(held, later(days=1))[0] == 0
    assert prune.prune(held, later(days=9), dry_run=True)[0] == 2
    count, freed = prune.prune(held, later(days=9))
    assert count == 2
    assert freed > 0
    assert check_archive(held) == []
    with held.reading() as session:
        assert session.query(Capture).count() == 6
    assert prune.prune(held, later(days=9)) == (0, 0)


def test_packing_another_way_loses_nothing(held: Archive) -> None:
    def bodies() -> list[bytes]:
        with held.reading() as session:
            rows = session.query(Capture).order_by(Capture.id).all()
        return [reader.read_capture(held, row) for row in rows]

    before = bodies()
    with held.reading() as session:
        source = session.query(Source).one().id
    for store in ("zstd", "gzip"):
        repack.repack(held, source, store, NOW)
        suffix = ".zst" if store == "zstd" else ".gz"
        assert {path.suffix for path in verify.all_capture_files(held)} == {suffix}
        assert bodies() == before
        assert check_archive(held) == []
    with held.reading() as session:
        file = session.query(Capture.file).first()
    assert file is not None


def test_a_missing_dictionary_is_said_and_nothing_is_cut(held: Archive) -> None:
    with held.reading() as session:
        source = session.query(Source).one().id
    repack.repack(held, source, "zstd", NOW)
    sizes = [path.stat().st_size for path in verify.all_capture_files(held)]
    for path in (held.location.captures / "dictionaries").glob("*.zst"):
        path.unlink()
    repack.zstd_dictionaries.load_codec.cache_clear()
    assert any("dictionary" in problem for problem in verify.verify(held).problems)
    with pytest.raises(CaptureUnreadable, match="dictionary"):
        repair.repair(held)
    assert [path.stat().st_size for path in verify.all_capture_files(held)] == sizes


class _Killed(BaseException):
    """Stands for a kill: nothing catches it."""


STEPS = ("marker", "renamed", "committed", "removed")


@pytest.mark.parametrize("step", STEPS)
def test_rewriting_may_be_killed_at_any_step(
    held: Archive, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    with held.reading() as session:
        row = (
            session.query(Capture).filter(Capture.url == f"{HOME}/0").order_by(Capture.id).all()[1]
        )

    def kill(*_: object, **__: object) -> None:
        raise _Killed

    def after(work: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **fields: Any) -> Any:
            work(*args, **fields)
            raise _Killed

        return run

    with monkeypatch.context() as patch:
        if step == "marker":
            patch.setattr(Path, "rename", kill)
        elif step == "renamed":
            patch.setattr(type(held), "write", kill)
        elif step == "committed":
            patch.setattr(type(held), "write", after(type(held).write))
        else:
            patch.setattr(Path, "unlink", after(Path.unlink))
        with pytest.raises(_Killed):
            rewrite.rewrite(held, row.file, {row.record_id})
    rewrite.finish(held)
    assert check_archive(held) == []
    assert not list(held.location.captures.glob("*.replaced*"))
    with held.reading() as session:
        left = session.query(Capture).filter(Capture.record_id == row.record_id).count()
    assert left == (1 if step in ("marker", "renamed") else 0)
    files = {path.name for path in verify.all_capture_files(held)}
    with held.reading() as session:
        assert files == {name for (name,) in session.query(Capture.file).distinct()}
