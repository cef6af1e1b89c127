"""The language of a text: what is declared holds unless the text speaks against it."""

from __future__ import annotations

import pytest

from crawler.extraction.fields import language
from storage.types.content import Block

TEXTS = {
    "en": "The council of the harbour said on Tuesday that it would not sell the old market hall, "
    "which has been closed for years, and that the building will be restored by the city with "
    "money from the state. The mayor was pleased.",
    "fr": "Le conseil du port a annoncé mardi que la vieille halle du marché, qui est fermée depuis "
    "des années, ne sera pas vendue, et que le bâtiment sera restauré par la ville avec une aide "
    "de l'État dans les deux ans.",
    "de": "Der Rat der Hafenstadt hat am Dienstag gesagt, dass die alte Markthalle, die seit Jahren "
    "geschlossen ist, nicht verkauft wird und dass das Gebäude von der Stadt mit Geld des Landes "
    "wieder hergestellt werden soll.",
    "nl": "De raad van de havenstad heeft dinsdag gezegd dat de oude markthal, die al jaren gesloten "
    "is, niet wordt verkocht en dat het gebouw door de stad met geld van het rijk zal worden "
    "hersteld, of misschien zelfs vergroot.",
    "es": "El consejo del puerto dijo el martes que no venderá el viejo mercado, cerrado desde hace "
    "años, y que el edificio será restaurado por la ciudad con dinero del Estado antes de que "
    "termine el año, según la alcaldesa.",
    "ca": "El consell del port va dir dimarts que no vendrà el vell mercat, tancat des de fa anys, i "
    "que l'edifici serà restaurat per la ciutat amb diners de l'Estat abans que acabi l'any, "
    "segons les fonts de l'alcaldessa.",
    "sv": "Hamnstadens råd sade på tisdagen att den gamla saluhallen, som har varit stängd i flera "
    "år, inte kommer att säljas och att byggnaden ska återställas av staden med pengar från "
    "staten innan året är slut, enligt borgmästaren.",
}


@pytest.mark.parametrize("declared", ["en", "fr", "de", "en-gb", None])
@pytest.mark.parametrize("spoken", TEXTS)
def test_a_text_in_another_language_than_declared_is_told(
    declared: str | None, spoken: str
) -> None:
    found = language.language_of(declared, [Block("paragraph", TEXTS[spoken])])
    if declared is not None and declared.split("-")[0] == spoken:
        assert found == (declared, "meta")
    else:
        assert found == (spoken, "text")


def test_common_words_settle_it_without_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language, "_identifier", lambda: pytest.fail("the model was asked"))
    for known in ("en", "fr", "de"):
        assert language.language_of(known, [Block("paragraph", TEXTS[known])]) == (known, "meta")


def test_a_short_text_is_what_it_is_declared_to_be() -> None:
    assert language.language_of("fr", [Block("paragraph", "The end.")]) == ("fr", "meta")
    assert language.language_of(None, [Block("paragraph", "The end.")]) is None
