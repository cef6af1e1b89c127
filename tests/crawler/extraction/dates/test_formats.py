"""Moments as publishers write them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.extraction.dates.formats import (
    from_url,
    parse_machine,
    parse_words,
    plausible,
    zone_of,
)
from storage.types.content import StatedTimestamp

PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2026-03-05T09:30:00+01:00", "2026-03-05T09:30:00+01:00"),
        ("2026-03-05T09:30:00Z", "2026-03-05T09:30:00+00:00"),
        ("2026-03-05T09:30:00.123+0100", "2026-03-05T09:30:00+01:00"),
        ("2026-03-05 09:30:00 UTC", "2026-03-05T09:30:00+00:00"),
        ("2026-03-05 09:30", "2026-03-05T09:30:00"), ("2026-03-05", "2026-03-05"),
        ("20260305", "2026-03-05"), ("20260305T093000", "2026-03-05T09:30:00"),
        ("Thu, 05 Mar 2026 09:30:00 +0100", "2026-03-05T09:30:00+01:00"),
        ("Thu Mar 05 2026 09:30:00 GMT+0100 (CET)", "2026-03-05T09:30:00+01:00"),
        ("2026-03-05 9:30 PM", "2026-03-05T21:30:00"), ("1772699400", "2026-03-05T08:30:00+00:00"),
        ("1772699400000", "2026-03-05T08:30:00+00:00"), ("2026-3-5", "2026-03-05"),
    ],
)  # fmt: skip
def test_machine_readable_moments(text: str, iso: str) -> None:
    found = parse_machine(text)
    assert found is not None
    assert found.isoformat() == iso


@pytest.mark.parametrize(
    "text", ["", "soon", "2026-13-40", "0000-00-00", "{{date}}", None, True, {}]
)
def test_what_is_no_moment_is_none(text: object) -> None:
    assert parse_machine(text) is None


@pytest.mark.parametrize(
    ("text", "language", "iso"),
    [
        ("Publié le jeudi 23 septembre 2021 à 14 h 35", "fr", "2021-09-23T14:35:00"),
        ("Publié le 1er mars 2024", "fr", "2024-03-01"),
        ("le 3 août 2021 à midi", "fr", "2021-08-03T12:00:00"),
        ("Veröffentlicht am 5. März 2026 um 9:30 Uhr", "de", "2026-03-05T09:30:00"),
        ("Published: March 5, 2026 9:30 pm", "en", "2026-03-05T21:30:00"),
        ("5 de marzo de 2026", "es", "2026-03-05"), ("05.03.2026 09:30", "de", "2026-03-05T09:30:00"),
        ("2026年3月5日", "ja", "2026-03-05"), ("5 марта 2026", "ru", "2026-03-05"),
        ("23/09/2021 à 11:17", "fr", "2021-09-23T11:17:00"),
    ],
)  # fmt: skip
def test_moments_in_words(text: str, language: str, iso: str) -> None:
    found = parse_words(text, language, PARIS)
    assert found is not None
    assert found.isoformat() == iso
    assert found.at.tzinfo is PARIS


@pytest.mark.parametrize(
    ("url", "day"),
    [("https://a.example/2026/03/05/x", "2026-03-05"), ("https://a.example/x-20260305.html", "2026-03-05"),
     ("https://a.example/2026/mar/5/x", "2026-03-05"), ("https://a.example/2026/13/45/x", None),
     ("https://a.example/12345678/x", None), ("https://a.example/x?d=2026/03/05/", None)],
)  # fmt: skip
def test_days_in_addresses(url: str, day: str | None) -> None:
    found = from_url(url)
    assert (found.isoformat() if found else None) == day


def test_the_future_and_the_distant_past_are_not_believed() -> None:
    now = datetime(2026, 3, 10, tzinfo=UTC)
    assert plausible(StatedTimestamp(datetime(2099, 1, 1, tzinfo=UTC)), now) is None
    assert plausible(StatedTimestamp(datetime(1970, 1, 1, tzinfo=UTC)), now) is None
    assert plausible(StatedTimestamp(datetime(2026, 3, 10, 20, tzinfo=UTC)), now) is not None


@given(st.text(max_size=60))
def test_any_text_is_a_moment_or_none(text: str) -> None:
    parse_machine(text)
    parse_words(text, "en")


@given(st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2100, 1, 1)),
       st.integers(-14 * 60, 14 * 60), st.booleans())  # fmt: skip
def test_claimed_moments_survive_json_and_the_database(
    at: datetime, offset: int, day: bool
) -> None:
    from datetime import timedelta, timezone

    moment = StatedTimestamp(at.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=offset))))
    assert StatedTimestamp.fromisoformat(moment.isoformat()) == moment
    stored = StatedTimestamp.from_stored(
        moment.at.astimezone(UTC), moment.offset_minutes, day_only=False
    )
    assert stored.isoformat() == moment.isoformat()


def test_an_unknown_zone_is_utc() -> None:
    assert zone_of("Mars/North") is UTC
    assert zone_of(None) is UTC
