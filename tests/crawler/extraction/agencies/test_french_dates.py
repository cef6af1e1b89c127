"""French moments: every form that the press writes, across both changes of the clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.extraction.agencies.french_dates import find_moments

PARIS = ZoneInfo("Europe/Paris")
# A Friday.
NOW = datetime(2021, 9, 24, 10, 0, tzinfo=PARIS)
MONTHS = ("janvier février mars avril mai juin juillet août septembre octobre novembre "
          "décembre").split()  # fmt: skip


def first(text: str) -> str | None:
    found = find_moments(text, PARIS, NOW)
    if not found:
        return None
    moment = found[0].moment
    return moment.at.date().isoformat() if moment.day_only else moment.at.isoformat()


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("jeudi 23 septembre 2021 à 14 h 35", "2021-09-23T14:35:00+02:00"),
        ("jeudi 23 septembre 2021 à 14\u00a0h\u00a035", "2021-09-23T14:35:00+02:00"),
        ("jeudi 23 septembre 2021 à 14\u202fh\u202f35", "2021-09-23T14:35:00+02:00"),
        ("23 septembre 2021 à 14h35", "2021-09-23T14:35:00+02:00"),
        ("23 septembre 2021, 14:35", "2021-09-23T14:35:00+02:00"),
        ("23 septembre 2021 à 14 h", "2021-09-23T14:00:00+02:00"),
        ("23 septembre 2021 à 14 heures", "2021-09-23T14:00:00+02:00"),
        ("14h35 - 23/09/2021", "2021-09-23T14:35:00+02:00"),
        ("10 h 35 le 3 mars 2021", "2021-03-03T10:35:00+01:00"),
        ("23/09/21 à 11:17", "2021-09-23T11:17:00+02:00"),
        ("11/04/16 à 12:21", "2016-04-11T12:21:00+02:00"),
        ("Publié le 20/07/2021 à 13:40", "2021-07-20T13:40:00+02:00"),
        ("01/02/2021", "2021-02-01"),
        ("1er mars 2024", "2024-03-01"),
        ("23 sept. 2021", "2021-09-23"),
        ("le 3 août à midi", "2021-08-03T12:00:00+02:00"),
        ("le 3 décembre", "2020-12-03"),
        ("le 4 mai 2021 à minuit", "2021-05-04T00:00:00+02:00"),
        ("à minuit", "2021-09-24T00:00:00+02:00"),
        ("14 h", "2021-09-23T14:00:00+02:00"),
        ("9 h 12", "2021-09-24T09:12:00+02:00"),
        ("hier à 18h05", "2021-09-23T18:05:00+02:00"),
        ("hier à 18 h 30", "2021-09-23T18:30:00+02:00"),
        ("avant-hier à 10:00", "2021-09-22T10:00:00+02:00"),
        ("aujourd’hui à 7 h 05", "2021-09-24T07:05:00+02:00"),
        ("ce matin", "2021-09-24"),
        ("ce matin à 8h30", "2021-09-24T08:30:00+02:00"),
        ("à l'instant", "2021-09-24T10:00:00+02:00"),
        ("il y a un quart d'heure", "2021-09-24T09:45:00+02:00"),
        ("il y a 2 heures", "2021-09-24T08:00:00+02:00"),
        ("il y a trois jours", "2021-09-21"),
        ("mercredi dernier", "2021-09-22"),
        ("vendredi dernier", "2021-09-17"),
        # Spring leaves out 2:00 to 3:00, autumn has it twice.
        ("28 mars 2021 à 1 h 59", "2021-03-28T01:59:00+01:00"),
        ("28 mars 2021 à 2 h 30", "2021-03-28T03:30:00+02:00"),
        ("28 mars 2021 à 3 h", "2021-03-28T03:00:00+02:00"),
        ("31 octobre 2021 à 2h30", "2021-10-31T02:30:00+02:00"),
        ("31 octobre 2021 à 3h", "2021-10-31T03:00:00+01:00"),
        # What is no moment.
        ("le 31 juin 2020", None),
        ("Les 3 intervenants", None),
        ("12 personnes sur 14", None),
        ("", None),
    ],
)  # fmt: skip
def test_a_moment(text: str, moment: str | None) -> None:
    assert first(text) == moment


def test_two_moments_in_a_line_are_told_apart() -> None:
    line = "Publié le 20/07/2021 à 13:40 - Mis à jour le 21 juillet 2021 à 9 h"
    found = find_moments(line, PARIS, NOW)
    assert [(one.label, one.moment.at.isoformat()) for one in found] == [
        ("published", "2021-07-20T13:40:00+02:00"),
        ("modified", "2021-07-21T09:00:00+02:00"),
    ]
    assert [line[one.start : one.end] for one in found] == [
        "le 20/07/2021 à 13:40", "le 21 juillet 2021 à 9 h"]  # fmt: skip


def test_what_counts_from_today_needs_today() -> None:
    assert find_moments("hier à 18h05", PARIS) == []
    assert find_moments("le 3 août à midi", PARIS) == []


@given(st.datetimes(datetime(1995, 1, 1), datetime(2030, 1, 1)), st.sampled_from(
    ["{d.day} {m} {d.year} à {d.hour} h {d.minute:02}", "{d:%d/%m/%Y} à {d:%H:%M}",
     "Publié le {d.day} {m} {d.year} - {d.hour}h{d.minute:02}", "{d:%Y-%m-%d} à {d.hour}h{d.minute:02}"]
))  # fmt: skip
def test_every_moment_is_read_as_the_clock_of_paris_showed_it(wall: datetime, form: str) -> None:
    text = form.format(d=wall, m=MONTHS[wall.month - 1])
    found = find_moments(text, PARIS)
    assert len(found) == 1
    shown = found[0].moment.at.replace(tzinfo=None)
    expected = wall.replace(second=0, microsecond=0)
    assert shown - expected in (timedelta(0), timedelta(hours=1))
    if shown != expected:
        assert (wall.month, wall.hour) == (3, 2)


@given(st.text(max_size=200))
def test_any_text_gives_moments_or_none(text: str) -> None:
    for one in find_moments(text, PARIS, NOW):
        assert 0 <= one.start < one.end <= len(text)
