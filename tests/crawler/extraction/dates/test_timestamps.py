"""The one reader of timestamps: whole values, and dates among words in many languages."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.extraction.dates import calendars
from crawler.extraction.dates.timestamps import find_timestamp, read_timestamp
from crawler.extraction.dates.words import order_of, words_of

PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("value", "iso"),
    [
        ("Thu, 12 Nov 2026 14:30:00 +02:00", "2026-11-12T14:30:00+02:00"),
        ("Thu, 12 Nov 2026 14:30:00 CET", "2026-11-12T14:30:00+01:00"),
        ("Thu, 11 Jun 2026 14:30:00 MEST", "2026-06-11T14:30:00+02:00"),
        ("Thu, 12 Nov 2026 14:30:00 GMT+0100", "2026-11-12T14:30:00+01:00"),
        ("Thu, 12 Nov 2026 14:30 UTC+5:30", "2026-11-12T14:30:00+05:30"),
        ("Thu, 12 Nov 2026 14:30:00 IST", "2026-11-12T14:30:00+05:30"),
        ("Thu, 12 Nov 2026 02:30:00 PM EST", "2026-11-12T14:30:00-05:00"),
        ("Thu Nov 12 14:30:00 CET 2026", "2026-11-12T14:30:00+01:00"),
        ("Mon, Nov 9 2026 04:45:26 +0000", "2026-11-09T04:45:26+00:00"),
        ("12 Nov 26 14:30 GMT", "2026-11-12T14:30:00+00:00"),
        ("Thu Nov 12 2026 14:30:00 GMT+0100 (Mitteleuropäische Zeit)", "2026-11-12T14:30:00+01:00"),
        ("2026-11-12T14:30:00+01:00[Europe/Paris]", "2026-11-12T14:30:00+01:00"),
        ("2026-11-12 14:30:00 America/New_York", "2026-11-12T14:30:00-05:00"),
        ("2026-11-12 14:30:00 +0000 UTC", "2026-11-12T14:30:00+00:00"),
        ("20261112T143000Z", "2026-11-12T14:30:00+00:00"),
        ("2026-11-12T24:00:00Z", "2026-11-13T00:00:00+00:00"),
        ("jeu., 12 nov. 2026 14:30:00 +0100", "2026-11-12T14:30:00+01:00"),
        ("Чт, 12 ноя 2026 14:30:00 +0300", "2026-11-12T14:30:00+03:00"),
        ("Do, 12 Nov 2026 14:30:00 MEZ", "2026-11-12T14:30:00+01:00"),
        ("dom, 08 nov 2026 18:55:00 GMT", "2026-11-08T18:55:00+00:00"),
        (1773325800, "2026-03-12T14:30:00+00:00"), ("1773325800123", "2026-03-12T14:30:00+00:00"),
        ("2026/03/12", "2026-03-12"), ("2026-3-2", "2026-03-02"), ("12.03.2026 14:30", "2026-03-12T14:30:00"),
    ],
)  # fmt: skip
def test_a_whole_value_is_read_with_its_zone(value: Any, iso: str) -> None:
    found = read_timestamp(value)
    assert found is not None
    assert found.moment is not None
    assert found.moment.isoformat() == iso


@pytest.mark.parametrize(
    "value",
    [
        "Thu, 12 Nov 2026 14:30:00 XYZ", "2026-11-12T14:30:00+99:00", "2026-11-12 14:30 or 15:30",
        "2026-11-12 - 2026-11-13", "12 Nov 2026 chapter 7", "9999-12-31T23:59:59-14:00",
        "0001-01-01T00:00:00+01:00", "2026-02-30", "²", "1" * 5000, 10**400, float("inf"),
        float("nan"), True, [], {}, b"2026", "soon",
    ],
)  # fmt: skip
def test_what_is_not_understood_as_a_whole_is_refused(value: Any) -> None:
    assert read_timestamp(value) is None


def test_a_month_is_no_day() -> None:
    found = read_timestamp("2026-03")
    assert found is not None
    assert (found.at, found.precision, found.moment) == (
        datetime(2026, 3, 1, tzinfo=UTC), "month", None,
    )  # fmt: skip


def test_an_abbreviation_is_the_one_of_the_sources_own_zone() -> None:
    dublin = read_timestamp("11 Jun 2026 14:30 IST", ZoneInfo("Europe/Dublin"))
    assert dublin is not None
    assert (
        dublin.at.utcoffset() == datetime(2026, 6, 11, tzinfo=ZoneInfo("Europe/Dublin")).utcoffset()
    )


@pytest.mark.parametrize(
    ("language", "text", "iso"),
    [
        ("hi", "12 मार्च 2026, दोपहर 2:30 बजे", "2026-03-12T14:30:00"), ("bn", "১২ মার্চ ২০২৬", "2026-03-12"),
        ("ta", "12 மார்ச் 2026", "2026-03-12"), ("te", "12 మార్చి 2026", "2026-03-12"),
        ("my", "၂၀၂၆ ခုနှစ်၊ မတ်လ ၁၂ ရက်", "2026-03-12"), ("km", "ថ្ងៃទី១២ ខែមីនា ឆ្នាំ២០២៦", "2026-03-12"),
        ("lo", "ວັນທີ 12 ມີນາ 2026", "2026-03-12"), ("th", "12 มี.ค. 2569 เวลา 14:30 น.", "2026-03-12T14:30:00"),
        ("th", "12 มี.ค. 69", "2026-03-12"), ("fa", "پنجشنبه ۲۱ اسفند ۱۴۰۴ - ۱۴:۳۰", "2026-03-12T14:30:00"),
        ("fa", "۱۴۰۴/۱۲/۲۱", "2026-03-12"), ("ps", "د ۱۴۰۴ کب ۲۱", "2026-03-12"),
        ("ar", "12 مارس/آذار 2026", "2026-03-12"), ("ar", "23 رمضان 1447هـ - 12 مارس 2026م", "2026-03-12"),
        ("vi", "ngày 12 tháng 3 năm 2026", "2026-03-12"), ("hu", "2026. március 12., csütörtök 14:30", "2026-03-12T14:30:00"),
        ("lt", "2026 m. kovo 12 d.", "2026-03-12"), ("lv", "2026. gada 12. marts", "2026-03-12"),
        ("eu", "2026ko martxoaren 12a", "2026-03-12"), ("ca", "12 d’abril de 2026", "2026-04-12"),
        ("kk", "2026 жылғы 12 наурыз", "2026-03-12"), ("uz", "2026-yil 12-mart", "2026-03-12"),
        ("mn", "2026 оны 3-р сарын 12", "2026-03-12"), ("mt", "12 ta’ Marzu 2026", "2026-03-12"),
        ("en", "12th of March 2026", "2026-03-12"), ("en", "12-Mar-2026", "2026-03-12"),
        ("en", "Published 2:30 PM EDT, Thu March 12, 2026", "2026-03-12T14:30:00-04:00"),
        ("ja", "令和8年3月12日", "2026-03-12"), ("ja", "令和元年5月1日", "2019-05-01"),
        ("ja", "2026年3月12日(木) 14時30分", "2026-03-12T14:30:00"), ("zh-tw", "民國115年3月12日 下午2:30", "2026-03-12T14:30:00"),
        ("zh", "二〇二六年三月十二日", "2026-03-12"), ("ko", "2026.03.12. 오후 2:30", "2026-03-12T14:30:00"),
        ("de", "12. März 2026 | 14:30 Uhr", "2026-03-12T14:30:00"), ("el", "12 Μαρτίου 2026, 2:30 μ.μ.", "2026-03-12T14:30:00"),
        ("da", "12. marts 2026 kl. 14.30", "2026-03-12T14:30:00"), ("fr", "12 mars 2026 à minuit", "2026-03-12T00:00:00"),
        ("de", "06.01.2026, Lesezeit 5 Min.", "2026-01-06"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("declared", [True, False])
def test_a_shown_date_is_read_with_and_without_its_language(
    language: str, text: str, iso: str, declared: bool
) -> None:
    found = find_timestamp(text, PARIS, language if declared else None)
    assert found is not None
    assert found.isoformat() == iso


@pytest.mark.parametrize(
    "text",
    ["Won 3 in March 2026", "12 countries 2026", "5 marching bands 2026", "2026", "May 2026", "31.11.2021",
     "version 1.2.2026.4", "12 of 2026 seats", "chapter 12, page 2026"],
)  # fmt: skip
def test_what_is_no_date_is_none(text: str) -> None:
    assert find_timestamp(text, UTC, "en") is None


@pytest.mark.parametrize(
    ("language", "month"), [("en-gb", 3), ("en", 12), ("en-us", 12), ("fr", 3), (None, 3)]
)
def test_the_language_tells_the_order_of_digits(language: str | None, month: int) -> None:
    found = find_timestamp("12/03/2026", UTC, language)
    assert found is not None
    assert found.at.month == month


def test_the_name_of_the_day_settles_the_order_of_digits() -> None:
    found = find_timestamp("Monday, 12/10/2026", UTC, "en")
    assert found is not None
    assert found.at.month == 10


def test_every_language_names_twelve_months() -> None:
    for language in ("eu", "ka", "sw", "yo", "gd", "is", "or", "am", "uz", "tk", "ug"):
        assert {words_of(language).months[w] for w in words_of(language).months} == set(
            range(1, 13)
        )
    assert order_of("hu") == "YMD"


def test_solar_hijri_years_begin_in_march() -> None:
    days = [calendars.from_solar_hijri(year, 1, 1).day for year in (1400, 1403, 1404, 1408)]
    assert days == [21, 20, 21, 20]


@given(st.text(max_size=80), st.sampled_from([None, "en", "fa", "ja", "th", "xx"]))
def test_any_text_is_a_timestamp_or_none(text: str, language: str | None) -> None:
    read_timestamp(text, PARIS, language)
    find_timestamp(text, PARIS, language)
