"""robots.txt as RFC 9309 has it, and as sites write it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.discovery.robots import Robots

SITE = "https://herald.example"


def _allows(text: str, path: str, agent: str = "Dateline") -> bool:
    return Robots(text.encode()).allowed(SITE + path, agent)


@pytest.mark.parametrize(
    "name",
    [
        "Dateline",
        "dateline",
        "Dateline/1.0",
        "Dateline 2",
        "DATELINE/2.1 (+https://x.example)",
        "*",
        "* all",
    ],
)
def test_a_group_is_named_by_its_product_token(name: str) -> None:
    assert not _allows(f"User-agent: {name}\nDisallow: /\n", "/a")


@pytest.mark.parametrize("name", ["Datelines", "Date", "Other/1.0 Dateline", "Dateline-News", ""])
def test_other_names_are_of_others(name: str) -> None:
    assert _allows(f"User-agent: {name}\nDisallow: /\n", "/a")


@pytest.mark.parametrize(
    "line",
    [
        "<br />",
        "Crawl-delay: 2",
        "Sitemap: https://x.example/s.xml",
        "Noindex: /x",
        "",
        "# note",
        "Host: x",
        "???",
    ],
)
def test_an_unknown_line_splits_no_group(line: str) -> None:
    text = f"User-agent: Other\n{line}\nUser-agent: Dateline\n{line}\nDisallow: /x\n{line}\nDisallow: /y\n"
    assert not _allows(text, "/x")
    assert not _allows(text, "/y")
    assert not _allows(text, "/x", "Other")
    assert _allows(text, "/x", "Third")


@pytest.mark.parametrize(
    ("rule", "path", "matches"),
    [
        ("/caf%C3%A9", "/café", True), ("/café", "/caf%c3%a9", True), ("/a%7eb", "/a~b", True),
        ("/%62%61%7A", "/baz", True), ("/a%2fb", "/a/b", False), ("/a%2Fb", "/a%2fb", True),
        ("/*.pdf$", "/x/y.pdf", True), ("/*.pdf$", "/x/y.pdf?z", False), ("/a*b*c", "/a1b2c3", True),
        ("/a*b$", "/ab", True), ("/a*bb$", "/ab", False), ("/$", "/", True), ("/$", "/a", False),
        ("/p?id=", "/p?id=7", True), ("/A", "/a", False), ("*", "/a", True), ("/a**b", "/a-b", True),
    ],
)  # fmt: skip
def test_rules_match_paths(rule: str, path: str, matches: bool) -> None:
    assert _allows(f"User-agent: *\nDisallow: {rule}\n", path) is not matches


def test_the_longest_rule_counts_and_allow_of_two_as_long() -> None:
    text = "User-agent: *\nDisallow: /a\nAllow: /a/b\nDisallow: /a/b/c\nAllow: /d\nDisallow: /d\n"
    assert [_allows(text, path) for path in ("/a", "/a/b", "/a/b/c", "/d")] == [
        False,
        True,
        False,
        True,
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf", b"\xef\xbb"])
def test_line_endings_and_byte_order_marks(end: str, mark: bytes) -> None:
    text = (
        mark + end.join(("User-agent : *", "disalow : /x # not here", "Crawl-delay: 2.5")).encode()
    )
    robots = Robots(text)
    assert not robots.allowed(f"{SITE}/x", "Dateline")
    assert robots.crawl_delay("Dateline") == 2.5


def test_odd_values_are_passed_over() -> None:
    robots = Robots(
        b"User-agent: *\nCrawl-delay: soon\nDisallow:\nDisallow: "
        + b"/" * 9000
        + b"\n\xff\xfe: x\n"
    )
    assert robots.allowed(f"{SITE}/a", "Dateline")
    assert robots.crawl_delay("Dateline") is None


@given(st.binary(max_size=200), st.text(max_size=40))
def test_any_bytes_are_rules(body: bytes, path: str) -> None:
    Robots(body).allowed(f"{SITE}/{path}", "Dateline")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-8-sig", "utf-8"])
def test_a_file_in_wide_letters_is_read(encoding: str) -> None:
    text = "User-agent: *\0\nDisallow: /x"
    body = ("\ufeff" + text if encoding == "utf-16-be" else text).encode(encoding)
    assert not Robots(body).allowed("https://paper.example/x", "Dateline")


@pytest.mark.parametrize(
    ("rule", "path", "allowed"),
    [("/a%24", "/a$b", False), ("/a$b", "/a$b", False), ("/a$b", "/a%24b", False), ("/a$", "/a$b", True),
     ("/a%2A", "/a*b", False), ("/a%2A", "/abc", True), ("/a*c$", "/a*bc", False), ("$", "/a", True)],
)  # fmt: skip
def test_signs_of_patterns_as_letters(rule: str, path: str, allowed: bool) -> None:
    robots = Robots(f"User-agent: *\nDisallow: {rule}".encode())
    assert robots.allowed(f"https://paper.example{path}", "Dateline") is allowed
