"""WARC and ARC files of any maker: codings, ways of packing, damage; bombs stay small."""

from __future__ import annotations

import gzip
import tracemalloc
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

import brotli
import pytest

from crawler.batch.found import SourcePage
from crawler.batch.readers import detect_format, pages
from crawler.batch.warc_files import dechunked
from storage.captures.warc import zstandard
from storage.errors import ArchiveError
from tests.pages import article_page, sentences

if TYPE_CHECKING:
    from pathlib import Path

zstd = zstandard()
MB = 1 << 20


def page(number: int) -> bytes:
    return article_page(f"Story {number}", sentences(number)).encode()


def url(number: int) -> str:
    return f"https://paper.example/news/story-{number}"


def http(body: bytes, *headers: str, status: str = "HTTP/1.1 200 OK") -> bytes:
    lines = (status, "Content-Type: text/html; charset=utf-8", *headers)
    return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n" + body


def record(
    address: str, block: bytes, kind: str = "response", length: int | None = None, more: str = ""
) -> bytes:
    head = (
        f"WARC/1.1\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:1>\r\n{more}"
        f"WARC-Date: 2026-03-12T14:30:00Z\r\nWARC-Target-URI: {address}\r\n"
        "Content-Type: application/http; msgtype=response\r\n"
        f"Content-Length: {len(block) if length is None else length}\r\n\r\n"
    )
    return head.encode() + block + b"\r\n\r\n"


def plain(number: int) -> bytes:
    return record(url(number), http(page(number)))


def read(path: Path) -> list[str]:
    """``page N`` or the cause of each."""
    found = []
    for _, one in pages(path, detect_format(path)):  # type: ignore[arg-type]
        if isinstance(one, SourcePage):
            number = one.url.rpartition("-")[2]
            assert one.body == page(int(number))
            found.append(f"page {number}")
        else:
            found.append(one.cause)
    return found


def _chunked(body: bytes) -> bytes:
    return b"".join(
        b"%x\r\n%s\r\n" % (len(body[i : i + 500]), body[i : i + 500])
        for i in range(0, len(body), 500)
    ) + b"0\r\n\r\n"  # fmt: skip


MIDDLE: dict[str, bytes] = {
    "br": http(brotli.compress(page(2)), "Content-Encoding: br"),
    "zstd": http(zstd.compress(page(2)), "Content-Encoding: zstd"),
    "deflate": http(zlib.compress(page(2)), "Content-Encoding: deflate"),
    "two": http(brotli.compress(gzip.compress(page(2))), "Content-Encoding: gzip, br"),
    "two headers": http(
        gzip.compress(zstd.compress(page(2))), "Content-Encoding: zstd", "Content-Encoding: gzip"
    ),
    "unknown": http(page(2), "Content-Encoding: x-secret"),
    "claimed": http(page(2), "Content-Encoding: br"),
    "chunked": http(_chunked(page(2)), "Transfer-Encoding: chunked"),
    "chunked gzip": http(
        _chunked(gzip.compress(page(2))), "Transfer-Encoding: chunked", "Content-Encoding: gzip"
    ),
    "chunked, claimed": http(page(2), "Transfer-Encoding: chunked"),
    "HTTP/2": http(page(2), status="HTTP/2 200"),
    "pseudo header": http(page(2), status=":status: 200"),
    "interim answer": b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + http(page(2)),
    "ICY": http(page(2), status="ICY 200 OK"),
    "folded header": http(page(2), "X-Long: a\r\n  b"),
    "bare line feeds": http(page(2)).replace(b"\r\n", b"\n", 3),
}


@pytest.mark.parametrize("case", MIDDLE)
def test_a_page_of_any_coding_is_read(tmp_path: Path, case: str) -> None:
    path = tmp_path / "a.warc.gz"
    parts = (plain(1), record(url(2), MIDDLE[case]), plain(3))
    path.write_bytes(b"".join(map(gzip.compress, parts)))
    assert read(path) == ["page 1", "page 2", "page 3"]


