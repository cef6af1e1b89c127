"""Unpacks WARC files in bounded pieces: members of gzip, frames of Zstandard, or neither."""

from __future__ import annotations

import zlib
from typing import Any, Protocol

from storage.captures.warc import DAMAGE, zstandard

_PIECE = 1 << 16
_GZIP = b"\x1f\x8b\x08"
_ZSTD = b"\x28\xb5\x2f\xfd"
# A frame that is skipped; of this kind it holds the dictionary of the frames that follow
# (https://iipc.github.io/warc-specifications/specifications/warc-zstd/).
_SKIPPED = tuple(bytes([n]) + b"\x2a\x4d\x18" for n in range(0x50, 0x60))
ZSTD_MAGIC = (_ZSTD, *_SKIPPED)
_DICTIONARY = _SKIPPED[0x0D]
_MOST_DICTIONARY = 16 * 1024 * 1024
_DICTIONARY_MAGIC = b"\x37\xa4\x30\xec"
# Packed bytes of a member that are kept to look for the next member in, where it is damaged.
_KEPT = 1 << 20
# What a member of a WARC or ARC file begins with.
_STARTS = (b"WARC/", b"http", b"dns:", b"filedesc:", b"ftp:", b"urn:", b"\r\n", b"\n")
# A file may unpack to so many bytes, or to so many times its size.
_FREE_BYTES, _MOST_TIMES = 512 * 1024 * 1024, 300


class Readable(Protocol):
    """What bytes are read from."""

    def read(self, size: int, /) -> bytes:
        """Up to ``size`` bytes, ``b""`` at the end."""


class Damaged(Exception):
    """A member cannot be unpacked; :meth:`Unpacked.to_next_member` goes on behind it."""


class CutOff(EOFError):
    """The file ends within a member or record."""


class Bomb(Exception):
    """The file unpacks to many times more than any archive does."""


