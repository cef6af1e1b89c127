"""The text rules: nothing unreadable is kept, nothing readable is lost, spans still fit."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crawler.extraction.clean import clean_article, clean_block, clean_line
from storage.types.content import Article, Block, Link, Media, Span

spans = st.tuples(st.integers(0, 40), st.integers(0, 40)).map(
    lambda p: Span(min(p), max(p) + 1, "link", "https://a.example/")
)


@given(st.text())
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean_line(clean_line(text)) == clean_line(text)


@given(st.text(max_size=40), st.lists(spans, max_size=3))
def test_spans_stay_inside_the_text(text: str, found: list[Span]) -> None:
    block = clean_block(Block("paragraph", text, spans=tuple(found)))
    if block is not None:
        assert block.text.encode("utf-8")
        if block.text != text:
            assert all(0 <= s.start < s.end <= len(block.text) for s in block.spans)


def test_a_span_still_covers_its_words_after_cleaning() -> None:
    block = clean_block(
        Block("paragraph", "A\u200b  long   word here", spans=(Span(11, 15, "link"),))
    )
    assert block is not None
    span = block.spans[0]
    assert block.text[span.start : span.end].strip() == "word"


def test_french_spaces_stay_and_controls_go() -> None:
    assert clean_line("«\u00a0Oui\u202f!\u00a0»\x00\x07\ufeff") == "«\u00a0Oui\u202f!\u00a0»"


def test_fields_fit_the_archive() -> None:
    article = Article(
        "H" * 5000, (Block("paragraph", "x\x00y"), Block("paragraph", " ")), byline=("A", " A ", ""),
        language="x" * 99, number="9" * 99, section="s" * 999,
        links=(Link("https://a.example/", "related", "a\x00b"),),
        media=(Media("https://a.example/1", caption=" c \x00"),),
    )  # fmt: skip
    clean = clean_article(article)
    assert len(clean.headline) == 1000
    assert [b.text for b in clean.blocks] == ["xy"]
    assert clean.byline == ("A",)
    assert (len(clean.language or ""), len(clean.number or ""), len(clean.section or "")) == (
        35,
        64,
        200,
    )
    assert clean.links[0].anchor == "ab"
    assert clean.media[0].caption == "c"