BROKEN: dict[str, tuple[bytes, str]] = {
    "no length": (plain(2).replace(b"Content-Length", b"Content-Langth"), "no-length"),
    "a length of words": (record(url(2), b"x").replace(b"th: 1", b"th: -1"), "no-length"),
    "no record": (b"<html>no record at all\r\n</html>\r\n\r\n", "not-a-record"),
    "no HTTP": (record(url(2), b"\x00\x01\x02 not http"), "not-http"),
    "a long header": (
        b"WARC/1.1\r\nX: " + b"y" * MB + b"\r\nWARC-Type: response\r\n\r\n", "header-too-long"
    ),
    "a long HTTP header": (
        record(url(2), http(page(2), "X: " + "y" * MB)), "header-too-long"
    ),
    "many headers": (b"WARC/1.1\r\n" + b"A: b\r\n" * 200_000 + b"\r\n", "header-too-long"),
    "no date": (plain(2).replace(b"2026-03-12T", b"a day in March"), "no-date"),
    "a part": (record(url(2), http(page(2)), more="WARC-Segment-Number: 1\r\n"), "segmented"),
}  # fmt: skip


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("case", BROKEN)
def test_a_bad_record_is_named_and_the_next_is_read(
    tmp_path: Path, case: str, packed: bool
) -> None:
    middle, cause = BROKEN[case]
    path = tmp_path / "a.warc"
    parts = (plain(1), middle, plain(3))
    path.write_bytes(b"".join(map(gzip.compress, parts) if packed else parts))
    assert read(path) == ["page 1", cause, "page 3"]


