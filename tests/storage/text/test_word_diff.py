"""Differences that are read: word by word, paragraph by paragraph."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from storage.text.word_diff import diff_contents, diff_words

TEXTS = st.lists(st.sampled_from(["one", "two", "three", ",", ".", "l'été"])).map(" ".join)


@given(TEXTS, TEXTS)
def test_the_pieces_are_both_texts(old: str, new: str) -> None:
    pieces = diff_words(old, new)
    assert "".join(words for sign, words in pieces if sign in "=-") == old
    assert "".join(words for sign, words in pieces if sign in "=+") == new


@given(st.lists(TEXTS), st.lists(TEXTS))
def test_every_paragraph_is_somewhere(old: list[str], new: list[str]) -> None:
    def content(texts: list[str]) -> dict[str, object]:
        return {"blocks": [{"kind": "paragraph", "text": text} for text in texts]}

    found = diff_contents(content(old), content(new))["text"]
    if old == new:
        assert found == []
        return
    same = sum(part.get("same", 0) for part in found)
    for sign, texts in (("-", old), ("+", new)):
        read = ["".join(w for s, w in part["pieces"] if s in ("=", sign))
                for part in found if "pieces" in part]  # fmt: skip
        assert len([text for text in read if text]) <= len(texts)
        assert same + len([text for text in texts if text]) >= len([t for t in read if t])


def test_fields_are_told_by_name() -> None:
    old = {"headline": "A quay", "byline": ["Anne Morel"], "blocks": []}
    new = {"headline": "A new quay", "byline": ["Anne Morel", "Zoé Le Goff"], "access": "teaser"}
    found = diff_contents(old, new)["fields"]
    assert found["headline"] == [("=", "A "), ("+", "new "), ("=", "quay")]
    assert found["byline"] == [("=", "Anne Morel"), ("+", ", Zoé Le Goff")]
    assert found["access"] == [("+", "teaser")]


def test_a_paragraph_put_in_is_told_apart_from_one_that_changed() -> None:
    old = {"blocks": [{"kind": "paragraph", "text": t} for t in ("One two three four.", "Last.")]}
    new = {"blocks": [{"kind": "paragraph", "text": t}
                      for t in ("Quite another thing here.", "One two three five.", "Last.")]}  # fmt: skip
    found = diff_contents(old, new)["text"]
    assert found[0] == {"pieces": [("+", "Quite another thing here.")]}
    assert [piece for piece in found[1]["pieces"] if piece[0] != "="] == [
        ("-", "four"),
        ("+", "five"),
    ]
    assert found[2] == {"same": 1}
