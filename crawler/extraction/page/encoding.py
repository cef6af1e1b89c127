"""The text of a page's bytes: one decision of their encoding.

As the HTML standard decides: byte order mark, HTTP header, ``<meta>`` by its prescan; statistics
only where nothing is declared. Two differences: what is UTF-8 is read as that whatever is declared,
and bytes in it that are none are read one by one as the legacy encoding that they must come from.
(https://html.spec.whatwg.org/#determining-the-character-encoding; labels: https://encoding.spec.whatwg.org/)
"""

from __future__ import annotations

import codecs
import re
from functools import lru_cache

from w3lib.encoding import read_bom, resolve_encoding

from crawler.extraction.page.encoding_guess import guess, single_byte
from crawler.extraction.page.encoding_prescan import declared_label

# The encodings of the web. Python has others, some of which do not encode text.
_KNOWN = frozenset(
    {"utf-8", "utf-16", "utf-16-le", "utf-16-be", "koi8-r", "koi8-u", "mac-roman", "mac-cyrillic",
     "cp866", "cp874", "gb18030", "big5hkscs", "euc_jp", "iso2022_jp", "cp932", "cp949",
     *(f"cp125{i}" for i in range(9)), *(f"iso8859-{i}" for i in range(2, 17))}
)  # fmt: skip
_WIDE = frozenset({"gb18030", "big5hkscs", "euc_jp", "iso2022_jp", "cp932", "cp949"})
# Labels of the standard that Python does not know.
_LABELS = {
    "x-user-defined": "cp1252", "iso-8859-8-i": "iso8859-8", "logical": "iso8859-8",
    "visual": "iso8859-8", "koi8-ru": "koi8-u", "koi": "koi8-r", "koi8": "koi8-r",
    "x-mac-cyrillic": "mac-cyrillic", "x-mac-ukrainian": "mac-cyrillic", "x-mac-roman": "mac-roman",
    "mac": "mac-roman", "dos-874": "cp874", "x-gbk": "gb18030", "x-x-big5": "big5hkscs",
    "cn-big5": "big5hkscs", "windows-949": "cp949", "unicode11utf8": "utf-8",
    "unicode20utf8": "utf-8", "unicode-1-1-utf-8": "utf-8", "x-unicode20utf8": "utf-8",
    "iso88591": "cp1252", "x-euc-jp": "euc_jp", "cseucpkdfmtjapanese": "euc_jp",
    "cseuckr": "cp949", "csgb2312": "gb18030", "sun_eu_greek": "iso8859-7",
    "iso-8859-6-e": "iso8859-6", "iso-8859-6-i": "iso8859-6", "iso-8859-8-e": "iso8859-8",
    **{f"x-cp125{i}": f"cp125{i}" for i in range(9)},
}  # fmt: skip
_LABEL = re.compile(r"[a-z0-9][a-z0-9_:.+-]*")
_HTTP = re.compile(r"charset\s*=\s*[\"']?\s*([^\s;\"',]+)", re.IGNORECASE)
_ESCAPES = re.compile(rb"\x1b\$[@B]|\x1b\$\(D")
_HIGH = bytes(range(128, 256))
# Each takes a microsecond or two; so many are a trap.
_MOST_STRAYS = 200_000
# Latin-1 letters, typographic marks and emoji in UTF-8: no text of Windows-1252 has these bytes in
# a row, but for a few combinations of capitals and marks.
_SURE_UTF8 = re.compile(
    rb"((?:[\xc2\xc3][\x80-\xbf]|\xe2[\x80\x82\x84][\x80-\xbf]|\xf0\x9f[\x80-\xbf]{2})+)"
)


def decode(body: bytes, content_type: str = "") -> str:
    """The text of a page; bytes that no encoding explains are U+FFFD."""
    bom, mark = read_bom(body)
    if mark is not None and bom is not None:
        rest = body[len(mark) :]
        return _as_utf8(rest, "cp1252") if bom == "utf-8" else rest.decode(bom, "replace")
    wide = _utf16_without_mark(body)
    if wide is not None:
        return body.decode(wide, "replace")
    if body.isascii():
        # ASCII is itself in every encoding, but for Japanese in escape sequences.
        return body.decode("iso2022_jp_ext" if _ESCAPES.search(body) else "ascii", "replace")
    return _foreign(body, declared(body, content_type))


