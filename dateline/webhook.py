"""Posts to webhooks, never to private IP addresses.

The check applies to the IP address of the connection, after name resolution, so that neither
another spelling of an IP address nor DNS rebinding gets past it. Redirects are not followed: the
message may be confidential.
"""

from __future__ import annotations

import base64
import http.client
import socket
import ssl
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from crawler.http.ip_policy import is_public, private_allowed

if TYPE_CHECKING:
    from collections.abc import Mapping

_PORTS = {"http": 80, "https": 443}


def post(url: str, body: bytes, headers: Mapping[str, str], timeout: float) -> int:
    """POST ``body`` to ``url``; return the status of the response.

    A user name and password in ``url`` are sent as Basic authentication (RFC 7617).

    Raises:
        OSError: no server answers, or its IP address is not public.
        http.client.HTTPException: the response is not HTTP.
        ValueError: ``url`` is not a web address.
    """
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError("the webhook is not a web address")
    host = (
        parts.hostname.rstrip(".").encode("idna").decode()
        if ":" not in parts.hostname
        else parts.hostname
    )
    port = parts.port or _PORTS[parts.scheme]
    sent = dict(headers)
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
        sent["Authorization"] = "Basic " + base64.b64encode(pair).decode()
    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    connected = _connected(host, port, timeout)
    try:
        if parts.scheme == "https":
            connected = ssl.create_default_context().wrap_socket(connected, server_hostname=host)
        connection.sock = connected
        path = parts.path or "/"
        connection.request("POST", f"{path}?{parts.query}" if parts.query else path, body, sent)
        return connection.getresponse().status
    finally:
        connected.close()


def _connected(host: str, port: int, timeout: float) -> socket.socket:
    """Connect to the first public IP address of ``host`` that accepts."""
    problem = OSError(f"{host} has no IP address")
    for family, kind, protocol, _, address in socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM
    ):
        if not private_allowed() and not is_public(str(address[0])):
            problem = OSError(f"{host} has a private IP address")
            continue
        connected = socket.socket(family, kind, protocol)
        connected.settimeout(timeout)
        try:
            connected.connect(address)
        except OSError as error:
            connected.close()
            problem = error
        else:
            return connected
    raise problem