@pytest.mark.parametrize("case", ["flipped", "cut", "longer than it is", "junk", "zstd"])
def test_a_damaged_member_is_named_and_the_next_is_read(tmp_path: Path, case: str) -> None:
    one, two, three = (gzip.compress(plain(n)) for n in (1, 2, 3))
    wanted = "damaged"
    if case == "flipped":
        two = two[:200] + bytes(b ^ 255 for b in two[200:240]) + two[240:]
    elif case == "cut":
        two = two[: len(two) // 2]
    elif case == "longer than it is":
        two = gzip.compress(record(url(2), http(page(2)), length=10**6))
        wanted = "cut-off"
    elif case == "junk":
        two = b"\x07" * 3_000
    else:
        checked = {zstd.CompressionParameter.checksum_flag: 1}
        one, two, three = (zstd.compress(plain(n), options=checked) for n in (1, 2, 3))
        two = two[:300] + b"\xff" * 40 + two[340:]
    path = tmp_path / "a.warc.gz"
    path.write_bytes(one + two + three)
    assert read(path) == ["page 1", wanted, "page 3"]


def _dictionary() -> tuple[bytes, Any]:
    raw = page(9) * 2
    return raw, zstd.ZstdDict(raw, is_raw=True)


def _framed(raw: bytes) -> bytes:
    return b"\x5d\x2a\x4d\x18" + len(raw).to_bytes(4, "little") + raw


@pytest.mark.parametrize(
    "way", ["plain", "whole", "twice", "zstd", "dictionary", "packed dictionary", "wacz", "blocks"]
)
def test_every_way_of_packing_a_file(tmp_path: Path, way: str) -> None:
    parts = [plain(n) for n in (1, 2, 3)]
    whole = b"".join(parts)
    path = tmp_path / "a.bin"
    if way == "plain":
        path.write_bytes(whole)
    elif way == "whole":
        path.write_bytes(gzip.compress(whole))
    elif way == "twice":
        path.write_bytes(gzip.compress(b"".join(map(gzip.compress, parts))))
    elif way == "zstd":
        path.write_bytes(b"".join(map(zstd.compress, parts)))
    elif way == "blocks":
        path.write_bytes(b"".join(
            gzip.compress(whole[n : n + 700]) for n in range(0, len(whole), 700)
        ))  # fmt: skip
    elif way == "wacz":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr("archive/a.warc.gz", b"".join(map(gzip.compress, parts)))
    else:
        raw, trained = _dictionary()
        packed_parts = b"".join(zstd.compress(part, zstd_dict=trained) for part in parts)
        path.write_bytes(_framed(zstd.compress(raw) if "packed" in way else raw) + packed_parts)
    assert read(path) == ["page 1", "page 2", "page 3"]


def test_arc_files_with_blanks_in_a_url(tmp_path: Path) -> None:
    head = b"1 0 X\nURL IP-address Archive-date Content-type Archive-length\n"
    made = b"filedesc://x.arc 0.0.0.0 20060312143000 text/plain %d\n%s\n" % (len(head), head)
    for number, name in ((1, "a story with blanks-1"), (2, "story-2")):
        block = http(page(number))
        made += f"http://p.example/{name} 1.2.3.4 20060312143000 text/html {len(block)}\n".encode()
        made += block + b"\n"
    second = http(page(3))
    made += (
        f"http://p.example/x-3 1.2.3.4 20060312143000 text/html 200 - - 0 f {len(second)}\n"
    ).encode() + second + b"\n"  # fmt: skip
    path = tmp_path / "a.arc"
    path.write_bytes(made)
    assert read(path) == ["page 1", "page 2", "page 3"]


def test_a_wacz_of_names_in_capitals_and_arc_files(tmp_path: Path) -> None:
    answer = http(page(2))
    arc = f"{url(2)} 1.2.3.4 20060312143000 text/html {len(answer)}\n".encode() + answer + b"\n"
    path = tmp_path / "a.wacz"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("archive/A.WARC.GZ", gzip.compress(plain(1)))
        packed.writestr("archive/b.arc.gz", gzip.compress(arc))
    assert [one.url for _, one in pages(path, "wacz")] == [url(1), url(2)]  # type: ignore[union-attr]


def test_a_wacz_with_a_damaged_member_gives_the_others(tmp_path: Path) -> None:
    path = tmp_path / "a.wacz"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("archive/a.warc", plain(1))
        packed.writestr("archive/b.warc", plain(2))
    whole = path.read_bytes()
    place = whole.index(b"Story 1")
    path.write_bytes(whole[:place] + b"Stary" + whole[place + 5 :])
    assert "page 2" in [
        f"page {one.url[-1]}" if isinstance(one, SourcePage) else one.cause
        for _, one in pages(path, "wacz")
    ]


@pytest.mark.parametrize("kind", ["request", "warcinfo"])
def test_a_file_without_pages_says_why(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.warc"
    path.write_bytes(record(url(1), b"GET / HTTP/1.1\r\n\r\n", kind) * 2)
    with pytest.raises(ArchiveError, match=f"contains no pages: its records are 2 {kind}"):
        read(path)


def _zeros(count: int) -> bytes:
    return bytes(count * MB)


BOMBS: dict[str, Any] = {
    "gzip": lambda: record(url(1), http(gzip.compress(_zeros(30)), "Content-Encoding: gzip")),
    "br": lambda: record(
        url(1), http(brotli.compress(_zeros(30), quality=1), "Content-Encoding: br")
    ),
    "twice": lambda: record(
        url(1), http(gzip.compress(gzip.compress(_zeros(30))), "Content-Encoding: gzip, gzip")
    ),
    "large": lambda: record(url(1), http(_zeros(30))),
    "line": lambda: b"WARC/1.1\r\nWARC-Type: " + _zeros(30),
    "length": lambda: record(url(1), http(b"<p>"), length=10**17),
    "repeated": lambda: record(url(1), http(b"<p>a</p>" * (MB + MB // 4))),
}


@pytest.mark.parametrize("packed", ["gzip", "zstd", "wacz"])
@pytest.mark.parametrize("case", BOMBS)
def test_bombs_stay_small(tmp_path: Path, case: str, packed: str) -> None:
    path = tmp_path / "a.warc"
    made = BOMBS[case]()
    if packed == "wacz":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr("archive/a.warc", made)
    else:
        path.write_bytes(zstd.compress(made) if packed == "zstd" else zlib_gzip(made))
    del made
    tracemalloc.start()
    try:
        found, said = [], ""
        try:
            found = [one for _, one in pages(path, detect_format(path))]  # type: ignore[arg-type]
        except ArchiveError as error:
            said = error.message
        assert found or "cut off" in said or "300 times" in said
        assert not any(isinstance(one, SourcePage) for one in found)
        assert tracemalloc.get_traced_memory()[1] < 60 * MB
    finally:
        tracemalloc.stop()


def zlib_gzip(data: bytes) -> bytes:
    engine = zlib.compressobj(1, zlib.DEFLATED, 31)
    return engine.compress(data) + engine.flush()


def test_chunks_of_odd_forms() -> None:
    assert dechunked(b"3;x=y\r\nabc\r\n2\r\nde\r\n0\r\n\r\n") == b"abcde"
    assert dechunked(b"3\nabc\n2\nde\n0\n\n") == b"abcde"
    assert dechunked(b"5\r\nab") == b"ab"
    assert dechunked(b"<html>") == b"<html>"
