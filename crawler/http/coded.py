"""Pages whose body stays as it was sent.

A page is received once and decoded in the thread that writes its capture and in the worker that
reads it. Between the two it travels as it was sent, a fifth of its size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.http import Response

from crawler.http.bodies import CodedBody

if TYPE_CHECKING:
    from scrapy.http import Headers

_DECODED_BY = (b"Content-Encoding", b"Content-Type")


class CodedResponse(Response):
    """A page whose ``body`` is as it was sent; :func:`decoded_body` undoes the content codings."""

    __slots__ = ()


def header_pairs(
    headers: Headers, names: tuple[bytes, ...] | None = None
) -> tuple[tuple[str, str], ...]:
    """Return (name, value) of all headers, or of those with these ``names``, as text."""
    return tuple(
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, values in headers.items()
        if names is None or name in names
        for value in values
    )


def body_for_worker(response: Response) -> bytes | CodedBody:
    """Return the body of ``response`` in the form that is the cheapest to hand to a worker."""
    if isinstance(response, CodedResponse):
        return CodedBody(response.body, header_pairs(response.headers, _DECODED_BY))
    return response.body


def decoded_body(response: Response) -> bytes:
    """Return the body of ``response`` without content codings."""
    body = body_for_worker(response)
    return body.decoded() if isinstance(body, CodedBody) else body
