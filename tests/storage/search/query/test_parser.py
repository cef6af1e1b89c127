"""Reading queries: what is understood, and where what is not goes wrong."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import BadQuery
from storage.search.query.ast import (
    EVERYTHING,
    And,
    DayRange,
    Expression,
    FromSource,
    HasFlag,
    HasState,
    InLanguage,
    MentionsEntry,
    Near,
    Not,
    Or,
    Phrase,
    TimeRange,
)
from storage.search.query.parser import _parse_plain_words, _parse_with_grammar, parse

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def _word(text: str, field: str = "any") -> Phrase:
    return Phrase((text,), field, parts=(text,))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("query", "meaning"),
    [
        ("", EVERYTHING), ("  ", EVERYTHING), ("*", EVERYTHING),
        ("port", _word("port")),
        ("port bell", And((_word("port"), _word("bell")))),
        ("port AND bell", And((_word("port"), _word("bell")))),
        ("port ET bell", And((_word("port"), _word("bell")))),
        ("port OR bell", Or((_word("port"), _word("bell")))),
        ("port OU bell", Or((_word("port"), _word("bell")))),
        ("port NOT bell", And((_word("port"), Not(_word("bell"))))),
        ("port AND NOT bell", And((_word("port"), Not(_word("bell"))))),
        ("port SAUF bell", And((_word("port"), Not(_word("bell"))))),
        ("port -bell", And((_word("port"), Not(_word("bell"))))),
        ("port ou bell", And((_word("port"), _word("ou"), _word("bell")))),
        ("a OR b c", Or((_word("a"), And((_word("b"), _word("c")))))),
        ("(a OR b) c", And((Or((_word("a"), _word("b"))), _word("c")))),
        ('"the bell"', Phrase(("the", "bell"))), ('"bell"', Phrase(("bell",))),
        ("bel*", Phrase(("bel",), prefix=True)), ("e-san*", Phrase(("e", "san"), prefix=True)),
        ("l'hôpital", Phrase(("hopital",), parts=("hôpital",))),
        ("e-santé", Phrase(("e", "sante"), parts=("e", "santé"))),
        ("a NEAR/5 b", Near(Phrase(("a",)), Phrase(("b",)), 5)),
        ("a NEAR b", Near(Phrase(("a",)), Phrase(("b",)), 10)),
        ('"a b" PRÈS/3 ca*', Near(Phrase(("a", "b")), Phrase(("ca",), prefix=True), 3)),
        ("title:budget", _word("budget", "title")), ("titre:budget", _word("budget", "title")),
        ("TITLE:budget", _word("budget", "title")), ("title: budget", _word("budget", "title")),
        ("title:(a OR b)", Or((_word("a", "title"), _word("b", "title")))),
        ('author:"Jean Dupont"', Phrase(("jean", "dupont"), "author")),
        ("site:herald.example", Phrase(("herald", "example"), "site")),
        ("lang:fr", InLanguage("fr")), ("langue:fr-CA", InLanguage("frca")),
        ("source:herald", FromSource("herald", 7)), ("who:HAS", MentionsEntry("HAS", 4)),
        ("is:teaser", HasFlag("teaser")), ("is:revised", HasFlag("revised")),
        ("is:duplicate", HasState("duplicate")), ("has:attachment", HasFlag("attachment")),
        ("date:2021-09", DayRange(date(2021, 9, 1), date(2021, 9, 30))),
        ("date:2021-09-23", DayRange(date(2021, 9, 23), date(2021, 9, 23))),
        ("date:2021-09-01..2021-12-31", DayRange(date(2021, 9, 1), date(2021, 12, 31))),
        ("date:..2021", DayRange(None, date(2021, 12, 31))),
        ("date:2020-02..", DayRange(date(2020, 2, 1), None)),
        ("since:7d", TimeRange(datetime(2026, 3, 3, 12, 0, tzinfo=UTC))),
        ("depuis:3mois", TimeRange(datetime(2025, 12, 10, 12, 0, tzinfo=UTC))),
        ("since:1y", TimeRange(datetime(2025, 3, 10, 12, 0, tzinfo=UTC))),
        ("since:2021", DayRange(date(2021, 1, 1))), ("until:2021-02", DayRange(None, date(2021, 2, 28))),
        ("Santé : le plan –", And((Phrase(("sante",), parts=("Santé",)), _word("le"), _word("plan")))),
        ("12:30", Phrase(("12", "30"), parts=("12", "30"))),
    ],
)  # fmt: skip
def test_a_query_means(query: str, meaning: object) -> None:
    assert parse(query, NOW) == meaning


@pytest.mark.parametrize(
    ("query", "place", "words"),
    [
        ('one "two', 5, "quotation mark is not closed"),
        ("(one", 1, "parenthesis is not closed"), ("one)", 4, "closing parenthesis has no opening one"),
        ("one OR", 7, "a word is missing at the end"), ("OR one", 1, "OR is in a place"),
        ("one AND OR two", 9, "OR is in a place"), ("()", 2, "parentheses are empty"),
        ("tiitle:x", 1, "did you mean title:"), ("nofield:x", 1, "no field is called"),
        ("a title:title:x", 9, "a field is inside another field"),
        ("date:2021-13", 6, "is not a date"), ("date:2021-12..2021-01", 6, "ends before it begins"),
        ("date:..", 1, "has no value"), ("since:soon", 7, "is not a date"),
        ("is:wrong", 4, "does not accept 'wrong'"), ("has:attachmen", 5, "did you mean has:attachment"),
        ("lang:1", 6, "is not a language"), ("a*", 1, "too many words begin with a"),
        ("…", 1, "has no search term"), ('""', 1, "has no letter"), ("-", 1, "has no search term"),
        ("a NEAR/5 (b OR c)", 10, "NEAR accepts words"), ("a NEAR/51 b", 3, "NEAR spans"),
        ("a NEAR/99999999999999999999 b", 3, "NEAR spans"),
        ("a NEAR/3 title:b", 3, "in the same field"), ("x" * 2_001, 2_001, "longer than"),
        ("(" * 40 + "a" + ")" * 40, 31, "parentheses are nested more than"),
        ("NOT " * 200 + "a", None, "too deep"), ("a " * 101, None, "more than 100 words"),
    ],
)  # fmt: skip
def test_what_cannot_be_understood_names_its_place(
    query: str, place: int | None, words: str
) -> None:
    with pytest.raises(BadQuery, match=words) as error:
        parse(query, NOW)
    if place is not None:
        assert error.value.position + 1 == place
    assert f"(at character {error.value.position + 1})" in str(error.value)


@given(st.text(max_size=80))
def test_any_text_is_a_query_or_an_error_of_ours(text: str) -> None:
    try:
        parse(text, NOW)
    except BadQuery:
        return


_BITS = st.sampled_from(
    ["a", '"', "(", ")", "OR", "AND", "NOT", "NEAR/3", "-", "*", ":", "title:", "date:", "since:",
     "2021", "..", "is:", "who:", " ", "é", "'", "x*", "ET", "OU", "SAUF", "7d", "\x00", "\n"]
)  # fmt: skip


@given(st.lists(_BITS, max_size=25).map("".join))
def test_any_row_of_signs_is_a_query_or_an_error_of_ours(text: str) -> None:
    try:
        parse(text, NOW)
    except BadQuery:
        return


@given(
    st.lists(
        st.sampled_from(
            ["a", "bell", "é", "l'hôpital", "e-santé", "a-", "C_", "_", "東京", "2021", "OR", "NOT",
             "near", "NEAR", "PRÈS", "ou", " ", " ", "  ", "\n", "\u00a0", "’", "-", "."]
        ),
        max_size=12,
    ).map("".join) | st.text(max_size=20)
)  # fmt: skip
def test_mere_words_mean_what_the_grammar_says(text: str) -> None:
    def outcome(read: Callable[[], Expression | None]) -> object:
        try:
            return read()
        except BadQuery as error:
            return str(error)

    plain = outcome(lambda: _parse_plain_words(text))
    if plain is not None:
        assert plain == outcome(lambda: _parse_with_grammar(text, NOW))


def test_a_query_of_mere_words_is_read_without_the_grammar() -> None:
    assert _parse_plain_words("l'hôpital numérique 2021") == _parse_with_grammar(
        "l'hôpital numérique 2021", NOW
    )
    assert _parse_plain_words("a OR b") is None
    assert _parse_plain_words("a " * 101) is None


@pytest.mark.parametrize(
    ("query", "example"),
    [
        ("title:", "title:budget"), ("budget titre: ", "title:budget"), ("(lang:)", "lang:fr"),
        ("date:..", "date:2021-09..2021-12"), ("-author:", 'author:"Jean Dupont"'),
        ("source: OR budget", "source:herald"), ("since:*", "since:7d"), ("has:?", "has:picture"),
        ("a NEAR/ b", "a NEAR/5 b"), ("()", "(a OR b)"), ("a ( )", "(a OR b)"),
    ],
)  # fmt: skip
def test_a_field_or_operator_without_value_is_refused_with_an_example(
    query: str, example: str
) -> None:
    with pytest.raises(BadQuery) as refused:
        parse(query, NOW)
    assert example in str(refused.value)


@pytest.mark.parametrize("query", ['"title:"', "title", 'a "NEAR/" b', "page: 12", "title: budget"])
def test_words_that_look_like_fields_are_searched(query: str) -> None:
    parse(query, NOW)
