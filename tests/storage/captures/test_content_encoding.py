"""Content codings: what servers name rightly, wrongly, twice or not at all; bombs."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import pickle
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import brotli
import pytest
from scrapy import Request
from scrapy.http import HtmlResponse

from crawler.http.coded import body_for_worker, decoded_body
from crawler.middlewares.capture import CaptureMiddleware
from crawler.run import fetch_context
from crawler.run.capture_writer import CaptureWriterThread
from storage.captures.content_encoding import decode_body, decode_response, decode_verified
from storage.captures.files import read_http
from storage.captures.warc import zstandard
from storage.captures.writer import CaptureWriter
from storage.errors import BodyTooLarge

if TYPE_CHECKING:
    from pathlib import Path

zstd = zstandard()
PAGE = b"<!DOCTYPE html><html><body>" + b"<p>The harbour council met.</p>" * 400 + b"</body></html>"
HTML = ("Content-Type", "text/html; charset=utf-8")


def raw_deflate(body: bytes) -> bytes:
    engine = zlib.compressobj(wbits=-15)
    return engine.compress(body) + engine.flush()


PACKED = {
    "gzip": gzip.compress(PAGE), "br": brotli.compress(PAGE), "zstd": zstd.compress(PAGE),
    "deflate": zlib.compress(PAGE), "raw": raw_deflate(PAGE),
}  # fmt: skip
HALF = len(PAGE) // 2
ANSWERS: dict[str, tuple[list[str], bytes, bytes]] = {
    "gzip": (["gzip"], PACKED["gzip"], PAGE),
    "brotli": (["br"], PACKED["br"], PAGE),
    "zstd": (["zstd"], PACKED["zstd"], PAGE),
    "deflate": (["deflate"], PACKED["deflate"], PAGE),
    "deflate, raw": (["deflate"], PACKED["raw"], PAGE),
    "x-gzip": (["x-gzip"], PACKED["gzip"], PAGE),
    "capitals and blanks": ([" GZip "], PACKED["gzip"], PAGE),
    "quoted": (['"gzip"'], PACKED["gzip"], PAGE),
    "a parameter": (["gzip;q=1.0"], PACKED["gzip"], PAGE),
    "two": (["gzip, br"], brotli.compress(PACKED["gzip"]), PAGE),
    "two headers": (["br", "gzip"], gzip.compress(PACKED["br"]), PAGE),
    "said twice, done once": (["gzip", "gzip"], PACKED["gzip"], PAGE),
    "done twice, said once": (["gzip"], gzip.compress(PACKED["gzip"]), PAGE),
    "empty": ([""], PAGE, PAGE),
    "commas": ([",, gzip,"], PACKED["gzip"], PAGE),
    "identity": (["identity"], PAGE, PAGE),
    "a charset": (["utf-8"], PAGE, PAGE),
    "unknown": (["x-secret"], PAGE, PAGE),
    "unknown over gzip": (["gzip, x-secret"], PACKED["gzip"], PAGE),
    "gzip over unknown": (["x-secret, gzip"], PACKED["gzip"], PAGE),
    "said, not done: gzip": (["gzip"], PAGE, PAGE),
    "said, not done: br": (["br"], PAGE, PAGE),
    "said, not done: zstd": (["zstd"], PAGE, PAGE),
    "said, not done: deflate": (["deflate"], PAGE, PAGE),
    "done, not said": ([], PACKED["gzip"], PAGE),
    "another than said: gzip for br": (["br"], PACKED["gzip"], PAGE),
    "another than said: zstd for gzip": (["gzip"], PACKED["zstd"], PAGE),
    "another than said: gzip for deflate": (["deflate"], PACKED["gzip"], PAGE),
    "members of gzip": (["gzip"], gzip.compress(PAGE[:HALF]) + gzip.compress(PAGE[HALF:]), PAGE),
    "frames of zstd": (["zstd"], zstd.compress(PAGE[:HALF]) + zstd.compress(PAGE[HALF:]), PAGE),
    "bytes behind gzip": (["gzip"], PACKED["gzip"] + b"\r\n<!-- 0.1 s -->", PAGE),
    "bytes behind zstd": (["zstd"], PACKED["zstd"] + b"\x00\x00", PAGE),
    "bytes behind br": (["br"], PACKED["br"] + b"\x00", PAGE),
    "a wrong checksum": (["gzip"], PACKED["gzip"][:-8] + bytes(8), PAGE),
    "nothing": (["gzip"], b"", b""),
    "gzip of nothing": (["gzip"], gzip.compress(b""), b""),
    "deflate of nothing": (["deflate"], zlib.compress(b""), b""),
    "br of nothing": (["br"], brotli.compress(b""), b""),
}  # fmt: skip


@pytest.mark.parametrize("case", ANSWERS)
def test_a_body_is_decoded_as_its_header_and_its_bytes_say(case: str) -> None:
    named, sent, wanted = ANSWERS[case]
    headers = [HTML, *(("Content-Encoding", value) for value in named)]
    assert decode_response(headers, sent) == wanted


def middleware() -> Any:
    made = CaptureMiddleware.__new__(CaptureMiddleware)
    made._max_size = 10_000_000
    return made


def writer_thread(folder: Path) -> CaptureWriterThread:
    made = CaptureWriterThread.__new__(CaptureWriterThread)
    made.writer = CaptureWriter(folder, "t", "test")
    made.executor = ThreadPoolExecutor(1)
    made.policy, made._host, made._tdmrep = "ignore", "", []
    return made


@pytest.mark.parametrize("case", ANSWERS)
def test_a_capture_reads_back_as_it_was_fetched(case: str, tmp_path: Path) -> None:
    named, sent, wanted = ANSWERS[case]
    response = HtmlResponse("http://x.example/", body=sent, headers={
        "Content-Type": HTML[1], **({"Content-Encoding": named} if named else {}),
    })  # fmt: skip
    fetched = asyncio.run(middleware()._decoded(Request(response.url), response))
    assert "Content-Encoding" not in fetched.headers
    assert fetched.body == wanted
    thread = writer_thread(tmp_path)
    request = Request(response.url)
    fetch_context.update(request, capture_writer=thread)
    page = asyncio.run(middleware().process_response(request, response))
    thread.close()
    assert decoded_body(page) == wanted
    job_body = pickle.loads(pickle.dumps(body_for_worker(page)))  # noqa: S301
    assert (job_body if isinstance(job_body, bytes) else job_body.decoded()) == wanted
    capture = fetch_context.of(request).capture
    assert capture is not None
    headers, body = read_http(tmp_path, capture.file, capture.offset)
    assert body == sent
    assert decode_verified(headers, body, capture.digest) == wanted


def test_of_a_header_that_is_sent_twice_the_last_counts(tmp_path: Path) -> None:
    # As Scrapy reads headers, so that the next conditional request sends what the page was sent.
    headers = {"Content-Type": HTML[1], "ETag": ['"one"', '"two"']}
    response = HtmlResponse("http://x.example/", body=PAGE, headers=headers)
    thread = writer_thread(tmp_path)
    request = Request(response.url)
    fetch_context.update(request, capture_writer=thread)
    asyncio.run(middleware().process_response(request, response))
    thread.close()
    capture = fetch_context.of(request).capture
    assert capture is not None
    assert capture.etag == '"two"'


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd", "deflate"])
def test_a_truncated_stream_gives_what_it_holds(coding: str) -> None:
    words = b" ".join(hashlib.sha256(str(n).encode()).hexdigest().encode() for n in range(3_000))
    pack = {"gzip": gzip.compress, "br": brotli.compress, "zstd": zstd.compress,
            "deflate": zlib.compress}[coding]  # fmt: skip
    packed = pack(words)
    found = decode_body(packed[: len(packed) * 3 // 4], coding)
    assert words.startswith(found)
    # Zstandard and brotli give whole blocks of it only.
    assert len(found) >= len(words) // 3 or coding in ("zstd", "br")


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd", "deflate", "raw"])
def test_a_bomb_is_refused(coding: str) -> None:
    zeros = bytes(5_000_000)
    packed = {"gzip": gzip.compress, "br": lambda b: brotli.compress(b, quality=5),
              "zstd": zstd.compress, "deflate": zlib.compress, "raw": raw_deflate}[coding](zeros)  # fmt: skip
    name = "deflate" if coding == "raw" else coding
    assert decode_body(packed, name, 5_000_000) == zeros
    with pytest.raises(BodyTooLarge):
        decode_body(packed, name, 4_999_999)


def test_a_packed_file_that_is_no_page_stays_packed() -> None:
    packed = gzip.compress(b"a sitemap or a tarball")
    for kind in ("application/gzip", "application/octet-stream", "text/plain"):
        assert decode_response([("Content-Type", kind)], packed) == packed
    assert decode_response([("content-encoding", "identity")], packed) == packed


def test_the_digest_of_what_was_sent_still_proves_an_old_capture() -> None:
    sent = PACKED["gzip"]
    headers = [("Content-Encoding", "gzip, x-secret")]
    assert decode_verified(headers, sent, hashlib.sha256(sent).hexdigest()) == PAGE
    assert decode_verified(headers, sent, hashlib.sha256(b"other").hexdigest()) is None
