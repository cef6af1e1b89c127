"""Cards run into the text are taken out; words that repeat of themselves are left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.extraction.linked.repeated_words import clean, unrepeated


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("le Pr Anne MorelAnne MorelAnne Morel, directrice", "le Pr Anne Morel, directrice"),
        ("à l'InsermInsermInserm et ailleurs", "à l'Inserm et ailleurs"),
        ("plusieurs PMEPMEPetite et Moyenne Entreprise qui", "plusieurs PME qui"),
        ("du Quai NordQuai Nord (QN)Quai Nord, et", "du Quai Nord, et"),
        ("(Port/CNRSCNRS) et", "(Port/CNRS) et"),
    ],
)
def test_a_card_in_the_text_is_cut(text: str, plain: str) -> None:
    assert clean(text)[0] == plain


@pytest.mark.parametrize(
    "text",
    [
        "Duran Duran joue à Baden-Baden devant Yo-Yo Ma",
        "bla bla bla, dit-il, et patati et patata",
        "BlaBlaCar, TicTac, YoYo, JoJo, TomTom et ChaChaCha",
        "Bora Bora, Pago Pago, Walla Walla, Sing Sing, New New York",
        "orang-orang, hati-hati, rumah-rumah (Indonesian)",
        "murmur, couscous, dada, papa, bonbon, cancan",
        "MMMMMM, XXXXXX, AAAA, 2020 2020, 1111",
        "みんなみんな 人人 여러분여러분",
        "The the band and Who who",
        "",
    ],
)
def test_legitimate_repetition_stays(text: str) -> None:
    assert clean(text) == (text, [])


@pytest.mark.parametrize(
    ("text", "slug", "name", "said"),
    [
        ("AP-HPAssistance Publique – Hôpitaux", "assistance-publique-hopitaux", "AP-HP", ["Assistance Publique – Hôpitaux"]),
        ("PNQPort du quai nord (ex Port neuf)Port du quai nord (ex Port neuf)", "port-quai-nord-ex-port-neuf", "PNQ",
         ["Port du quai nord (ex Port neuf)"]),
        ("Duran Duran", "duran-duran", "Duran Duran", []),
        ("BlaBlaCar", "blablacar", "BlaBlaCar", []),
        ("BlaBlaCar", "260", "BlaBlaCar", []),
        ("Inserm", "inserm", "Inserm", []),
        ("InsermInserm", "inserm", "Inserm", ["Inserm"]),
    ],
)  # fmt: skip
def test_a_links_address_proves_the_name(text: str, slug: str, name: str, said: list[str]) -> None:
    assert unrepeated(text, slug) == (name, said)


@given(st.text(max_size=200))
def test_cleaning_only_cuts_and_only_once(text: str) -> None:
    cleaned, cut = clean(text)
    assert len(cleaned) == len(text) - sum(end - start for start, end in cut)
    assert all(0 <= start < end <= len(text) for start, end in cut)


@given(st.lists(st.from_regex(r"[a-zà-ÿ]{1,9}", fullmatch=True), max_size=30).map(" ".join))
def test_a_text_in_lower_case_is_never_touched(text: str) -> None:
    assert clean(text) == (text, [])
