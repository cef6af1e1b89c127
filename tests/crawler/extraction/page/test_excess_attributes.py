"""No page has a thousand attributes in a tag, and one that has takes no more time than others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.extraction.article import extract
from crawler.extraction.blocks import walk
from crawler.extraction.page import excess_attributes
from crawler.extraction.page.parse import parse_html

URL = "https://a.example/2026/03/05/the-quay-is-open-again"
PARTS = (
    b"<p ", b"<a", b" ", b"\n", b"/", b">", b"=", b"'", b'"', b"x", b"y1", b"<!--", b"-->", b"--", b"<script", b"</script>",
    b"<TITLE>", b"</title", b"<", b"!", b"\xc3\xa9", b"\x00", b"a=1", b" b='>' ", b' c="<p d e f"',
)  # fmt: skip

markup = st.lists(st.sampled_from(PARTS), max_size=60).map(b"".join)


@pytest.mark.skipif(
    walk.module is None, reason="nothing compiled: Dateline was installed without a C compiler"
)
@given(markup, st.integers(0, 3))
def test_both_find_the_same(page: bytes, most: int) -> None:
    assert walk.module.surplus(page, most) == excess_attributes.surplus(page, most)


@given(markup)
def test_spans_follow_one_another(page: bytes) -> None:
    at = 0
    for start, end in excess_attributes.surplus(page, 1):
        assert at <= start < end <= len(page)
        at = end


def test_a_tag_keeps_its_first_attributes() -> None:
    page = b"<p a=1 b='>' c=\"x y\" d>e f g</p><!-- <p q r s t> --><script>a <b c d e</script>"
    ((start, end),) = excess_attributes.surplus(page, 2)
    assert page[:start] + page[end:] == page.replace(b'c="x y" d', b"")


@pytest.mark.parametrize("name", ["plain", "quoted", "behind a comment", "behind a script"])
def test_what_is_beyond_reason_is_cut(name: str) -> None:
    before, value = {
        "plain": ("", "1"), "quoted": ("", '">"'), "behind a comment": ("<!-- <b x=' -->", "1"),
        "behind a script": ("<script>if (a <b x=') </script>", "1"),
    }[name]  # fmt: skip
    many = " ".join(f"a{i}={value}" for i in range(60_000))
    page = f"<html><body>{before}<p {many}>The quay is open again.</p></body></html>".encode()
    (paragraph,) = parse_html(page, URL).root.iter("p")
    assert len(paragraph.attrib) == excess_attributes.MOST
    assert paragraph.text == "The quay is open again."


@pytest.mark.parametrize(
    "page", [b"<a" * 500_000, b"<a " * 500_000, b"<!--" * 400_000, b"<p x='" * 300_000, b"<script>" * 200_000,
             b"<p " + b"=" * 900_000, b"<p " + b"/ " * 500_000],
)  # fmt: skip
def test_hostile_pages_are_gone_through_once(page: bytes) -> None:
    assert extract(b"<html><body>" + page, URL).kind != "article"
