"""Decompress WARC files in bounded pieces: gzip members, Zstandard frames, or uncompressed."""

from __future__ import annotations

import zlib
from typing import Any, Protocol

from storage.captures.warc import DAMAGE, zstandard

_PIECE = 1 << 16
_GZIP = b"\x1f\x8b\x08"
_ZSTD = b"\x28\xb5\x2f\xfd"
# A frame that is skipped; of this kind it holds the dictionary of the frames that follow
# (https://iipc.github.io/warc-specifications/specifications/warc-zstd/).
_SKIPPABLE_FRAMES = tuple(bytes([n]) + b"\x2a\x4d\x18" for n in range(0x50, 0x60))
ZSTD_MAGIC = (_ZSTD, *_SKIPPABLE_FRAMES)
_DICTIONARY = _SKIPPABLE_FRAMES[0x0D]
_MAX_DICTIONARY_BYTES = 16 * 1024 * 1024
_DICTIONARY_MAGIC = b"\x37\xa4\x30\xec"
# Packed bytes of a member that are kept to look for the next member in, where it is damaged.
_MAX_KEPT_BYTES = 1 << 20
# What a member of a WARC or ARC file begins with.
_STARTS = (b"WARC/", b"http", b"dns:", b"filedesc:", b"ftp:", b"urn:", b"\r\n", b"\n")
# A file may unpack to so many bytes, or to so many times its size.
_ALWAYS_ALLOWED_BYTES, _MAX_RATIO = 512 * 1024 * 1024, 300


