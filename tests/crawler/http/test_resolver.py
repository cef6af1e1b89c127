"""Names: no private address comes out of them, however often they change, and none is kept long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy.resolver import dnscache
from twisted.internet.address import IPv4Address, IPv6Address

from crawler.http import resolver
from crawler.http.resolver import GuardedResolver

if TYPE_CHECKING:
    import pytest


class _Reactor:
    """As much of one as the library looks at."""

    nameResolver = None


class _Names:
    """A name service that answers what it is told to."""

    def __init__(self, answers: list[list[str]]) -> None:
        self.answers = answers

    def resolveHostName(self, receiver: Any, host: str, *_: Any) -> None:
        """Answer as Twisted does."""
        receiver.resolutionBegan(None)
        for one in self.answers.pop(0):
            kind = IPv6Address if ":" in one else IPv4Address
            receiver.addressResolved(kind("TCP", one, 80))
        receiver.resolutionComplete()


class _Receiver:
    def __init__(self) -> None:
        self.found: list[str] = []
        self.is_complete = False

    def resolutionBegan(self, _: Any) -> None:
        """Nothing to do."""

    def addressResolved(self, address: Any) -> None:
        """Keep it."""
        self.found.append(address.host)

    def resolutionComplete(self) -> None:
        """Keep that."""
        self.is_complete = True


def _asked(guarded: GuardedResolver) -> list[str]:
    receiver = _Receiver()
    guarded.resolveHostName(receiver, "news.example", 80)
    assert receiver.is_complete
    return receiver.found


def test_a_name_that_changes_its_answer_gains_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATELINE_ALLOW_PRIVATE", raising=False)
    guarded = GuardedResolver(_Reactor(), 10)  # type: ignore[arg-type]
    guarded._inner = _Names([  # type: ignore[assignment]
        ["93.184.216.34"], ["127.0.0.1"], ["169.254.169.254", "93.184.216.34"],
        ["::ffff:10.0.0.1", "::1"],
    ])  # fmt: skip
    assert _asked(guarded) == ["93.184.216.34"]
    assert _asked(guarded) == []
    assert _asked(guarded) == ["93.184.216.34"]
    assert _asked(guarded) == []
    assert "news.example" in resolver.refused_hosts


def test_answers_are_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1_000.0]
    monkeypatch.setattr("crawler.http.resolver.time.monotonic", lambda: now[0])
    guarded = GuardedResolver(_Reactor(), 10)  # type: ignore[arg-type]
    guarded._inner = _Names([["93.184.216.34"], ["93.184.216.34"]])  # type: ignore[assignment]
    dnscache["news.example"] = "an old answer"
    _asked(guarded)
    assert "news.example" in dnscache
    now[0] += resolver.CACHE_SECONDS + 1
    _asked(guarded)
    assert "news.example" not in dnscache
