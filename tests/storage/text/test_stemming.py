"""Stems of words: what they begin with, by which words are marked without looking at each."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.search.results.snippets import Highlighter
from storage.text.stemming import _ALGORITHMS, PREFIXING, stem_prefixes, stem_set, stems_of
from storage.text.tokens import fold

# What a compound is, said more plainly; from each letter of a long word it looks to the word's end.
COMPOUND = re.compile(r"[^\W_]+(?:[-\u2010\u2011][^\W_]+){1,3}|(?:[^\W\d_]\.){2,}")
ALPHABET = "aabcdeeghiijklmnnoprstuuvyzäöüßéèçøåæœğışčžñабвгдежийклмнорстуыэяαβγδεικλμνορστ"


@given(
    st.text(alphabet=ALPHABET, min_size=3, max_size=14),
    st.sampled_from(sorted(_ALGORITHMS.keys() - PREFIXING)),
)
def test_a_word_begins_as_its_stems_tell(word: str, language: str) -> None:
    for stem in stems_of(word, language):
        # Turkish and Finnish leave a letter or two of some short words, and another one at that.
        if len(stem) > 6 or (len(stem) > 5 and language != "fi"):
            assert fold(word).startswith(stem_prefixes(stem)), stem


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
    class Phrase:
        tokens = (fold(query),)
        prefix = False

    class Term:
        phrase = Phrase
        stems = tuple(f" {stem} " for stem in stems_of(query, language))

    (place,) = Highlighter([Term]).marks(text, language)  # type: ignore[list-item]
    assert fold(text[slice(*place)]) in ("dying", "oeuvre", "gelandet", "воде", "membeli")


@given(st.text(alphabet="aBé1_-\u2010\u2011.. 中", max_size=25))
def test_compounds_are_those_of_the_plain_pattern(text: str) -> None:
    joined = {"=zz" + "".join(map(fold, re.findall(r"[^\W_]+", one)))
              for chunk in text.split() for one in COMPOUND.findall(chunk)}  # fmt: skip
    assert set(stem_set(text, None)) == joined


def test_a_word_of_half_a_million_letters_is_gone_through_once() -> None:
    assert stem_set("a" * 500_000 + " e-mail x-" + "b" * 500_000, None)[0] == "=zzemail"
