"""Ends a command under test that reaches beyond this machine (pytest-socket sees our own process
only). Commands are run with this folder on PYTHONPATH."""

from __future__ import annotations

import os
import socket
from ipaddress import ip_address
from typing import Any

EXIT_CODE = 97


def _check(sock: socket.socket, address: Any) -> None:
    if sock.family not in (socket.AF_INET, socket.AF_INET6):
        return
    try:
        outside = not ip_address(str(address[0]).partition("%")[0]).is_loopback
    except ValueError:
        outside = address[0] != "localhost"
    if outside:
        os.write(2, f"a test reached for {address!r}\n".encode())
        os._exit(EXIT_CODE)


_connect, _connect_ex = socket.socket.connect, socket.socket.connect_ex


def _checked_connect(self: socket.socket, address: Any) -> None:
    _check(self, address)
    _connect(self, address)


def _checked_connect_ex(self: socket.socket, address: Any) -> int:
    _check(self, address)
    return _connect_ex(self, address)


socket.socket.connect = _checked_connect  # type: ignore[method-assign]
socket.socket.connect_ex = _checked_connect_ex  # type: ignore[method-assign]
