"""Lists and tables that belong to a text are taken with it, and no others."""

from __future__ import annotations

import pytest

from crawler.extraction.article import extract

URL = "https://paper.example/news/lock-gate-selmere"
PARAGRAPH = (
    "<p>The council met on the quay in the early evening and agreed, after a long debate about money and patience, "
    "to repair the old lock gate before the winter storms arrive. Number {} of these paragraphs says so.</p>"
)
LEAD = "<p>What boat owners should know:</p>"
ITEMS = ("The gate will close on 4 May for six weeks", "Boats must wait at the upper basin",
         "A ferry will carry cyclists for free", "Owners may ask the harbour for compensation")  # fmt: skip
LIST = "<ul>" + "".join(f"<li>{item}</li>" for item in ITEMS) + "</ul>"
ROWS = (("Ann Dale", "4,201"), ("Bo Ek", "3,977"), ("Cy Fox", "1,208"))
TABLE = ("<table><tr><th>Candidate</th><th>Votes</th></tr>"
         + "".join(f"<tr><td>{a}</td><td>{b}</td></tr>" for a, b in ROWS) + "</table>")  # fmt: skip


def paragraphs(count: int) -> str:
    return "".join(PARAGRAPH.format(i) for i in range(count))


def text_of(inner: str, url: str = URL) -> str:
    page = ("<html lang=en><title>Lock gate to be repaired</title><body><nav><a href=/>Home</a></nav><main><article>"
            f"<h1>Lock gate to be repaired</h1>{inner}</article></main><footer>Contact us</footer>")  # fmt: skip
    found = extract(page.encode(), url).article
    return found.text if found is not None else ""


@pytest.mark.parametrize(
    "items",
    [LIST, LIST.replace("<li>", "<li><p>"), LIST.replace("ul>", "ol>"),
     LIST.replace("ul>", "dl>").replace("li>", "dd>"), f"<div class=content>{LIST}</div>"],
)  # fmt: skip
@pytest.mark.parametrize("lead", [LEAD, LEAD.replace(":", " :"), LEAD.replace(":", "：")])
def test_a_list_after_a_colon_is_text(items: str, lead: str) -> None:
    text = text_of(paragraphs(3) + lead + items)
    assert all(item in text for item in ITEMS)


@pytest.mark.parametrize(
    "table",
    [TABLE, f"<figure class=wp-block-table>{TABLE}</figure>", f"<div class=table-wrap>{TABLE}</div>",
     TABLE.replace("th>", "td>")],
)  # fmt: skip
def test_a_table_between_paragraphs_is_text(table: str) -> None:
    text = text_of(paragraphs(2) + table + paragraphs(2).replace("council", "harbour board"))
    assert all(cell in text for row in ROWS for cell in row)


def test_a_table_with_header_cells_may_end_the_text() -> None:
    assert "3,977" in text_of(paragraphs(3) + TABLE)


@pytest.mark.parametrize(
    "after",
    [LIST.replace("<li>", "<li><a href=/x>").replace("</li>", "</a></li>"),
     f"<div class=related-stories>{LIST}</div>", f"<aside>{LIST}</aside>"],
)  # fmt: skip
def test_a_list_of_links_or_beside_the_text_is_none(after: str) -> None:
    assert ITEMS[1] not in text_of(paragraphs(3) + after)


@pytest.mark.parametrize(
    "sentence", ["The ferry stays tied up on Monday.", "Nothing runs on Monday!"]
)
def test_a_sentence_under_its_headline_is_an_article(sentence: str) -> None:
    assert (
        text_of(f"<time datetime=2026-03-05T10:00:00Z>5 March 2026</time><p>{sentence}</p>")
        == sentence
    )


@pytest.mark.parametrize("query", ["?p=2895", "?story=lock-gate-repaired", "?lang=en&id=7"])
def test_a_query_may_name_an_article(query: str) -> None:
    assert text_of(paragraphs(3), f"https://paper.example/{query}")


@pytest.mark.parametrize("query", ["", "?", "?utm_source=x1", "?lang=en", "?page=2", "#top"])
def test_or_only_a_view_of_the_home_page(query: str) -> None:
    assert not text_of(paragraphs(3), f"https://paper.example/{query}")
