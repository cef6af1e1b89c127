"""Tables, definitions and embedded posts keep their structure through extraction and JSON."""

from __future__ import annotations

import pytest

from crawler.extraction.article import extract
from crawler.extraction.clean import clean_article
from storage.types.content import Block, Cell, article_from_json, to_json

URL = "https://paper.example/news/lock-gate-selmere"
PARAGRAPH = (
    "<p>The council met on the quay in the early evening and agreed, after a long debate about money and patience, "
    "to repair the old lock gate before the winter storms arrive. Number {} of these paragraphs says so.</p>"
)


def blocks_of(inner: str) -> tuple[Block, ...]:
    text = "".join(PARAGRAPH.format(i) for i in range(2)) + inner + PARAGRAPH.format(3)
    page = f"<html lang=en><title>Lock gate to be repaired</title><article><h1>Lock gate to be repaired</h1>{text}"
    article = extract(page.encode(), URL).article
    assert article is not None
    cleaned = clean_article(article)
    assert article_from_json(to_json(cleaned)) == cleaned
    return cleaned.blocks[2:-1]


def cells_of(row: Block) -> list[str]:
    return [row.text[cell.start : cell.end] for cell in row.cells]


def test_rows_of_a_table_hold_their_cells() -> None:
    rows = blocks_of(
        "<table><tr><th>Candidate<th colspan=2>Votes</tr><tr><td><p>Ann  Dale</p><td><td>4,201</tr>"
        "<tr><td rowspan='2'><a href='/bo'>Bo Ek</a><td>3,977<td>x&shy;y</table>"
    )
    assert [row.kind for row in rows] == ["table"] * 3
    assert [row.level for row in rows] == [1, 0, 0]
    assert [cells_of(row) for row in rows] == [
        ["Candidate", "Votes"], ["Ann Dale", "", "4,201"], ["Bo Ek", "3,977", "xy"]
    ]  # fmt: skip
    assert rows[0].cells == (Cell(0, 9, header=True), Cell(12, 17, header=True, columns=2))
    assert rows[2].cells[0].rows == 2
    assert rows[0].text == "Candidate | Votes"
    (link,) = rows[2].spans
    assert rows[2].text[link.start : link.end] == "Bo Ek"


@pytest.mark.parametrize("said", ["", " role=presentation", " width=100%"])
def test_a_table_that_lays_the_page_out_is_none(said: str) -> None:
    cells = "".join(f"<tr><td>{PARAGRAPH.format(i) * 2}</td></tr>" for i in range(4, 7))
    blocks = blocks_of(f"<table{said}>{cells}</table>".replace("<p>", "").replace("</p>", ""))
    assert {block.kind for block in blocks} == {"paragraph"}


def test_definitions_are_terms_and_what_they_mean() -> None:
    blocks = blocks_of("<p>The words of the lock:</p><dl><dt>Sill</dt><dd>The bar on which the gate shuts.</dd>"
                       "<dt>Paddle</dt><dd><p>The slide that lets water in.</p></dd></dl>")  # fmt: skip
    assert [block.kind for block in blocks[1:]] == ["term", "definition", "term", "definition"]


@pytest.mark.parametrize(
    ("start", "source"),
    [
        ('<blockquote class="twitter-tweet">', "https://social.example/h/status/1"),
        ('<blockquote cite="https://book.example/5">', "https://book.example/5"),
        ("<blockquote>", None),
    ],
)
def test_a_quotation_says_where_it_comes_from(start: str, source: str | None) -> None:
    quotes = blocks_of(f'{start}<p>The gate shuts tonight and boats must wait until the morning, says the harbour.'
                       ' <a href="https://social.example/h/status/1">5 May</a></p></blockquote>')  # fmt: skip
    assert [(block.kind, block.source) for block in quotes] == [("quote", source)]


def test_lists_keep_their_depth_and_order() -> None:
    blocks = blocks_of("<p>Do this first:</p><ol><li>Shut the upper gate of the lock.<ul><li>Look whether it is shut.</li></ul>"
                       "</li><li>Open the paddle at the lower gate.</li></ol>")  # fmt: skip
    assert [(b.kind, b.level, b.ordered) for b in blocks[1:]] == [
        ("list_item", 1, True), ("list_item", 2, False), ("list_item", 1, True)
    ]  # fmt: skip
