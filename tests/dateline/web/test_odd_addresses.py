"""Whatever a browser, a bookmark or an attacker asks for: an answer, never an error of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.testclient import TestClient

    from storage.archive import Archive

ODD = (
    "\x00", "%00", "-1", "99999999999999999999", "..%2F..%2Fetc", "\uffff", "'\"<script>", "é" * 300,
    "0001-01-01", "a AND", "title:", "NEAR(", "who:",
)  # fmt: skip
ASKED = ("q", "from", "cursor", "by")


def _paths(routes: list[Any]) -> Iterator[str]:
    for route in routes:
        if hasattr(route, "original_router"):
            yield from _paths(route.original_router.routes)
        elif "GET" in (getattr(route, "methods", None) or ()):
            yield route.path


def _filled(path: str, value: str) -> str:
    head, brace, rest = path.partition("{")
    return head + value + _filled(rest.partition("}")[2], value) if brace else path


def test_no_address_and_no_parameter_is_an_error_of_ours(
    room: tuple[TestClient, Archive, dict[str, int]],
) -> None:
    client, _, ids = room
    # A failure would not be hidden behind a page that says so: the client raises what was raised.
    paths = list(_paths(client.app.routes))  # type: ignore[attr-defined]
    assert len(paths) > 40
    for path in paths:
        for odd in ODD[:5] if "{" in path else ():
            assert client.get(_filled(path, quote(odd, safe=""))).status_code < 500, (path, odd)
        known = _filled(path, str(ids["article"]))
        # Those that take a query get all of them, the others some.
        for n, odd in enumerate(ODD if "search" in path or "count" in path else ODD[:4]):
            url = f"{known}?{ASKED[n % len(ASKED)]}={quote(odd)}"
            assert client.get(url).status_code < 500, url


def test_a_day_before_all_others_can_be_exported(
    room: tuple[TestClient, Archive, dict[str, int]],
) -> None:
    client, _, _ = room
    for query in ("0001-01-01", "9999-12-31", "before:0001-01-02", "after:9999-12-30"):
        answer = client.get("/search/export", params={"q": query, "format": "ris"})
        assert answer.status_code in (200, 400), (query, answer.text)
