"""What publishers reserve: read from headers, the head of a page and the host's tdmrep.json."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.types import rights


@pytest.mark.parametrize(
    ("headers", "page", "reserved"),
    [
        ((), b"", ()),
        ((("X-Robots-Tag", "noarchive"),), b"", ("noarchive",)),
        ((("X-Robots-Tag", "googlebot: noarchive"),), b"", ()),
        ((("x-robots-tag", "dateline: noindex, nofollow"),), b"", ("noindex",)),
        ((("X-Robots-Tag", "unavailable_after: 25 Jun 2030 15:00:00 PST"),), b"", ()),
        ((), b'<META NAME="robots" CONTENT="NOARCHIVE, follow">', ("noarchive",)),
        ((), b"<meta content='none' name='robots'>", ("noindex",)),
        ((), b"<meta name=robots content=noarchive>", ("noarchive",)),
        ((), b'<meta name="googlebot" content="noarchive">', ()),
        ((), b'<!-- <meta name="robots" content="noarchive"> -->', ()),
        ((("tdm-reservation", "1"),), b"", ("tdm-reserved",)),
        ((("tdm-reservation", "1"),), b'<meta name="tdm-reservation" content="0">', ()),
        ((), b'<meta name="tdm-reservation" content="1"><meta name="tdm-policy" content="/p">',
         ("tdm-reserved",)),
        ((("tdm-reservation", "yes"),), b"", ()),
    ],
)  # fmt: skip
def test_what_a_page_reserves(
    headers: tuple[tuple[str, str], ...], page: bytes, reserved: tuple[str, ...]
) -> None:
    assert rights.reservations(rights.parse_reservations(headers, page)) == reserved


@pytest.mark.parametrize(
    ("path", "reserved"),
    [("/", None), ("/news/a.html", "1"), ("/news/free/a.html", "0"), ("/images/x.jpg", "1"),
     ("/images/x.jpg?s=1", None)],
)  # fmt: skip
def test_what_a_host_reserves(path: str, reserved: str | None) -> None:
    rules = rights.parse_tdmrep(
        b'[{"location": "/news/free/*", "tdm-reservation": 0},'
        b' {"location": "/news/", "tdm-reservation": 1, "tdm-policy": "https://h.example/p"},'
        b' {"location": "/images/*.jpg$", "tdm-reservation": 1}, 7]'
    )
    assert rights.tdm_rule_for_path(rules, path).get("tdm-reservation") == reserved


def test_a_page_speaks_louder_than_its_host() -> None:
    site = {"tdm-reservation": "1", "tdm-policy": "https://h.example/p"}
    assert rights.parse_reservations((), b"", site) == {
        "tdm": 1,
        "tdm_policy": "https://h.example/p",
    }
    assert rights.parse_reservations((("tdm-reservation", "0"),), b"", site) == {
        "tdm": 0, "tdm_policy": "https://h.example/p",
    }  # fmt: skip


def test_what_is_ignored_is_kept_and_not_obeyed() -> None:
    found = {"robots": ["noindex"], "tdm": 1}
    assert rights.stored_reservations(found) == ("noindex", "tdm-reserved")
    assert rights.stored_reservations(rights.with_policy(found, "reserve")) == (
        "noindex",
        "tdm-reserved",
    )
    assert rights.stored_reservations(rights.with_policy(found, "ignore")) == ()


def test_only_strict_sources_hide_and_skip() -> None:
    found = {"robots": ["noarchive", "noindex"]}
    for policy in get_args(rights.Policy):
        under = rights.with_policy(found, policy)
        assert rights.forbids_storing(under) == (policy == "strict")
        assert (rights.HIDDEN in rights.stored_reservations(under)) == (policy == "strict")
    assert rights.with_policy(None, "strict") is None


@given(st.binary(max_size=300), st.text(max_size=60))
def test_nothing_makes_it_fail(body: bytes, value: str) -> None:
    rights.reservations(
        rights.parse_reservations((("X-Robots-Tag", value), ("tdm-reservation", value)), body)
    )
    rights.tdm_rule_for_path(rights.parse_tdmrep(body), value)
