"""WARC files: written, read back by another's reader, cut off, mended."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator

from storage.captures import files, recovery
from storage.captures import writer as captures
from storage.captures.warc import Exchange
from storage.captures.writer import CaptureWriter
from storage.errors import CaptureUnreadable, FolderNotWritable
from tests.profiles import examples

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def exchange(number: int = 1, body: bytes = b"<p>Hello</p>", **headers: str) -> Exchange:
    fields = {"Content-Type": "text/html", **headers}
    return Exchange(
        url=f"https://herald.example/{number}?q=é", method="GET",
        request_headers=(("User-Agent", "Dateline"), ("Cookie", "secret=1"),
                         ("Authorization", "Basic c2VjcmV0")),
        status=200, response_headers=(*fields.items(), ("Set-Cookie", "secret=2")), body=body,
        fetched_at=NOW, ip_address="192.0.2.1",
    )  # fmt: skip


def _write(folder: Path, count: int) -> list[captures.RecordLocation]:
    writer = CaptureWriter(folder, "herald", "Dateline/test")
    places = [writer.append(exchange(i, f"<p>Page {i}</p>".encode())) for i in range(count)]
    writer.close()
    return places


def test_an_independent_reader_finds_every_exchange(tmp_path: Path) -> None:
    places = _write(tmp_path, 3)
    with (tmp_path / places[0].file).open("rb") as stream:
        records = [
            (r.rec_type, r.rec_headers.get_header("WARC-Target-URI"),
             r.content_stream().read() if r.rec_type == "response" else b"")
            for r in ArchiveIterator(stream, check_digests="raise")
        ]  # fmt: skip
    assert [kind for kind, _, _ in records] == ["warcinfo", *["response", "request"] * 3]
    assert [body for kind, _, body in records if kind == "response"] == [
        b"<p>Page 0</p>", b"<p>Page 1</p>", b"<p>Page 2</p>",
    ]  # fmt: skip


def test_a_body_comes_back_as_it_was_sent(tmp_path: Path) -> None:
    body = gzip.compress(b"<p>packed</p>" * 50)
    writer = CaptureWriter(tmp_path, "herald", "Dateline/test")
    place = writer.append(exchange(body=body, **{"Content-Encoding": "gzip"}))
    writer.close()
    headers, read = files.read_http(tmp_path, place.file, place.offset)
    assert read == body
    assert ("Content-Encoding", "gzip") in headers


def test_no_secret_reaches_the_file(tmp_path: Path) -> None:
    place = _write(tmp_path, 1)[0]
    assert b"secret" not in gzip.decompress((tmp_path / place.file).read_bytes())
    assert b"c2VjcmV0" not in gzip.decompress((tmp_path / place.file).read_bytes())


def test_a_record_can_be_read_while_its_file_grows(tmp_path: Path) -> None:
    writer = CaptureWriter(tmp_path, "herald", "Dateline/test")
    place = writer.append(exchange(body=b"now"))
    assert files.read_http(tmp_path, place.file, place.offset)[1] == b"now"
    assert recovery.recover_files(tmp_path) == []  # its writer is alive
    writer.close()


@settings(max_examples=examples(60))
@given(st.floats(0, 1))
def test_a_file_cut_anywhere_keeps_every_whole_record(
    tmp_path_factory: pytest.TempPathFactory, share: float
) -> None:
    folder = tmp_path_factory.mktemp("cut")
    places = _write(folder, 4)
    path = folder / places[0].file
    whole = path.read_bytes()
    cut = round(share * len(whole))
    path.with_name(path.name + files.OPEN_SUFFIX).write_bytes(whole[:cut])
    path.unlink()
    recovery.recover_files(folder)
    for number, place in enumerate(places):
        if place.offset + place.length <= cut:
            body = files.read_http(folder, place.file, place.offset)[1]
            assert body == f"<p>Page {number}</p>".encode()
    assert not list(folder.glob(f"*{files.OPEN_SUFFIX}"))
    if path.exists():
        gzip.decompress(path.read_bytes())


def test_a_damaged_record_is_said_to_be_damaged(tmp_path: Path) -> None:
    place = _write(tmp_path, 1)[0]
    path = tmp_path / place.file
    raw = bytearray(path.read_bytes())
    raw[place.offset + 40] ^= 0xFF
    path.write_bytes(raw)
    with pytest.raises(CaptureUnreadable, match="damaged"):
        files.read_http(tmp_path, place.file, place.offset)
    with pytest.raises(CaptureUnreadable, match="cannot read"):
        files.read_http(tmp_path, "lost.warc.gz", 0)


def test_a_folder_that_cannot_be_made_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    writer = CaptureWriter(tmp_path / "file", "herald", "Dateline/test")
    with pytest.raises(FolderNotWritable, match="free disk space or correct"):
        writer.append(exchange())


class _FullDisk:
    """A file on a disk that is full in the middle of a record."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, data: bytes) -> int:
        self._file.write(data[:7])
        raise OSError(28, "No space left on device")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def test_a_full_disk_is_one_clear_error_and_later_records_are_readable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = CaptureWriter(tmp_path, "herald", "Dateline/test")
    first = writer.append(exchange(1, b"before"))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(captures.os, "fsync", full)
        with pytest.raises(FolderNotWritable, match="No space left"):
            writer.sync()
        patch.setattr(writer, "_file", _FullDisk(writer._file))
        with pytest.raises(FolderNotWritable, match="No space left"):
            writer.append(exchange(2, b"lost"))
    after = writer.append(exchange(3, b"after"))
    writer.close()
    for place, body in ((first, b"before"), (after, b"after")):
        assert files.read_http(tmp_path, place.file, place.offset)[1] == body


def test_a_new_file_begins_with_each_day_and_at_the_size_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = [NOW, NOW, NOW + timedelta(days=1), NOW + timedelta(days=1)]
    clock = iter(moments)
    writer = CaptureWriter(tmp_path, "herald", "Dateline/test", clock=lambda: next(clock))
    # When a page was fetched does not count: an import's pages come from any day.
    places = [writer.append(exchange(n)) for n in range(3)]
    monkeypatch.setattr(captures, "MAX_FILE_BYTES", 10)
    places.append(writer.append(exchange(3)))
    writer.close()
    assert places[0].file == places[1].file
    assert len({place.file for place in places}) == 3
    assert [place.file[:15] for place in places[1:]] == [
        "herald-20260310", "herald-20260311", "herald-20260311",
    ]  # fmt: skip
    assert not list(tmp_path.glob("*.open"))