def declared(body: bytes, content_type: str = "") -> str | None:
    """The encoding that HTTP or the page declares, as Python's name; ``None`` without any.

    A page cannot declare UTF-16 in ASCII; as in the standard, this means UTF-8.
    """
    bom, _ = read_bom(body)
    if bom is not None:
        return bom
    match = _HTTP.search(content_type)
    name = encoding_named(match[1]) if match else None
    if name is None:
        label = declared_label(body, lambda label: encoding_named(label) is not None)
        name = encoding_named(label) if label else None
    return "utf-8" if name is not None and name.startswith("utf-16") else name


@lru_cache(maxsize=256)
def encoding_named(label: str) -> str | None:
    """Python's name of the encoding that a label of the web means."""
    label = label.strip("\t\n\f\r ").lower()
    if not _LABEL.fullmatch(label):
        return None
    name = _LABELS.get(label) or resolve_encoding(label)
    name = "iso2022_jp" if name == "iso2022_jp_ext" else name
    return name if name in _KNOWN else None


def _utf16_without_mark(body: bytes) -> str | None:
    """UTF-16 shows by the zeros of its markup, whatever is declared."""
    head = body[:512]
    zeros = head.count(0)
    if len(head) < 4 or 4 * zeros < len(head):
        return None
    odd = head[1::2].count(0)
    if odd == zeros:
        return "utf-16-le"
    return "utf-16-be" if not odd else None


def _foreign(body: bytes, named: str | None) -> str:
    """The text of bytes beyond ASCII: UTF-8 where most of them are, else what was declared."""
    plain = len(body.translate(None, _HIGH))
    valid = body.decode("utf-8", "ignore").encode("utf-8")
    good, bad = len(valid) - plain, len(body) - len(valid)
    if bad == 0:
        return valid.decode("utf-8")
    if good >= bad:
        if named is None or named == "utf-8" or named in _WIDE:
            named = single_byte(body)
        if bad > _MOST_STRAYS:
            return body.decode("utf-8", "replace")
        return _as_utf8(body, named, wide=2 * good > 5 * (len(valid.decode("utf-8")) - plain))
    if named == "iso2022_jp" or (named is None and _ESCAPES.search(body)):
        return body.decode("iso2022_jp_ext", "replace")
    if named is not None and named != "utf-8":
        text = _decoded(body, named)
        if text is not None:
            return text
    return _decoded(body, guess(body), sure=True) or ""


def _as_utf8(body: bytes, other: str, *, wide: bool = False) -> str:
    """UTF-8 whose stray bytes are read as ``other``; half of a character is lost.

    ``wide`` says that most characters have three bytes, of which two are half of one.
    """
    return body.decode("utf-8", _strays(other, wide=wide))


@lru_cache(maxsize=64)
def _strays(other: str, *, wide: bool) -> str:
    """The name of the error handler that reads stray bytes in UTF-8 as ``other``."""

    def handler(error: UnicodeError) -> tuple[str, int]:
        if not isinstance(error, UnicodeDecodeError):
            raise error
        start, end = error.start, error.end
        if end == len(error.object) and error.reason == "unexpected end of data":
            # The page was cut within a character.
            return "", end
        stray = error.object[start:end]
        if len(stray) > 1 and (wide or stray[:2] == b"\xe2\x80" or stray[0] >= 0xF0):
            return "\ufffd", end
        return _byte_by_byte(stray, other), end

    name = f"dateline-strays-{other}-{wide}"
    codecs.register_error(name, handler)
    return name


def _byte_by_byte(data: bytes, encoding: str) -> str:
    """``data`` in a single-byte encoding; bytes that it leaves open become controls."""
    text = data.decode(encoding, "replace")
    if "\ufffd" not in text:
        return text
    return "".join([chr(b) if c == "\ufffd" and encoding.startswith("cp125") else c
                    for b, c in zip(data, text, strict=True)])  # fmt: skip


def _decoded(body: bytes, encoding: str, *, sure: bool = False) -> str | None:
    """``body`` in ``encoding``, or ``None`` where that is plainly not its encoding."""
    if encoding == "cp1252" and _SURE_UTF8.search(body):
        parts = _SURE_UTF8.split(body)
        return "".join([part.decode("utf-8" if i % 2 else "cp1252", "replace")
                        for i, part in enumerate(parts)])  # fmt: skip
    text = body.decode(encoding, "replace")
    # A stray bad byte is the page's fault; many are a wrong label's.
    lost = text.count("\ufffd")
    if encoding in _WIDE:
        return text if sure or lost <= 3 or 10 * lost <= len(text) - _ascii_count(text) else None
    return text if sure or lost <= max(3, len(text) // 1000) else None


def _ascii_count(text: str) -> int:
    return len(text.encode("ascii", "ignore"))
