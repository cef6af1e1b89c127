"""Captures that lost their Content-Encoding, as Dateline 0.1 made them, are mended and proved."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import brotli
import pytest

from storage.archive import Archive, open_archive
from storage.captures import files, reader
from storage.captures import writer as captures
from storage.captures.care import lost_encodings, repack, repair, rewrite, verify
from storage.captures.content_encoding import UNDECLARED
from storage.captures.warc import Exchange, RevisitTarget, zstandard
from storage.ingest import media
from storage.maintenance import backup
from storage.maintenance.integrity import check_archive
from storage.models import Capture, Media
from storage.types.pages import CaptureRecord, PageStored, PageUnchanged
from tests.conftest import copied
from tests.storage.values import NOW, article, later, new_source, page_of, publish, task_for

if TYPE_CHECKING:
    from collections.abc import Iterator

HOME = "https://herald.example"
zstd = zstandard()


def _raw(body: bytes) -> bytes:
    engine = zlib.compressobj(wbits=-15)
    return engine.compress(body) + engine.flush()


# Pages packed by gzip are read without the header too, and get it back all the same.
UNREADABLE = {"br", "zstd", "deflate", "raw", "two", "unknown"}
# What the server sent, what is left of the header, and what it must be afterwards.
LOST: dict[str, tuple[Any, str | None, str]] = {
    "gzip": (gzip.compress, None, "gzip"),
    "br": (brotli.compress, None, "br"),
    "zstd": (zstd.compress, None, "zstd"),
    "deflate": (zlib.compress, None, "deflate"),
    "raw": (_raw, None, "deflate"),
    "two": (lambda b: brotli.compress(gzip.compress(b)), None, "gzip, br"),
    "members": (lambda b: gzip.compress(b[:99]) + gzip.compress(b[99:]), None, "gzip"),
    "unknown": (brotli.compress, "x-secret", "x-secret,br"),
}


def _keep(archive: Archive, url: str, sent: bytes, digest: str, **fields: Any) -> CaptureRecord:
    """A capture as it was made: the body as it was sent, without the header that named its coding."""
    writer = captures.CaptureWriter(archive.location.captures, "old", "Dateline/0.1.0")
    headers = fields.pop("headers", ())
    place = writer.append(Exchange(
        url=url, method="GET", request_headers=(), status=200, body=sent, fetched_at=NOW,
        response_headers=(("Content-Type", "text/html"), *headers),
        revisited=fields.get("revisited"), notes=fields.get("notes", ()),
    ))  # fmt: skip
    writer.close()
    revisit = "revisited" in fields
    return CaptureRecord(
        url=url, status=200, content_type="text/html", etag=None, last_modified=None,
        fetched_at=NOW, file=place.file, offset=place.offset, length=place.length, digest=digest,
        record_id=place.record_id, kind="revisit" if revisit else "response",
        refers_to=fields.get("refers_to"),
    )  # fmt: skip


@pytest.fixture
def old(tmp_path: Path, new_archive: Path) -> Iterator[Archive]:
    """An archive of one article of each coding, a plain one, and a revisit of the first."""
    with open_archive(str(copied(new_archive, tmp_path))) as archive:
        source = new_source(archive)
        for name, (pack, left, _) in LOST.items():
            words = " ".join(f"{name}{n}" for n in range(60))
            story = article(f"Story of {name}", f"What happened: {words}.")
            url, body = f"{HOME}/{name}", page_of(story)
            kept = (("Content-Encoding", left),) if left else ()
            record = _keep(archive, url, pack(body), hashlib.sha256(body).hexdigest(), headers=kept)
            task = task_for(archive, source, url)
            archive.record(source, None, [PageStored(task, (url,), record, story, "t")], NOW)
        publish(archive, source, f"{HOME}/plain", article("Plain"))
        with archive.reading() as session:
            first = session.query(Capture).order_by(Capture.id).first()
            assert first is not None
        _, body = files.read_http(archive.location.captures, first.file, first.offset)
        record = _keep(
            archive, first.url, body, first.digest, refers_to=first.id,
            revisited=RevisitTarget(first.record_id, first.url, first.fetched_at),
        )  # fmt: skip
        again = dataclasses.replace(
            task_for(archive, source, f"{HOME}/x"), candidate_id=None, item_id=1
        )
        archive.record(source, None, [PageUnchanged(again, record)], later(days=1))
        body = page_of(article("Undeclared"))
        record = _keep(
            archive, f"{HOME}/undeclared", gzip.compress(body), hashlib.sha256(body).hexdigest(),
            notes=((UNDECLARED, "gzip"),),
        )  # fmt: skip
        archive.record(source, None, [PageUnchanged(again, record)], later(days=2))
        yield archive


def _codings(archive: Archive) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    with archive.reading() as session:
        rows = session.query(Capture).order_by(Capture.id).all()
    for row in rows:
        record = files.read_record(archive.location.captures, row.file, row.offset)
        assert record.damage() is None
        _, headers, _ = record.http()
        values = [value for name, value in headers if name.lower() == "content-encoding"]
        found.setdefault(row.url.rpartition("/")[2], []).append(",".join(values))
    return found


def test_repair_puts_the_header_back_and_everything_reads_again(old: Archive) -> None:
    problems = verify.verify(old).problems
    assert len(problems) == len(UNREADABLE)
    assert all("repair" in line for line in problems)
    assert repair.repair(old) == [
        f"put the lost Content-Encoding back into {len(LOST) + 1} records"
    ]
    wanted = {name: [coding] for name, (_, _, coding) in LOST.items()}
    wanted["gzip"] *= 2
    assert _codings(old) == wanted | {"plain": [""], "undeclared": [""]}
    assert check_archive(old) == []
    with old.reading() as session:
        rows = session.query(Capture).all()
    assert all(b"<h1>" in reader.read_capture(old, row) for row in rows)
    assert repair.repair(old) == []


def test_a_file_over_a_dictionary_is_mended_too(old: Archive) -> None:
    repack.repack(old, 1, "zstd", NOW)
    assert repair.repair(old)
    assert check_archive(old) == []
    assert {path.suffix for path in verify.all_capture_files(old)} == {".zst"}


@pytest.mark.parametrize("step", ["marker", "rows", "old file"])
def test_a_repair_that_is_killed_goes_on(
    old: Archive, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    class Killed(BaseException):
        pass

    def kill(*_: object, **__: object) -> None:
        raise Killed

    owner, name = {
        "marker": (Path, "rename"), "rows": (rewrite, "_commit"), "old file": (Path, "unlink"),
    }[step]  # fmt: skip
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, kill)
        with pytest.raises(Killed):
            lost_encodings.restore_encodings(old)
    assert repair.repair(old)
    assert check_archive(old) == []


def test_a_backup_of_unreadable_captures_and_media_is_not_well(
    old: Archive, tmp_path: Path
) -> None:
    digest, path = media.keep(old.location.media, b"\x89PNG picture", ".png")

    def work(session: Any) -> None:
        session.add(Media(url=f"{HOME}/p.png", kind="picture", state="stored", digest=digest,
                          path=path, size=12, attempts=1))  # fmt: skip

    old.write(work)
    file = tmp_path / "b.tar"
    backup.backup(old, file)
    assert len(backup.verify(file).problems) == len(UNREADABLE)
    repair.repair(old)
    backup.backup(old, file)
    assert backup.verify(file).problems == ()
    found = verify.verify(old)
    assert (found.media, found.problems) == (1, [])
    (old.location.media / path).write_bytes(b"\x89PNG pictura")
    assert verify.verify(old).problems == [f"media 1: {path} does not match its digest"]
    backup.backup(old, file)
    assert backup.verify(file).problems == (f"media 1: {path} does not match its digest",)
    (old.location.media / path).unlink()
    assert "cannot be read" in verify.verify(old).problems[0]
