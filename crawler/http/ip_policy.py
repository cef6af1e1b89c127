"""Which IP addresses may be fetched from: public ones only, in any notation or embedding."""

from __future__ import annotations

import os
import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# RFC 6052 and RFC 8215: the prefixes of NAT64; RFC 3879: site-local, deprecated but routed.
_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
_COMPATIBLE = IPv6Network("::/96")
_SITE_LOCAL = IPv6Network("fec0::/10")
_LAST_32_BITS = 0xFFFFFFFF


def private_allowed() -> bool:
    """Tell whether the operator allows private and loopback addresses (tests, intranets)."""
    return os.environ.get("DATELINE_ALLOW_PRIVATE", "") not in ("", "0")


def is_public(address: str) -> bool:
    """Tell whether an IP address, and every address embedded in it, is public unicast."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return all(_is_public_unicast(part) for part in _embedded_addresses(ip))


def _embedded_addresses(ip: IPv4Address | IPv6Address) -> Iterator[IPv4Address | IPv6Address]:
    yield ip
    if isinstance(ip, IPv4Address):
        return
    if ip.ipv4_mapped is not None:
        yield ip.ipv4_mapped
    if ip.sixtofour is not None:
        yield ip.sixtofour
    if ip.teredo is not None:
        yield from ip.teredo
    if any(ip in net for net in _NAT64) or ip in _COMPATIBLE:
        yield IPv4Address(int(ip) & _LAST_32_BITS)


def _is_public_unicast(ip: IPv4Address | IPv6Address) -> bool:
    if isinstance(ip, IPv6Address) and (ip.ipv4_mapped is not None or ip in _NAT64[0]):
        return True  # judged by what it wraps
    if isinstance(ip, IPv6Address) and ip in _SITE_LOCAL:
        return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved and not ip.is_unspecified


def numeric_host(host: str) -> str | None:
    """Return the IP address that ``host`` spells (``2130706433``, ``0x7f.1``), else ``None``."""
    bare = host.strip("[]")
    try:
        return str(ip_address(bare.partition("%")[0]))
    except ValueError:
        pass
    try:
        # What the C library takes for an address, the connection would reach.
        return socket.inet_ntoa(socket.inet_aton(bare)) if bare else None
    except (OSError, UnicodeEncodeError):
        return None
