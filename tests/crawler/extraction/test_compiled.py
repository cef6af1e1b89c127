"""What is compiled gives the answers of its twins in Python; ``test_walk.py`` has the walk's."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from crawler.extraction import forest
from crawler.extraction.article import extract
from crawler.extraction.blocks import walk
from crawler.extraction.body import features, second_pass
from crawler.extraction.compiled import part
from crawler.extraction.page import parse
from crawler.extraction.page.parse import parse_html
from tests.crawler.extraction.blocks.test_walk import ATTRIBUTES, TEXTS, markup
from tests.pages import article_page, sentences

if TYPE_CHECKING:
    from collections.abc import Iterator

URL = "https://a.example/2026/03/05/the-quay-is-open-again"
BENCH = Path(__file__).resolve().parents[4] / "shared" / "bench" / "pages"

needs_compiled = pytest.mark.skipif(
    walk.compiled is None, reason="nothing compiled: Dateline was installed without a C compiler"
)


@pytest.fixture
def by_python_alone() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        without_compiled(patch)
        yield patch


def without_compiled(patch: pytest.MonkeyPatch) -> None:
    for module in (features, forest, parse, second_pass, walk):
        patch.setattr(module, "compiled", None)


def rows_of(content: str) -> tuple[np.ndarray, np.ndarray] | None:
    """(the compiled rows, Python's) of a page."""
    parsed = parse_html(content.encode(), URL)
    kept = features.considered(walk.Walk(parsed.root, parsed.base_url).blocks)
    if not kept:
        return None
    context = features.Context(
        body=" ".join(block.text for block in kept[::2]), description=kept[0].text,
        headline=kept[-1].text, title="Été, a word 5 March 2026",
    )  # fmt: skip
    compiled = features.matrix(kept, context)
    with pytest.MonkeyPatch.context() as patch:
        without_compiled(patch)
        return compiled, features.matrix(kept, context)


@needs_compiled
@given(st.lists(markup(), min_size=1, max_size=6).map("".join))
def test_rows_of_any_markup_are_pythons_to_the_bit(inner: str) -> None:
    both = rows_of(f"<html><body>{inner}</body></html>")
    if both is not None:
        np.testing.assert_array_equal(*both)


@needs_compiled
@given(st.lists(st.text(min_size=1, max_size=700), min_size=1, max_size=4))
def test_so_are_those_of_any_text(texts: list[str]) -> None:
    inner = "".join(f"<p class='ad lead'>{text.replace('<', '')}</p>" for text in texts)
    both = rows_of(f"<html><body><div id=related>{inner}</div></body></html>")
    if both is not None:
        np.testing.assert_array_equal(*both)


@needs_compiled
@given(st.data())
def test_the_second_look_is_pythons_to_the_bit(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 40))
    probability = data.draw(arrays.arrays(np.float32, n, elements=st.floats(0, 1, width=32)))
    words = data.draw(arrays.arrays(np.float64, n, elements=st.integers(0, 500)))
    # Each place comes after what holds it.
    count = data.draw(st.integers(1, 12))
    parents = [-1, *(data.draw(st.integers(0, i - 1)) for i in range(1, count))]
    page_outline = second_pass.Outline(
        data.draw(arrays.arrays(np.int64, (7, n), elements=st.integers(0, 5))),
        np.array([data.draw(st.integers(-1, i - 1)) for i in range(n)]),
        data.draw(arrays.arrays(np.int64, n, elements=st.integers(0, count - 1))),
        np.array(parents),
    )
    compiled = second_pass.matrix(probability, words, page_outline)
    with pytest.MonkeyPatch.context() as patch:
        without_compiled(patch)
        own = second_pass.matrix(probability, words, page_outline)
    np.testing.assert_array_equal(compiled, own)


@needs_compiled
@given(st.integers(1, 60), st.integers(0, 2**32 - 1))
def test_forests_agree(n: int, seed: int) -> None:
    # NumPy sums a single row in another order: that is the last bits.
    chance = np.random.default_rng(seed)
    for trees in forest.load("body"):
        rows = chance.normal(0.3, 1.0, (n, len(trees.names))).astype(np.float32)
        compiled = trees.probability(rows)
        with pytest.MonkeyPatch.context() as patch:
            without_compiled(patch)
            np.testing.assert_allclose(compiled, trees.probability(rows), rtol=1e-5, atol=1e-6)


@needs_compiled
@given(
    st.lists(markup(), max_size=4).map("".join), st.sampled_from(ATTRIBUTES), st.sampled_from(TEXTS)
)
def test_the_head_is_read_alike(inner: str, said: str, text: str) -> None:
    content = (
        f"<html><head><title>{text}</title><meta{said} name=a content='{text}'><base{said}></head>"
        f"<body>{inner}<svg><title>x</title></svg><link{said} rel=y href=z></body></html>"
    ).encode()
    parsed = parse_html(content, URL)
    with pytest.MonkeyPatch.context() as patch:
        without_compiled(patch)
        own = parse.Page(URL, parsed.root, parsed.data).found
    assert parsed.found == own


@needs_compiled
@given(st.binary(max_size=60))
def test_a_page_is_cleaned_where_it_must_be(data: bytes) -> None:
    clean = data.translate(None, parse._CONTROLS)
    assert parse.compiled.is_clean(data) == (clean == data)


@needs_compiled
@given(
    st.lists(
        st.one_of(
            st.text(max_size=20).map(lambda text: text.encode("utf-8", "surrogatepass")),
            st.binary(max_size=5), st.just(b"a" * 9), st.just(b"\xf4\x8f\xbf\xbf"),
        ),
        max_size=6,
    ).map(b"".join)
)  # fmt: skip
@example(b"")
@example(b"\xed\xa0\x80")
@example(b"\xf4\x90\x80\x80")
@example(b"\xe0\x9f\xbf" + b"a" * 8)
@example(b"a" * 8 + b"\xe2\x82")
def test_utf8_is_what_python_reads_as_that(data: bytes) -> None:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        assert not parse.compiled.is_utf8(data)
    else:
        assert parse.compiled.is_utf8(data)


def test_python_alone_reads_an_article(by_python_alone: pytest.MonkeyPatch) -> None:
    content = article_page("The quay is open again", sentences(3)).encode()
    alone = extract(content, URL)
    assert alone.article is not None
    assert alone.article.text.split("\n") == sentences(3)
    by_python_alone.undo()
    assert extract(content, URL) == alone


@needs_compiled
def test_pages_of_the_bench_are_read_alike(by_python_alone: pytest.MonkeyPatch) -> None:
    paths = sorted(BENCH.glob("*.html.gz"))[::8]
    if not paths:
        pytest.skip(f"no {BENCH}")
    pages = [gzip.decompress(path.read_bytes()) for path in paths]
    alone = [extract(content, URL) for content in pages]
    by_python_alone.undo()
    assert [extract(content, URL) for content in pages] == alone


def test_a_part_compiled_of_another_version_is_left_aside() -> None:
    assert part("_walk", walk.VERSION + 1) is None
    assert part("_nothing", 1) is None
