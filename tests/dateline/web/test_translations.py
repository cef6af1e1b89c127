"""The catalogues have every message of the sources, translated, with the same placeholders."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, get_args

import pytest
from babel.messages.pofile import read_po

from crawler.extraction.kinds.page_kind import PageKind
from crawler.run.tally import Tally
from dateline.web.i18n import explain, formats
from dateline.web.i18n.catalogue import (
    LANGUAGES,
    LOCALE,
    SOURCE,
    Words,
    error_pattern,
    read_catalogue,
    words_in,
)
from dateline.web.i18n.extract import extract, missing
from dateline.web.i18n.labels import LABELS, facet_value, label
from storage.monitoring import alarms
from storage.text import word_diff
from storage.types import content, endpoints, pages

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog

PLACEHOLDER = re.compile(r"%\(\w+\)s|%(?!%)")
OTHERS = [language for language in LANGUAGES if language != SOURCE]


def _keys(catalogue: Catalog) -> set[tuple[object, object]]:
    return {(one.context, one.id) for one in catalogue if one.id}


@pytest.fixture(scope="module")
def template() -> Catalog:
    return extract()


def test_the_template_is_up_to_date(template: Catalog) -> None:
    with (LOCALE / "messages.pot").open("rb") as file:
        stored = read_po(file)
    assert _keys(stored) == _keys(template), "run `make translations`"


@pytest.mark.parametrize("language", OTHERS)
def test_a_catalogue_is_complete(template: Catalog, language: str) -> None:
    catalogue = read_catalogue(language)
    assert _keys(catalogue) == _keys(template), "run `make translations`"
    assert missing(catalogue) == []


@pytest.mark.parametrize("language", OTHERS)
def test_placeholders_agree(language: str) -> None:
    for one in read_catalogue(language):
        sources = [one.id] if isinstance(one.id, str) else list(one.id)
        given = [one.string] if isinstance(one.string, str) else list(one.string)
        wanted = set(PLACEHOLDER.findall(sources[-1]))
        for text in given if one.id else ():
            found = set(PLACEHOLDER.findall(text.replace("%%", "")))
            assert found == wanted or (
                one.context is None and found < wanted and "what" in str(one.id)
            ), one.id
            # A straight quotation mark would end an attribute of the page.
            if any(place.endswith(".html") for place, _ in one.locations):
                assert '"' not in text, one.id


def test_french_typography() -> None:
    """A no-break space before ``: ; ? !`` and inside guillemets, the typographic apostrophe."""
    for one in read_catalogue("fr"):
        for text in [one.string] if isinstance(one.string, str) else one.string if one.id else ():
            if not one.id:
                continue
            assert not re.search(r"[^\W\d_](?:'|´)[^\W\d_]", text), text
            assert not re.search(r" [:;?!»]|« ", text), text


@pytest.mark.parametrize(
    ("text", "french"),
    [
        ("The current password is wrong. Nothing was changed.",
         "Le mot de passe actuel est incorrect. Rien n’a été changé."),
        ("Unknown export format 'exe'.", "Format d’export inconnu\N{NO-BREAK SPACE}: &#39;exe&#39;."),
        ("Unknown export format '<b>'.",
         "Format d’export inconnu\N{NO-BREAK SPACE}: &#39;&lt;b&gt;&#39;."),
        ("a thing that nobody translated", '<span lang="en">a thing that nobody translated</span>'),
        ("", ""),
    ],
)  # fmt: skip
def test_errors_are_explained_in_french(text: str, french: str) -> None:
    assert explain.explained(words_in("fr"), text) == french
    assert "span" not in explain.explained(words_in("en"), text)


def test_the_most_specific_message_wins() -> None:
    assert error_pattern("%(a)s of 100%% (%(b)s)").fullmatch("x of 100% (y)")
    assert error_pattern("100%% of %(a)s").fullmatch("100% of two\nlines")


def test_failures_and_troubles_have_no_codes() -> None:
    french = words_in("fr")
    assert explain.failure(french, "http-503: the server answered 503") == "statut HTTP 503"
    assert explain.failure(french, "timeout: 30 s") == (
        'pas de réponse à temps · <span lang="en">30 s</span>'
    )
    assert explain.trouble(french, "silent: quiet").startswith("Aucun nouvel article · ")
    assert explain.run_reason(french, "finished", "finished") == ""
    assert explain.run_reason(french, "interrupted", "shutdown") == "arrêtée par l’utilisateur"


def test_every_code_of_the_archive_has_a_name() -> None:
    known = {
        "alarm": set(alarms._TESTS),
        "cause": set(get_args(PageKind)) - {"article"},
        "count": set(Tally().as_counts()) | set(get_args(pages.Verdict)),
        "endpoint": set(get_args(endpoints.EndpointKind)),
        "entry": set(get_args(content.EntryKind)),
        "field": set(word_diff._FIELDS),
        "relation": set(get_args(content.Relation)),
    }
    for group, codes in known.items():
        assert codes - LABELS[group].keys() == set(), group


def test_a_code_that_nobody_named_is_told_apart_from_words() -> None:
    english, french = words_in("en"), words_in("fr")
    assert label(english, "cause", "some-new_cause") == "other (some new cause)"
    assert label(french, "cause", "http-404") == "statut HTTP 404"
    # Publishers name the kinds of their articles themselves.
    assert label(french, "article", "Portrait") == "Portrait"
    assert label(french, "article", None) == ""
    assert facet_value(french, "language", "de", "de") == "allemand"
    assert facet_value(french, "source", "herald", "The Herald") == "The Herald"


@pytest.mark.parametrize(
    ("code", "english", "french"),
    [("fr", "French", "français"), ("pt-BR", "Portuguese (Brazil)", "portugais (Brésil)"),
     ("xx", "xx", "xx"), ("", "", ""), ("not a code", "not a code", "not a code")],
)  # fmt: skip
def test_languages_have_names(code: str, english: str, french: str) -> None:
    assert formats.language_name(code, "en") == english
    assert formats.language_name(code, "fr") == french


def test_dates_and_numbers_follow_the_language() -> None:
    from datetime import UTC, date, datetime

    first = date(2021, 9, 1)
    assert (formats.day(first, "en"), formats.day(first, "fr")) == (
        "1 September 2021", "1er septembre 2021")  # fmt: skip
    assert formats.day(date(2021, 9, 21), "fr") == "21 septembre 2021"
    assert formats.moment("2021-09-23", "fr") == "23 septembre 2021"
    assert formats.moment("2021-09-23T08:05:00+02:00", "en") == "23 September 2021, 08:05"
    assert (
        formats.moment(datetime(2021, 9, 23, 8, 5, tzinfo=UTC), "fr") == "23 septembre 2021, 08:05"
    )
    assert formats.moment(None, "fr") == "—"
    assert formats.period(first, "month", "fr") == "sept. 2021"
    assert formats.period(first, "year", "fr") == "2021"
    assert formats.number(1_234_567, "en") == "1,234,567"
    assert formats.number(1_234_567, "fr") == "1\u202f234\u202f567"
    assert formats.decimal(0.25, "fr") == "0,25"
    assert (formats.percent(0.1234, "en"), formats.percent(0.1234, "fr", 2)) == (
        "12%",
        "12,34\xa0%",
    )


def test_english_needs_no_catalogue() -> None:
    words = Words("en")
    assert words.ngettext("%(count)s article", "%(count)s articles", 1) == "%(count)s article"
    assert words.ngettext("%(count)s article", "%(count)s articles", 0) == "%(count)s articles"
    # French counts zero as one.
    assert (
        words_in("fr").ngettext("failed %(count)s time", "failed %(count)s times", 0)
        == "%(count)s échec"
    )
