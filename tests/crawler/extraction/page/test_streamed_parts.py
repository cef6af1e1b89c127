"""Streamed parts go into their places; a button that swallowed the page is opened."""

from __future__ import annotations

import pytest

from crawler.extraction.blocks.walk import Walk
from crawler.extraction.page.parse import parse_html

URL = "https://a.example/2026/03/05/the-quay-is-open-again"
TEXT = "The quay is open again after two years of work, the harbour master said on Tuesday. " * 4


def texts(inner: str) -> list[str]:
    page = parse_html(f"<html><body>{inner}</body></html>".encode(), URL)
    return [block.text for block in Walk(page.root, page.base_url).blocks]


def test_a_streamed_part_stands_where_its_mark_was() -> None:
    shown = texts(
        "<div><h1>Quay</h1><template id='B:0'></template><p>After it.</p></div>"
        f'<div hidden id="S:0"><p>{TEXT}</p></div><script>$RC("B:0","S:0")</script><p>Last.</p>'
    )
    assert shown == ["Quay", TEXT.strip(), "After it.", "Last."]


def test_a_part_within_a_part_follows_its_own_mark() -> None:
    shown = texts(
        '<main><template id="B:0"></template></main>'
        '<div hidden id="S:0"><p>One.</p><template id="B:1"></template><p>Three.</p></div>'
        f'<div hidden id="S:1"><p>{TEXT}</p></div>tail'
    )
    assert shown == ["One.", TEXT.strip(), "Three.", "tail"]


@pytest.mark.parametrize("mark", ["", '<template id="B:9"></template>'])
def test_a_part_without_a_mark_is_shown_where_it_came(mark: str) -> None:
    assert texts(f'{mark}<p>One.</p><div hidden id="S:0"><p>{TEXT}</p></div>') == [
        "One.", TEXT.strip(),
    ]  # fmt: skip


def test_a_mark_inside_its_own_part_is_none() -> None:
    part = f'<div hidden id="S:0"><template id="B:0"></template><p>{TEXT}</p></div>'
    assert texts(f"<p>One.</p>{part}") == ["One.", TEXT.strip()]


def test_other_hidden_boxes_stay_hidden() -> None:
    shown = texts(
        f'<p>{TEXT}</p><div hidden id="menu"><p>Menu.</p></div><div hidden id="S:0"></div>'
    )
    assert shown == [TEXT.strip()]


@pytest.mark.parametrize("inside", ["main", "article", "section><h1>Quay</h1"])
def test_a_button_with_a_page_in_it_is_none(inside: str) -> None:
    # libxml2 does not end the button, for the <div> in it is open.
    shown = texts(
        f"<header><div><button><div><svg></svg><div></button></div><{inside}><p>{TEXT}</p></header>"
    )
    assert TEXT.strip() in shown


def test_a_buttons_own_words_are_no_text() -> None:
    assert texts(f"<p>{TEXT}</p><button><div>Share<p>Now</p></div></button>") == [TEXT.strip()]
