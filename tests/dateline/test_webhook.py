"""Webhooks: none reaches an address of one's own network, however it is spelled."""

from __future__ import annotations

import base64

import pytest

from dateline import webhook
from tests.pages import LocalSite, Reply, serving

SPELLINGS = (
    "127.0.0.1", "localhost", "localhost.", "2130706433", "0x7f.1", "0x7f000001", "0177.0.0.1",
    "127.1", "0", "0.0.0.0", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::127.0.0.1]",
    "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[::ffff:7f00:1]", "127.0.0.1.", "１２７.0.0.1",
    "[fe80::1%25lo]", "LOCALHOST", "user@127.0.0.1", "169.254.169.254", "10.0.0.1",
)  # fmt: skip


@pytest.mark.parametrize("host", SPELLINGS)
def test_no_spelling_reaches_a_private_address(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATELINE_ALLOW_PRIVATE")
    with serving() as site:
        port = site.base.rpartition(":")[2]
        with pytest.raises((OSError, ValueError)):
            webhook.post(f"http://{host}:{port}/hook", b"{}", {}, timeout=2)
        assert site.requests == []


def test_a_name_and_password_of_the_url_are_sent_as_basic_authentication() -> None:
    with serving() as site:
        seen = _taken(site)
        url = site.base.replace("://", "://u%40x:p%3Aw@")
        assert webhook.post(f"{url}/hook?a=1", b"{}", {}, timeout=5) == 200
        pair = base64.b64encode(b"u@x:p:w").decode()
        assert seen == [f"Basic {pair}"]


def _taken(site: LocalSite) -> list[str]:
    seen: list[str] = []

    def answer(request: object) -> Reply:
        seen.append(request.headers["Authorization"])  # type: ignore[attr-defined]
        return Reply(b"")

    site.pages["/hook?a=1"] = answer
    return seen
