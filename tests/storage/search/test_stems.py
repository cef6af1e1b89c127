"""Stems of words: what they begin with, by which words are marked without looking at each."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.search.analysis import fold
from storage.search.snippets import Marker
from storage.search.stems import _ALGORITHMS, PREFIXING, beginnings_of, stems_of

ALPHABET = "aabcdeeghiijklmnnoprstuuvyzäöüßéèçøåæœğışčžñабвгдежийклмнорстуыэяαβγδεικλμνορστ"


@given(
    st.text(alphabet=ALPHABET, min_size=3, max_size=14),
    st.sampled_from(sorted(_ALGORITHMS.keys() - PREFIXING)),
)
def test_a_word_begins_as_its_stems_tell(word: str, language: str) -> None:
    for stem in stems_of(word, language):
        # Turkish and Finnish leave a letter or two of some short words, and another one at that.
        if len(stem) > 6 or (len(stem) > 5 and language != "fi"):
            assert fold(word).startswith(beginnings_of(stem)), stem


@pytest.mark.parametrize(
    ("language", "query", "text"),
    [
        ("en", "die", "They are dying there"),
        ("de", "œuvre", "Das ganze Oeuvre"),
        ("nl", "landet", "Het vliegtuig is gelandet"),
        ("sr", "вода", "Много воде"),
        ("id", "beli", "Dia membeli buku"),
    ],
)
def test_words_are_marked_whose_stems_begin_otherwise(language: str, query: str, text: str) -> None:
    class Match:
        tokens = (fold(query),)
        prefix = False

    class Term:
        match = Match
        stems = tuple(f" {stem} " for stem in stems_of(query, language))

    (place,) = Marker([Term]).marks(text, language)  # type: ignore[list-item]
    assert fold(text[slice(*place)]) in ("dying", "oeuvre", "gelandet", "воде", "membeli")