class Readable(Protocol):
    """A binary stream."""

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes, ``b""`` at the end."""


class Damaged(Exception):
    """A member is damaged; :meth:`MemberReader.skip_to_next_member` resumes after it."""


class CutOff(EOFError):
    """The file ends within a member or record."""


class DecompressionBomb(Exception):
    """The file decompresses to many times more than any archive does."""


class MemberReader:
    """Reads a file of compressed members as one stream of bytes."""

    def __init__(self, stream: Readable, packed_size: int) -> None:
        self._stream = stream
        self._max_bytes = max(_ALWAYS_ALLOWED_BYTES, packed_size * _MAX_RATIO)
        self._raw = b""
        self._member_bytes = bytearray()
        self._decompressor: Any = None
        self._unconsumed = b""
        self._dictionary: Any = None
        self._buffer = b""
        self._position = 0
        self._unpacked = 0
        # Offset (in unpacked bytes) at which the newest member begins.
        self.member_at = 0
        self.packed_read = 0
        self._read_packed(18)
        magic = self._raw[:4]
        self.form = "zstd" if magic in ZSTD_MAGIC else "plain"
        self.form = "gzip" if magic.startswith(_GZIP) else self.form

    @property
    def offset(self) -> int:
        """Return how many decompressed bytes were read."""
        return self._unpacked - len(self._buffer) + self._position

    def peek(self, size: int) -> bytes:
        """Return up to ``size`` of the next bytes without consuming them."""
        while len(self._buffer) - self._position < size and self._fill():
            pass
        return self._buffer[self._position : self._position + size]

    def read(self, size: int) -> bytes:
        """Return up to ``size`` bytes of one member; ``b""`` at the end.

        Raises:
            Damaged, CutOff, Bomb: the next bytes cannot be had.
        """
        if self._position >= len(self._buffer) and not self._fill():
            return b""
        data = self._buffer[self._position : self._position + size]
        self._position += len(data)
        return data

    def line(self, limit: int) -> bytes:
        """Return up to ``limit`` bytes, to the end of a line."""
        while True:
            end = self._buffer.find(b"\n", self._position, self._position + limit) + 1
            available = len(self._buffer) - self._position
            if end == 0 and available < limit and self._fill():
                continue
            if end == 0:
                end = self._position + min(limit, available)
            data = self._buffer[self._position : end]
            self._position = end
            return data

    def skip_to_line(self, start: bytes, limit: int) -> bool:
        """Skip to the next line that begins with ``start``, within ``limit`` bytes."""
        begun, mark = self.offset, b"\n" + start
        while self.offset - begun < limit:
            found = self._buffer.find(mark, self._position)
            if found >= 0:
                self._position = found + 1
                return True
            self._position = max(self._position, len(self._buffer) - len(mark) + 1)
            if not self._fill():
                return False
        return False

    def skip_to_next_member(self) -> bool:
        """Skip to the next member that begins a record; ``False`` where there is none."""
        if self.form == "plain":
            return False
        data, start = bytes(self._member_bytes) + self._raw, 1
        self._decompressor, self._buffer, self._position, self._unconsumed = None, b"", 0, b""
        self._member_bytes.clear()
        magic = _GZIP if self.form == "gzip" else _ZSTD
        while True:
            found = data.find(magic, start)
            if found < 0:
                data, start = data[-3:], 0
                more = self._stream.read(_PIECE)
                self.packed_read += len(more)
                if not more:
                    self._raw = b""
                    return False
                data += more
                continue
            if len(data) - found < 512:
                data += self._stream.read(_PIECE)
            if self._starts_record(data[found : found + _PIECE]):
                self._raw = data[found:]
                return True
            start = found + 1

    def _starts_record(self, data: bytes) -> bool:
        """Tell whether ``data`` begins with a member that begins a record."""
        try:
            return bytes(self._new_decompressor().decompress(data, 16)).startswith(_STARTS)
        except DAMAGE:
            return False

    def _new_decompressor(self) -> Any:
        if self.form == "gzip":
            return zlib.decompressobj(wbits=31)
        return zstandard().ZstdDecompressor(zstd_dict=self._dictionary)

    def _read_packed(self, size: int) -> bool:
        while len(self._raw) < size:
            more = self._stream.read(_PIECE)
            if not more:
                break
            self.packed_read += len(more)
            self._raw += more
        return bool(self._raw)

    def _fill(self) -> bool:
        """Decompress the next piece; ``False`` at the end of the file."""
        if self._unpacked > self._max_bytes:
            raise DecompressionBomb
        while True:
            if self.form == "plain":
                piece = self._raw if self._read_packed(1) else b""
                self._raw = b""
                break
            if self._decompressor is None and not self._start_member():
                return False
            piece = self._unpack()
            if piece:
                break
        self._buffer = self._buffer[self._position :] + piece
        self._position = 0
        self._unpacked += len(piece)
        return bool(piece)

    def _start_member(self) -> bool:
        """Start decompressing the next member; ``False`` at the end of the file."""
        self._read_packed(18)
        if not self._raw.strip(b"\x00\r\n"):
            return False
        self._member_bytes.clear()
        while self.form == "zstd" and self._raw.startswith(_DICTIONARY):
            self._read_dictionary()
        starts = (_GZIP,) if self.form == "gzip" else ZSTD_MAGIC
        if not self._raw.startswith(starts):
            self._member_bytes += self._raw[:_MAX_KEPT_BYTES]
            self._raw = b""
            raise Damaged("these bytes are not a member")
        self._decompressor = self._new_decompressor()
        self.member_at = self._unpacked
        return True

    def _unpack(self) -> bytes:
        decompressor = self._decompressor
        data = self._unconsumed
        if not data and getattr(decompressor, "needs_input", True):
            if not self._read_packed(1):
                # What it holds up to here was given.
                raise CutOff("it is truncated within a record")
            data, self._raw = self._raw, b""
            if len(self._member_bytes) < _MAX_KEPT_BYTES:
                self._member_bytes += data
        try:
            piece = bytes(decompressor.decompress(data, _PIECE))
        except DAMAGE as error:
            raise Damaged(str(error)) from error
        self._unconsumed = getattr(decompressor, "unconsumed_tail", b"")
        if decompressor.eof:
            self._raw = decompressor.unused_data + self._raw
            self._decompressor, self._unconsumed = None, b""
        return piece

    def _read_dictionary(self) -> None:
        size = int.from_bytes(self._raw[4:8], "little")
        if size > _MAX_DICTIONARY_BYTES:
            raise CutOff("its dictionary is too large")
        self._read_packed(8 + size)
        found, self._raw = self._raw[8 : 8 + size], self._raw[8 + size :]
        zstd = zstandard()
        try:
            if found.startswith(_ZSTD):
                found = bytes(zstd.ZstdDecompressor().decompress(found, _MAX_DICTIONARY_BYTES))
            raw = not found.startswith(_DICTIONARY_MAGIC)
            self._dictionary = zstd.ZstdDict(found, is_raw=raw)
        except (zstd.ZstdError, ValueError) as error:
            raise CutOff(f"its dictionary is damaged: {error}") from error
        self._read_packed(18)