class Unpacked:
    """Reads a file of members as the one stream of bytes that they hold."""

    def __init__(self, stream: Readable, packed_size: int) -> None:
        self._stream = stream
        self._most = max(_FREE_BYTES, packed_size * _MOST_TIMES)
        self._raw = b""
        self._since = bytearray()
        self._engine: Any = None
        self._tail = b""
        self._dictionary: Any = None
        self._ready = b""
        self._place = 0
        self._unpacked = 0
        # Offset (in unpacked bytes) at which the newest member begins.
        self.member_at = 0
        self.packed_read = 0
        self._more_raw(18)
        magic = self._raw[:4]
        self.form = "zstd" if magic in ZSTD_MAGIC else "plain"
        self.form = "gzip" if magic.startswith(_GZIP) else self.form

    @property
    def offset(self) -> int:
        """How many unpacked bytes were read."""
        return self._unpacked - len(self._ready) + self._place

    def peek(self, size: int) -> bytes:
        """Up to ``size`` of the bytes that come next."""
        while len(self._ready) - self._place < size and self._fill():
            pass
        return self._ready[self._place : self._place + size]

    def read(self, size: int) -> bytes:
        """Up to ``size`` bytes of one member; ``b""`` at the end.

        Raises:
            Damaged, CutOff, Bomb: the next bytes cannot be had.
        """
        if self._place >= len(self._ready) and not self._fill():
            return b""
        data = self._ready[self._place : self._place + size]
        self._place += len(data)
        return data

    def line(self, most: int) -> bytes:
        """Up to ``most`` bytes, to the end of a line."""
        while True:
            end = self._ready.find(b"\n", self._place, self._place + most) + 1
            have = len(self._ready) - self._place
            if end == 0 and have < most and self._fill():
                continue
            if end == 0:
                end = self._place + min(most, have)
            data = self._ready[self._place : end]
            self._place = end
            return data

    def to_line(self, start: bytes, most: int) -> bool:
        """Go to the next line that begins with ``start``, within ``most`` bytes."""
        begun, mark = self.offset, b"\n" + start
        while self.offset - begun < most:
            found = self._ready.find(mark, self._place)
            if found >= 0:
                self._place = found + 1
                return True
            self._place = max(self._place, len(self._ready) - len(mark) + 1)
            if not self._fill():
                return False
        return False

    def to_next_member(self) -> bool:
        """Go on at the next member that begins a record; ``False`` where there is none."""
        if self.form == "plain":
            return False
        data, start = bytes(self._since) + self._raw, 1
        self._engine, self._ready, self._place, self._tail = None, b"", 0, b""
        self._since.clear()
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
            if self._begins(data[found : found + _PIECE]):
                self._raw = data[found:]
                return True
            start = found + 1

    def _begins(self, data: bytes) -> bool:
        """Whether a member that begins a record begins with ``data``."""
        try:
            return bytes(self._new_engine().decompress(data, 16)).startswith(_STARTS)
        except DAMAGE:
            return False

    def _new_engine(self) -> Any:
        if self.form == "gzip":
            return zlib.decompressobj(wbits=31)
        return zstandard().ZstdDecompressor(zstd_dict=self._dictionary)

    def _more_raw(self, size: int) -> bool:
        while len(self._raw) < size:
            more = self._stream.read(_PIECE)
            if not more:
                break
            self.packed_read += len(more)
            self._raw += more
        return bool(self._raw)

    def _fill(self) -> bool:
        """Unpack some more; ``False`` at the end of the file."""
        if self._unpacked > self._most:
            raise Bomb
        while True:
            if self.form == "plain":
                piece = self._raw if self._more_raw(1) else b""
                self._raw = b""
                break
            if self._engine is None and not self._begin_member():
                return False
            piece = self._unpack()
            if piece:
                break
        self._ready = self._ready[self._place :] + piece
        self._place = 0
        self._unpacked += len(piece)
        return bool(piece)

    def _begin_member(self) -> bool:
        """Start the engine of the next member; ``False`` at the end of the file."""
        self._more_raw(18)
        if not self._raw.strip(b"\x00\r\n"):
            return False
        self._since.clear()
        while self.form == "zstd" and self._raw.startswith(_DICTIONARY):
            self._read_dictionary()
        starts = (_GZIP,) if self.form == "gzip" else ZSTD_MAGIC
        if not self._raw.startswith(starts):
            self._since += self._raw[:_KEPT]
            self._raw = b""
            raise Damaged("bytes that are no member")
        self._engine = self._new_engine()
        self.member_at = self._unpacked
        return True

    def _unpack(self) -> bytes:
        engine = self._engine
        data = self._tail
        if not data and getattr(engine, "needs_input", True):
            if not self._more_raw(1):
                # What it holds up to here was given.
                raise CutOff("it is cut off within a record")
            data, self._raw = self._raw, b""
            if len(self._since) < _KEPT:
                self._since += data
        try:
            piece = bytes(engine.decompress(data, _PIECE))
        except DAMAGE as error:
            raise Damaged(str(error)) from error
        self._tail = getattr(engine, "unconsumed_tail", b"")
        if engine.eof:
            self._raw = engine.unused_data + self._raw
            self._engine, self._tail = None, b""
        return piece

    def _read_dictionary(self) -> None:
        size = int.from_bytes(self._raw[4:8], "little")
        if size > _MOST_DICTIONARY:
            raise CutOff("its dictionary is too large")
        self._more_raw(8 + size)
        found, self._raw = self._raw[8 : 8 + size], self._raw[8 + size :]
        zstd = zstandard()
        try:
            if found.startswith(_ZSTD):
                found = bytes(zstd.ZstdDecompressor().decompress(found, _MOST_DICTIONARY))
            raw = not found.startswith(_DICTIONARY_MAGIC)
            self._dictionary = zstd.ZstdDict(found, is_raw=raw)
        except (zstd.ZstdError, ValueError) as error:
            raise CutOff(f"its dictionary is damaged: {error}") from error
        self._more_raw(18)
