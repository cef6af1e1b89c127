"""Bodies as they were sent. Imports nothing of Scrapy, so that worker processes need not."""

from __future__ import annotations

from dataclasses import dataclass

from storage.captures.content_encoding import decode_response


@dataclass(frozen=True, slots=True)
class CodedBody:
    """A body as it was sent, with the headers that tell how to decode it."""

    sent: bytes
    headers: tuple[tuple[str, str], ...]

    def decoded(self) -> bytes:
        """Undo the content codings; the capture was written, so the size is within the limit."""
        return decode_response(self.headers, self.sent)
