"""Which blocks are taken: by what is expected of the page as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from crawler.extraction.blocks.walk import Walk
from crawler.extraction.body import features, second_pass, select
from crawler.extraction.page.parse import parse_html
from tests.pages import sentences

if TYPE_CHECKING:
    from crawler.extraction.blocks.block import RawBlock

URL = "https://a.example/2026/03/05/the-quay-is-open-again"


def blocks_of(inner: str) -> list[RawBlock]:
    page = parse_html(f"<html><body>{inner}</body></html>".encode(), URL)
    return Walk(page.root, page.base_url).blocks


PARAGRAPHS = blocks_of("".join(f"<p>{' '.join(sentences(i))}</p>" for i in range(6)))


@pytest.mark.parametrize(
    ("scores", "taken"),
    [
        # Sure of the page: what is less likely than not stays out.
        ([0.99, 0.99, 0.99, 0.99, 0.4, 0.01], [0, 1, 2, 3]),
        # All is doubtful: a block that is text with four chances in ten is better in than out.
        ([0.45, 0.42, 0.4, 0.4, 0.38, 0.01], [0, 1, 2, 3, 4]),
        # What is surely text is taken beside what is certain.
        ([1.0, 1.0, 1.0, 1.0, 0.6, 0.6], [0, 1, 2, 3, 4, 5]),
        ([0.0] * 6, []),
    ],
)
def test_the_threshold_is_that_of_the_highest_expected_f1(
    scores: list[float], taken: list[int]
) -> None:
    assert select.decide(PARAGRAPHS, np.array(scores)) == taken


def test_nothing_is_decided_of_no_blocks() -> None:
    assert select.decide([], np.zeros(0)) == []


@pytest.mark.parametrize(
    ("text", "extent"),
    [
        ("Five words of plain English", (27, 5)),
        ("港口在星期二重新开放", (25, 6)),
        ("ท่าเรือเปิดอีกครั้ง", (19, 4)),
        ("항구가 다시 문을 열었다", (13, 4)),
        ("Гавань снова открыта", (20, 3)),
    ],
)
def test_texts_are_as_long_as_in_a_script_with_spaces(text: str, extent: tuple[int, int]) -> None:
    assert features.extent(text) == extent


def test_chinese_furniture_is_known() -> None:
    (said,) = blocks_of("<p>责任编辑：李明 分享到微信</p>")
    column = features.NAMES.index("furniture")
    assert features.own_features(said)[column] >= 3


def test_a_page_has_an_outline() -> None:
    blocks = blocks_of(
        "<main><h2>One</h2><p class=a>x y</p><p class=a>z</p><div><h2>Two</h2><p>w</p></div></main>"
    )
    page = second_pass.outline(blocks)
    parent, kind, section = page.groups[0], page.groups[4], page.groups[6]
    assert parent[1] == parent[2] != parent[4]
    assert kind[1] == kind[2] != kind[4]
    assert list(section) == [1, 1, 1, 4, 4]
    assert list(page.headings) == [-1, 0, 0, 0, 3]
    assert all(above < i for i, above in enumerate(page.parents))


def test_blocks_are_told_where_the_text_is() -> None:
    blocks = blocks_of(
        f"<main><article><p>{' '.join(sentences(1))}</p><ul><li>{' '.join(sentences(2))}</ul></article></main>"
        f"<div><p>{' '.join(sentences(3))}</p></div>"
    )
    words = np.array([len(block.words) for block in blocks], dtype=float)
    rows = second_pass.matrix(np.array([0.9, 0.9, 0.05]), words, second_pass.outline(blocks))
    share = rows[:, second_pass.NAMES.index("branch_share")]
    steps = rows[:, second_pass.NAMES.index("box_steps")]
    assert share[0] > 0.3 > share[2]
    assert list(steps) == [1, 2, 2]


LONG = " ".join(sentences(4))


@pytest.mark.parametrize(
    ("inner", "taken"),
    [
        # Said twice, one after the other or in boxes of the same kind: a refrain.
        (f"<p>{LONG}</p><p>{LONG}</p>", 2),
        (f"<div><p>{LONG}</p></div><p>x</p><div><p>{LONG}</p></div>", 3),
        (f"<section><p id=a1>{LONG}</p><h2>Once more</h2><p id=b2>{LONG}</p></section>", 3),
        # The same in a place of another kind: a pull quote, the text for another screen.
        (f"<p>{LONG}</p><p class=pull>{LONG}</p>", 1),
        (f"<p>{LONG}</p><aside><p>{LONG}</p></aside>", 1),
        (
            f"<div><div class=wide><p>{LONG}</p></div></div><div><div class=small><p>{LONG}</p></div></div>",
            1,
        ),
    ],
)
def test_a_text_that_stands_again_in_another_kind_of_place_is_dropped(
    inner: str, taken: int
) -> None:
    blocks = blocks_of(inner)
    assert len(select.decide(blocks, np.full(len(blocks), 0.9))) == taken


@pytest.mark.parametrize(
    ("inner", "taken"),
    [
        ("<pre>x = 1</pre>", 3),
        ('<div class="code-toolbar"><div class="highlight"><pre>x = 1</pre></div></div>', 3),
        ('<figure class="wp-block-code"><pre>x = 1</pre></figure>', 3),
        ("<aside><pre>x = 1</pre></aside>", 2),
        ('<div><p class="share">x = 1</p></div>', 2),
    ],
)
def test_code_between_two_paragraphs_belongs_to_them(inner: str, taken: int) -> None:
    blocks = blocks_of(f"<article><p>{LONG}</p>{inner}<p>{' '.join(sentences(5))}</p></article>")
    assert len(select.decide(blocks, np.array([0.9, 0.2, 0.9]))) == taken


@pytest.mark.parametrize(
    ("inner", "taken"),
    [
        (f"<p>{LONG}</p><aside><p>A box.</p></aside>", [0]),
        (f"<aside><ul><li>A box.</ul></aside><p>{LONG}</p>", [1]),
        (f"<p>{LONG}</p><aside><p>A box.</p></aside><p>The end of it.</p>", [0, 1, 2]),
        # A page whose text stands in what it calls an aside.
        (f"<p>The head.</p><aside><p>{LONG}</p></aside>", [0, 1]),
    ],
)
def test_an_aside_within_the_text_belongs_to_it(inner: str, taken: list[int]) -> None:
    blocks = blocks_of(inner)
    assert select.decide(blocks, np.full(len(blocks), 0.9)) == taken
