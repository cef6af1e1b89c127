"""Words of all scripts: which spellings are found by which, on both databases."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import pytest

from storage.search.query.parser import parse
from storage.search.results.snippets import Highlighter
from storage.text.normalize import name_key, normalized_words, text_digest
from storage.text.phrase_trie import KnownName, NameTrie
from storage.text.stemming import stem_set, stems_of
from storage.text.tokens import tokenize, word_spans
from tests.storage.values import NOW, article, new_source, stored, task_for

if TYPE_CHECKING:
    from storage.archive import Archive

TEXTS = {
    "hi-yesterday": ("hi", "कल शहर में बाढ़ और पुल टूटा"),
    "hi-art": ("hi", "गाँव की कला और किला"),
    "ta": ("ta", "கல் வீடு மரம்"),
    "th": ("th", "เขากินน้ำที่บ้านในปี ๒๕๖๙"),
    "km": ("km", "ខ្មែរ"),
    "ar": ("ar", "كِتَابٌ جَدِيدٌ فِي المَكْتَبَةِ ليـلى"),
    "fa": ("fa", "می‌خواهم کتاب‌ها را"),
    "he": ("he", "סֵפֶר חָדָשׁ"),
    "yo": ("yo", "Ìpàdé ní Ọ̀yọ́ lórí ẹ̀kọ́"),
    "vi": ("vi", "Thành phố Đà Nẵng"),
    "ko": ("ko", "서울시는 KBS에서 책을 2026년에 소개했다"),
    "ja": ("ja", "カラスの鳴き声"),
    "ja-glass": ("ja", "ガラスの靴 ﾃﾞｰﾀ"),
    "fr": ("fr", unicodedata.normalize("NFD", "L'hôpital a été rénové")),
    "ml": ("ml", "അവന്\u200d"),
}
FOUND = {
    "कल": ["hi-yesterday"], "कला": ["hi-art"], "कुल": [], "गांव": ["hi-art"], "पल": [],
    "கல்": ["ta"], "கலை": [], "น้ำ": ["th"], "กน": [], "กิน": ["th"], "2569": ["th"],
    "ខ្មែរ": ["km"], "ខម": [], "كتاب": ["ar", "fa"], "كِتَاب": ["ar", "fa"], "المكتبه": ["ar"],
    "ليلي": ["ar"], "میخواهم": ["fa"], "می‌خواهم": ["fa"], "ספר": ["he"], "סֵפֶר": ["he"],
    "oyo": ["yo"], "ekọ": ["yo"], "da nang": ["vi"], "Đà Nẵng": ["vi"], "서울": ["ko"],
    "책": ["ko"], "KBS": ["ko"], "2026": ["ko"], "울시": [], "カラス": ["ja"],
    "ガラス": ["ja-glass"], "ｶﾞﾗｽ": ["ja-glass"], "データ": ["ja-glass"], "hôpital": ["fr"],
    "renove": ["fr"], "അവൻ": ["ml"],
}  # fmt: skip


def test_words_of_all_scripts_are_found_as_their_readers_write_them(archive: Archive) -> None:
    source = new_source(archive)
    names = {}
    for name, (language, text) in TEXTS.items():
        task = task_for(archive, source, f"https://herald.example/{name}")
        content = article(f"No {name}", text, language=language)
        (done,) = archive.record(source, None, [stored(task, content)], NOW)
        names[done.item_id] = name
    for query, wanted in FOUND.items():
        for form in ("NFC", "NFD"):
            hits = archive.search(unicodedata.normalize(form, query))  # type: ignore[arg-type]
            assert sorted(names[hit.id] for hit in hits) == wanted, (query, form)


@pytest.mark.parametrize("text", [text for _, text in TEXTS.values()])
def test_a_word_is_one_however_its_marks_are_written(text: str) -> None:
    assert tokenize(unicodedata.normalize("NFD", text)) == tokenize(
        unicodedata.normalize("NFC", text)
    )
    for word, start, end in word_spans(text):
        assert text[start:end] == word


def test_what_was_found_is_marked_with_its_marks() -> None:
    for text, query in (
        ("कल और कला", "कला"),
        ("e\u0301te\u0301 rose", "été"),
        ("서울시는", "서울"),
    ):
        match = parse(query, NOW)

        class Term:
            stems = ()

        Term.phrase = match  # type: ignore[attr-defined]
        ((start, end),) = Highlighter([Term]).marks(text, None)  # type: ignore[list-item]
        found = unicodedata.normalize("NFC", text[start:end])
        assert found.startswith(unicodedata.normalize("NFC", query))


def test_korean_words_lose_their_particles_and_hindi_ones_not_their_sense() -> None:
    assert stems_of("물이", "ko") == stems_of("물은", "ko") == stems_of("물", "ko")
    assert stems_of("लड़का", "hi") == stems_of("लड़के", "hi")
    assert not set(stems_of("कल", "hi")) & set(stems_of("कला", "hi"))
    assert "=zzميخواهم" in stem_set("می‌خواهم", None)


def test_names_and_digests_count_words_alike() -> None:
    assert name_key("कला") != name_key("कल")
    assert name_key("Ọ̀yọ́") == name_key("oyo")
    assert name_key("ガ") != name_key("カ")
    assert len(normalized_words("शहर में कला")) == 3
    # As takedowns of older archives remember them.
    assert text_digest(normalized_words("कला")) == text_digest(["कल"])
    known = NameTrie([KnownName(1, 1, "वर्षा सिंह"), KnownName(2, 1, "Nguyễn Văn An")])
    text = unicodedata.normalize("NFD", "Là Nguyễn Văn An") + " और वर्षा सिंह।"
    assert [hit.entries[0].item_id for hit in known.find(text)] == [2, 1]
