"""Both walks, the compiled one and Python's, see the same blocks, places and pictures."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree

from crawler.extraction.blocks import walk
from crawler.extraction.blocks.block import MAX_BLOCKS, MAX_DEPTH, MAX_PLACES, MAX_SPANS
from crawler.extraction.page.parse import parse_html
from tests.profiles import examples

URL = "https://a.example/2026/03/05/the-quay-is-open-again"
BENCH = Path(__file__).resolve().parents[5] / "shared" / "bench" / "pages"

pytestmark = pytest.mark.skipif(
    walk.compiled is None, reason="no compiled walk: Dateline was installed without a C compiler"
)


def seen(walker: Any) -> tuple[Any, ...]:
    """All that a walk found, in values that compare."""
    return (
        [
            (p.element, p.tag, p.parent and p.parent.order, p.depth, p.order, p.words, p.chars,
             p.linked, p.paragraphs, p.blocks, p.commas)
            for p in walker.places
        ],
        [
            (b.place.order, b.tag, b.text, b.linked, b.strong, b.spans, b.list_depth, b.ordered,
             b.quoted, b.images, b.order, b.timed, b.words, b.breaks)
            for b in walker.blocks
        ],
        [(image, place.order, index) for image, place, index in walker.images],
        walker.explains, walker.passed, walker.footed,
    )  # fmt: skip


def assert_alike(root: Any) -> None:
    body = root.find("body")
    body = root if body is None else body
    for limit in (0, 1, 12):
        one, other = walk.Walker(limit=limit), walk.compiled(limit=limit)
        one.walk(body)
        other.walk(body)
        for mine, theirs in zip(seen(one), seen(other), strict=True):
            assert theirs == mine


TAGS = (
    "p", "div", "a", "b", "em", "span", "br", "hr", "ul", "ol", "li", "blockquote", "pre", "img", "time", "abbr",
    "header", "h1", "nav", "footer", "article", "main", "noscript", "script", "svg", "table", "tr", "td", "cite",
    "x-own", "strong", "figure", "o:p", "ruby", "rt", "rb", "form",
)  # fmt: skip
ATTRIBUTES = (
    "", ' class="byline"', ' class="Autor İ"', ' class=""', ' itemprop="author"', ' class="" itemprop="AUTHOR"',
    ' hidden', ' hidden="until-found"', ' aria-hidden="true"', ' style="display: none"', ' style="border:none"',
    ' href="/a?b=1&amp;c=2"', ' href=""', ' title="said"', ' id="Main" role="main" data-x="y"', ' class="é a&#10;b"',
    ' data-testid="Body"', ' role="heading"', ' role="heading" aria-level="3"', ' xml:lang="fr"',
)  # fmt: skip
TEXTS = (
    "word", " ", "\n\t", "  two  spaces ", "\u00a0", " \u00a0 ", "\u3000", "\u2009 ", "日本語、", "l\u2019été, ",
    "a\fb", "&#12;", "_x1 ½ ²", "\U0001f600", "x" * 50, "&lt;", "A. B! ", "so\u00adft", "\u200b", " \u2060 ", "\ufeff\n",
)  # fmt: skip


def markup() -> st.SearchStrategy[str]:
    inner = st.sampled_from(TEXTS)
    return st.recursive(
        inner,
        lambda children: st.builds(
            lambda tag, said, parts: f"<{tag}{said}>{''.join(parts)}</{tag}>",
            st.sampled_from(TAGS), st.sampled_from(ATTRIBUTES), st.lists(children, max_size=5),
        ),
        max_leaves=40,
    )  # fmt: skip


@settings(max_examples=examples(300))
@given(st.lists(markup(), max_size=4).map("".join))
@example("word<time>\u200b</time>word")
def test_any_markup_is_walked_alike(inner: str) -> None:
    assert_alike(parse_html(f"<html><body>{inner}</body></html>".encode(), URL).root)


@given(st.lists(markup(), max_size=3).map("".join), st.integers(0, 60))
def test_so_is_a_tree_with_comments_and_text_in_pieces(inner: str, at: int) -> None:
    # As lxml makes of a page whose comments are kept, and of one that was changed.
    text = (
        f"<html><body><div>{inner[:at]}<!-- note -->{inner[at:]}</div><?php x ?>end</body></html>"
    )
    root = etree.fromstring(text.encode(), parser=etree.HTMLParser(encoding="utf-8"))
    assert_alike(root)
    for element in list(root.iter("b", "span", "br")):
        parent = element.getparent()
        # lxml takes no control character that a reference stands for.
        element.tail = (
            re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]", "", element.tail or "") + " after"
        )
        parent.append(etree.Comment("moved"))
    etree.strip_tags(root, "em", "span")
    assert_alike(root)


def test_a_namespace_is_part_of_a_tag() -> None:
    assert_alike(etree.fromstring(
        '<html><body><p>One <a href="/x">link</a></p><s:nav xmlns:s="urn:s" s:class="c">Two</s:nav>'
        '<p xmlns="urn:t">Three <b>bold</b></p></body></html>'
    ))  # fmt: skip


@pytest.mark.parametrize("tag", ["div", "span", "b", "blockquote"])
def test_depth_ends_where_it_must(tag: str) -> None:
    deep = etree.Element("body")
    node = deep
    for i in range(MAX_DEPTH + 50):
        node = etree.SubElement(node, tag)
        node.text = f"level {i}"
        node.tail = f"after {i}"
    assert_alike(deep)


def test_blocks_end_where_they_must() -> None:
    page = "<body>" + "<p>One.<p>Two.<br><br>Three." * (MAX_BLOCKS // 2) + "</body>"
    assert_alike(parse_html(page.encode(), URL).root)


@pytest.mark.parametrize("unit", ["One.<br><br>", "<div></div>", "<b>x</b>"])
def test_a_trap_is_read_only_so_far(unit: str) -> None:
    page = f"<body><p>{unit * (MAX_PLACES + 50)}<p>The end.</body>"
    root = parse_html(page.encode(), URL).root
    walker = walk.compiled(limit=0)
    walker.walk(root.find("body"))
    assert len(walker.blocks) <= MAX_BLOCKS
    assert len(walker.places) <= MAX_PLACES
    assert all(len(block.spans) <= MAX_SPANS for block in walker.blocks)
    read = [len(walker.blocks), len(walker.places), *(len(b.spans) for b in walker.blocks)]
    assert max(read) in (MAX_BLOCKS, MAX_PLACES, MAX_SPANS)
    assert_alike(root)


def test_a_megabyte_in_one_place_is_one_block() -> None:
    page = "<body><p>" + "word \u00e9t\u00e9 <i>x</i>" * 60_000 + "</p></body>"
    walker = walk.compiled(limit=0)
    walker.walk(parse_html(page.encode(), URL).root.find("body"))
    assert len(walker.blocks[0].text) == len("word été x") * 60_000


@given(st.text(max_size=80))
def test_words_are_those_of_the_pattern(text: str) -> None:
    from crawler.extraction.blocks import _walk

    assert _walk.words_of(text) == re.findall(r"\w+", text)


def test_the_pages_of_the_bench_are_walked_alike() -> None:
    pages = sorted(BENCH.glob("*.html.gz"))
    if not pages:
        pytest.skip(f"no {BENCH}")
    for path in pages[::4]:
        assert_alike(parse_html(gzip.decompress(path.read_bytes()), URL).root)


def blocks_of(inner: str) -> list[Any]:
    page = parse_html(f"<html><body>{inner}</body></html>".encode(), URL)
    return walk.Walk(page.root, URL).blocks


PARAGRAPHS = "".join(
    f"<p>{'The quay is open to boats again this week. ' * 5}{i}</p>" for i in range(4)
)
REST = (
    "<div><a href='/'>Home</a></div><aside><p>Other news of the region, every Friday.</p></aside>"
)


@pytest.mark.parametrize("tag", ["nav", "header", "noscript"])
@pytest.mark.parametrize("form", ["{rest}<{tag}>{text}</{tag}>", "<div><{tag}>{text}</div>{rest}",
                                  "<article><{tag}>{text}</{tag}></article>{rest}"])  # fmt: skip
def test_furniture_that_holds_the_text_is_a_box_like_any(tag: str, form: str) -> None:
    blocks = blocks_of(form.format(tag=tag, text=PARAGRAPHS, rest=REST))
    assert sum(block.tag == "p" and len(block.text) > 200 for block in blocks) == 4
    assert all(
        block.place.parent.tag != tag
        for block in blocks
        if len(block.text) > 200 and tag != "header"
    )


def test_a_long_footer_is_none() -> None:
    blocks = blocks_of(
        f"<main><p>{'A short report. ' * 20}</p></main><footer>{PARAGRAPHS}</footer>"
    )
    assert len(blocks) == 1


def test_readings_do_not_run_into_words() -> None:
    ruby = "<p><ruby>東<rp>(</rp><rt>とう</rt><rp>)</rp>京<rp>(<rt>きょう<rp>)</ruby>都 <ruby><rb>港</rb><rt>みなと</rt></ruby></p>"
    assert [block.text for block in blocks_of(ruby)] == ["東京都 港"]


@pytest.mark.parametrize(("said", "tag"), [('role="heading"', "h2"), ('role=heading aria-level=3', "h3"),
                                           ('role="heading" aria-level="x"', "h6"), ('role="headings"', "div"),
                                           ('class="heading"', "div")])  # fmt: skip
def test_a_role_makes_a_heading(said: str, tag: str) -> None:
    assert [block.tag for block in blocks_of(f"<div {said}>The quay</div>")] == [tag]


def test_where_lines_begin_is_kept() -> None:
    (block,) = blocks_of("<p>Title<br> Teaser <br>N° 5<br></p>")
    assert block.text == "Title Teaser N° 5"
    assert [block.text[at:] for at in block.breaks] == ["Teaser N° 5", "N° 5"]


def test_what_no_reader_sees_parts_no_word() -> None:
    (block,) = blocks_of("<p>Schiff&shy;fahrt <b>\u200b </b>&#8203;am\ufeff Kai\u2060</p>")
    assert block.text == "Schifffahrt am Kai"
    assert [block.text[start:end] for start, end, _, _ in block.spans] == []
