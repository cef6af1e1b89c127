"""Which network addresses may be asked."""

from __future__ import annotations

import pytest

from crawler.http.ip_policy import is_public, numeric_host


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.0.1", "169.254.169.254", "0.0.0.0", "224.0.0.1",
     "100.64.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "fec0::1", "ff02::1",
     "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::a00:1", "2002:7f00:1::",
     "2001:0:4136:e378:8000:63bf:80ff:fffe", "fe80::1%eth0", "nonsense", ""],
)  # fmt: skip
def test_private_addresses_are_private_in_every_wrapping(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34", "64:ff9b::5db8:d822"]
)
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    ("host", "address"),
    [("2130706433", "127.0.0.1"), ("0x7f.1", "127.0.0.1"), ("0177.0.0.1", "127.0.0.1"),
     ("127.1", "127.0.0.1"), ("[::1]", "::1"), ("127.0.0.1", "127.0.0.1"),
     ("herald.example", None), ("1.2.3.4.5", None), ("", None), ("１２７.0.0.1", None)],
)  # fmt: skip
def test_numbers_are_seen_through(host: str, address: str | None) -> None:
    assert numeric_host(host) == address
