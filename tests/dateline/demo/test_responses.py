"""The servers of the tests and the demonstration answer as real ones do, each manner in turn."""

from __future__ import annotations

from collections import Counter

import pytest

from crawler.batch.warc_files import dechunked
from dateline.demo.responses import ResponseVariants
from storage.captures.content_encoding import decode_response

PAGE = b"<html>" + b"<p>The harbour council met.</p>" * 500 + b"</html>"
HTML = ("Content-Type", "text/html; charset=utf-8")
ALL = "gzip, deflate, br, zstd"


def test_every_manner_comes_up_and_says_the_same() -> None:
    variants = ResponseVariants()
    seen: Counter[str] = Counter()
    for _ in range(48):
        headers, pieces = variants.next(ALL, 200, [HTML], PAGE)
        named = dict(headers)
        body = b"".join(pieces)
        if "Transfer-Encoding" in named:
            body = dechunked(body)
            seen["chunked"] += 1
        else:
            assert named["Content-Length"] == str(len(body))
        assert decode_response(headers, body) == PAGE
        seen[named["Content-Encoding"]] += 1
        seen["weak" if named["ETag"].startswith("W/") else "strong"] += 1
        seen["cookie"] += "Set-Cookie" in named
    assert {"chunked", "gzip", "br", "zstd", "deflate", "weak", "strong", "cookie"} <= set(seen)


@pytest.mark.parametrize("accepted", ["", "identity", "gzip", "br;q=0.5"])
def test_only_what_is_accepted_is_sent(accepted: str) -> None:
    variants = ResponseVariants()
    for _ in range(8):
        headers, _ = variants.next(accepted, 200, [HTML], PAGE)
        coding = dict(headers).get("Content-Encoding")
        assert coding == (accepted.partition(";")[0] if accepted not in ("", "identity") else None)


def test_what_a_page_says_of_itself_goes_out_as_it_stands() -> None:
    variants = ResponseVariants()
    for own in (("Content-Length", "9999"), ("Content-Encoding", "x")):
        headers, pieces = variants.next(ALL, 200, [HTML, own, ("ETag", '"e"')], PAGE)
        assert own in headers
        assert ("ETag", '"e"') in headers
        assert PAGE in (b"".join(pieces), dechunked(b"".join(pieces)))
    picture = ("Content-Type", "image/png")
    for status, headers in ((200, [picture]), (404, [HTML]), (304, [])):
        found, _ = variants.next(ALL, status, headers, PAGE if status == 200 else b"")
        assert "Content-Encoding" not in dict(found)
