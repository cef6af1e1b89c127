"""When two URLs are one address."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.addresses import is_web_url, url_key

SAME = [
    ("https://a.example/x", "http://a.example/x"),
    ("https://a.example/x", "https://www.a.example/x"),
    ("https://a.example/x", "https://A.EXAMPLE/x"),
    ("https://a.example/x", "https://a.example:443/x"),
    ("https://a.example/x", "https://a.example/x/"),
    ("https://a.example/x", "https://a.example/x#comments"),
    ("https://a.example/x", "https://a.example/x?utm_source=rss&utm_medium=feed"),
    ("https://a.example/x?id=1", "https://a.example/x?fbclid=abc&id=1"),
    ("https://a.example/x?a=1&b=2", "https://a.example/x?b=2&a=1"),
    ("https://a.example/x", "https://a.example/x?print=true"),
    ("https://a.example/x", "https://a.example/x/amp/"),
    ("https://a.example/x;jsessionid=12", "https://a.example/x"),
    ("https://a.example/é", "https://a.example/%C3%A9"),
    ("https://a.example/%7Ejoe", "https://a.example/~joe"),
    ("https://bücher.example/x", "https://xn--bcher-kva.example/x"),
    ("https://a.example//x", "https://a.example/x"),
    ("https://a.example/", "https://a.example"),
    ("https://a.example/index.html", "https://a.example/"),
]
APART = [
    ("https://a.example/x", "https://a.example/y"),
    ("https://a.example/x?id=1", "https://a.example/x?id=2"),
    ("https://a.example/x?sid=1", "https://a.example/x?sid=2"),
    ("https://a.example/x", "https://b.example/x"),
    ("https://a.example/x", "https://a.example:8080/x"),
    ("https://a.example/X", "https://a.example/x"),
    ("https://m.a.example/x", "https://a.example/x"),
    ("https://a.example/x?page=2", "https://a.example/x"),
    ("https://a.example/amplifier", "https://a.example/lifier"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_spellings_of_one_address_have_one_key(one: str, other: str) -> None:
    assert url_key(one) == url_key(other)


@pytest.mark.parametrize(("one", "other"), APART)
def test_different_addresses_have_different_keys(one: str, other: str) -> None:
    assert url_key(one) != url_key(other)


@given(
    st.text("abcXYZ019-_.~%é/ +&=;", max_size=40),
    st.dictionaries(st.text("abz_", min_size=1, max_size=6), st.text("ab 1é&=", max_size=5)),
)
def test_the_key_is_stable_on_its_own_output(path: str, query: dict[str, str]) -> None:
    from urllib.parse import urlencode

    url = f"https://a.example/{path}?{urlencode(query)}"
    key = url_key(url)
    assert url_key(f"https://{key}") == key


@given(st.permutations(["a=1", "b=2", "utm_x=3", "c=4"]))
def test_the_order_of_parameters_does_not_count(parts: list[str]) -> None:
    assert url_key("https://a.example/x?" + "&".join(parts)) == "a.example/x?a=1&b=2&c=4"


@pytest.mark.parametrize(
    "text", ["", "x", "ftp://a/x", "javascript:alert(1)", "https://", "http://[::1", "https:///x",
             "http://a:99999999/"],
)  # fmt: skip
def test_what_is_no_web_address(text: str) -> None:
    assert not is_web_url(text)
