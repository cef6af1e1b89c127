"""Lines that stand in a text and are none of it go; sentences that only sound like them stay."""

from __future__ import annotations

import pytest

from crawler.extraction.article import extract
from crawler.extraction.body.filler import without_label
from tests.pages import article_page, sentences

URL = "https://a.example/2026/03/05/the-quay-is-open-again"
STORY = '<a href="/2026/03/01/the-night-the-storm-came">The night the storm came</a>'


def text_with(line: str) -> str:
    before, after = sentences(3, 4), sentences(5, 4)
    page = article_page("The quay is open again", [*before, "LINE", *after]).replace("LINE", line)
    found = extract(page.encode(), URL).article
    assert found is not None
    assert after[0] in found.text
    return found.text


@pytest.mark.parametrize("line", ["ADVERTISEMENT", "Werbung", "Реклама:", "- Publicité -", "$$ARTICLEAD$$",
                                  f"Read also: {STORY}", f"Les også: {STORY}", "Lire aussi :"])  # fmt: skip
def test_filler_is_cut(line: str) -> None:
    text = text_with(line)
    assert "storm came" not in text
    assert line.strip("-: ") not in text


@pytest.mark.parametrize(
    "line",
    [
        f"Read also what the council wrote of the ferry in its report of last winter, {STORY}.",
        "Advertising revenue fell by a third, the publisher said.",
        "Related companies were not heard.",
        f"The council had seen it coming since {STORY}.",
    ],
)
def test_a_sentence_stays(line: str) -> None:
    assert line.partition("<")[0].strip(" ,") in text_with(line)


@pytest.mark.parametrize(
    ("anchor", "words"),
    [
        ("Les også En far for store anledninger", "En far for store anledninger"),
        ("Lire aussi : La nuit du quai", "La nuit du quai"),
        ("Read more", "Read more"),
        ("The night the storm came", "The night the storm came"),
    ],
)
def test_a_link_is_known_by_its_own_words(anchor: str, words: str) -> None:
    assert without_label(anchor) == words
