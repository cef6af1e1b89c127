"""When two URLs are one address, and what is a URL at all."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.text.url_rules import UrlRules
from storage.text.urls import (
    MAX_URL_LENGTH,
    host_of,
    is_web_url,
    resolve_url,
    set_url_rules,
    url_key,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

DATA = Path(__file__).parent / "data"
PAIRS = [
    line.split(" ", 1)
    for line in (DATA / "url_pairs.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
# What a URL test of the web platform calls a base that is none.
_NO_BASE = "about:blank"


def _split(pair: str) -> tuple[str, str]:
    one, other = shlex.split(pair.replace("\\", "\\\\"))
    return one, other


@pytest.mark.parametrize(("verdict", "pair"), PAIRS)
def test_two_addresses_are_one_or_not(verdict: str, pair: str) -> None:
    one, other = _split(pair)
    assert (url_key(one) == url_key(other)) == (verdict == "same"), (url_key(one), url_key(other))


def test_there_are_two_hundred_pairs_and_each_key_is_stable() -> None:
    assert len(PAIRS) >= 200
    for _, pair in PAIRS:
        for url in _split(pair):
            key = url_key(url)
            assert url_key(f"https://{key}") == key


@pytest.mark.parametrize(
    ("text", "base", "href"), json.loads((DATA / "urltestdata.json").read_text())["cases"]
)
def test_urls_are_read_as_browsers_read_them(text: str, base: str, href: str | None) -> None:
    """web-platform-tests: what is valid, and which text means which URL."""
    if base == _NO_BASE:
        assert is_web_url(text) == (href is not None)
        if href is None:
            return
        assert url_key(text) == url_key(href)
        assert host_of(text) == host_of(href)
        key = url_key(text)
        assert url_key(f"http://{key}") == key
    else:
        found = resolve_url(base, text)
        assert (found is None) == (href is None)
        if href is not None and found is not None:
            assert url_key(found) == url_key(href)


HOSTS = st.sampled_from(["a.example", "WWW.a.example", "m.bücher.example", "127.1", "[::1]",
                         "xn--bcher-kva.example", "a.example:8080", "u@a.example", "a.example.",
                         "www.m.a.example..", "foo.09..", "1.2.3.", "a.example.:81"])  # fmt: skip


@given(
    HOSTS,
    st.text("abcXYZ019-_.~%é/ +&=;?#!\\\u3000", max_size=40),
    st.dictionaries(
        st.text("abz_", min_size=1, max_size=6) | st.sampled_from(["print", "cmp", "amp", "page"]),
        st.text("ab 1é&=", max_size=5) | st.sampled_from(["all", "true", "101"]),
    ),
)
def test_the_key_is_stable_on_its_own_output(host: str, path: str, query: dict[str, str]) -> None:
    from urllib.parse import urlencode

    key = url_key(f"https://{host}/{path}?{urlencode(query)}")
    assert url_key(f"https://{key}") == key


SEGMENTS = st.sampled_from(["amp", "sp", "m", "print", "komplettansicht", "story-12", "a-b-c-amp",
                            "x_amp.html", "story-amp.amp", "index.html", "amp.html", ""])  # fmt: skip


@given(st.lists(SEGMENTS, max_size=6))
def test_the_key_of_any_row_of_views_is_stable(segments: list[str]) -> None:
    key = url_key(f"https://a.example/{'/'.join(segments)}")
    assert url_key(f"https://{key}") == key


@given(st.text(max_size=60))
def test_any_text_is_a_url_or_is_not(text: str) -> None:
    for candidate in (text, f"http://{text}", f"https://a.example/{text}"):
        if is_web_url(candidate):
            key = url_key(candidate)
            assert url_key(f"https://{key}") == key
        else:
            with pytest.raises(ValueError, match="no web address"):
                url_key(candidate)


@given(st.permutations(["a=1", "b=2", "utm_x=3", "c=4", "a=0", "ref=rss"]))
def test_the_order_of_parameters_does_not_count(parts: list[str]) -> None:
    assert url_key("https://a.example/x?" + "&".join(parts)) == "a.example/x?a=0&a=1&b=2&c=4"


@pytest.mark.parametrize(
    "text", ["", "x", "ftp://a/x", "javascript:alert(1)", "https://", "http://[::1",
             "http://a:99999999/", "http://a b/", "http://1.2.3.4.5/"],
)  # fmt: skip
def test_what_is_no_web_address(text: str) -> None:
    assert not is_web_url(text)


def test_what_is_too_long_for_an_index_is_no_address_and_no_key() -> None:
    longest = f"https://a.example/{'x' * (MAX_URL_LENGTH - len('https://a.example/'))}"
    assert is_web_url(longest)
    assert not is_web_url(f"{longest}x")
    # Of three bytes each, and nine characters where they are escaped.
    assert is_web_url(f"https://a.example/{'港' * 270}")
    assert not is_web_url(f"https://a.example/{'港' * 280}")
    # A key may escape what an address need not.
    query = f"https://a.example/?q={'(' * 2_000}"
    assert is_web_url(query)
    key = url_key(query)
    assert len(key) < 100
    assert key.startswith("a.example/~")
    assert url_key(f"https://{key}") == key != url_key(f"{query}(")


def test_a_link_with_what_no_database_takes_is_escaped() -> None:
    assert resolve_url("https://a.example/", "/b\x00c") == "https://a.example/b%00c"
    assert resolve_url("https://a.example/", "https://a.example/b\ud800") is not None
    for href in ("/\ud800", "//b.example/\x00", "https://a.example/\ud800\x00"):
        (resolve_url("https://a.example/", href) or "").encode()


@pytest.fixture
def _own_rules() -> Iterator[None]:
    set_url_rules({
        "a.example": UrlRules(parameters=frozenset({"id"}), hosts={"old.example": "a.example"}),
        "www.b.example": UrlRules(dropped=frozenset({"tab"})),
    })  # fmt: skip
    yield
    set_url_rules({})


@pytest.mark.usefixtures("_own_rules")
def test_a_site_knows_more_of_its_own_addresses() -> None:
    assert url_key("https://www.a.example/x?id=1&tab=2&print=1") == "a.example/x?id=1"
    assert url_key("https://old.example/x?id=1") == "a.example/x?id=1"
    assert url_key("https://b.example/x?id=1&tab=2") == "b.example/x?id=1"
    assert url_key("https://c.example/x?id=1&tab=2") == "c.example/x?id=1&tab=2"
