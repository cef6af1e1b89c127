"""The likely encoding of bytes beyond ASCII that are no UTF-8 and of which nothing is declared.

By the page's language, as browsers go by the reader's; without one by what the bytes would become:
kana, common Han, Hangul, or letters within words. A sample is looked at, however long the page.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# What browsers assume by the reader's language (WHATWG HTML, 13.2.3.2, step 9); here, the page's.
_BY_LANGUAGE = {
    "ar": "cp1256", "fa": "cp1256", "ba": "cp1251", "be": "cp1251", "bg": "cp1251",
    "kk": "cp1251", "ky": "cp1251", "mk": "cp1251", "ru": "cp1251", "sr": "cp1251", "tt": "cp1251",
    "uk": "cp1251", "cs": "cp1250", "hr": "cp1250", "hu": "cp1250", "pl": "cp1250", "sk": "cp1250",
    "sl": "cp1250", "el": "cp1253", "he": "cp1255", "lt": "cp1257",
    "lv": "cp1257", "et": "cp1257", "th": "cp874", "tr": "cp1254", "ku": "cp1254", "vi": "cp1258",
    "de": "cp1252", "en": "cp1252", "es": "cp1252", "fr": "cp1252", "it": "cp1252",
    "nl": "cp1252", "pt": "cp1252", "da": "cp1252", "fi": "cp1252", "no": "cp1252", "nb": "cp1252",
    "sv": "cp1252",
}  # fmt: skip
_EASTERN = frozenset({"ja", "zh", "ko"})
_LANGUAGE = re.compile(rb"<html[^>]{0,300}?\blang\s*=\s*[\"']?([a-zA-Z]{2,3})", re.IGNORECASE)
_SAMPLE = 8_000
# What is sampled around a byte beyond ASCII: its line or element, so many bytes before and behind.
_BEFORE, _BEHIND = 200, 600
_FOREIGN = re.compile(rb"[\x80-\xff]")
_BORDER = re.compile(rb"[\n<>]")
# Letters that in Windows-1252 would be signs within a word, or rare: (encoding, share needed).
_WITHIN = (
    ("cp1250", re.compile(rb"(?<=[A-Za-z])[\xb3\xb9\xbf\x9c\x9f](?=[a-z\xea\xe6\xf1\xf3 ])"), 0.15),
    ("cp1250", re.compile(rb"[\x9a\x9e\xec\xf8]"), 0.25),
    ("cp1254", re.compile(rb"[\xfd\xfe\xf0\xdd]"), 0.3),
)  # fmt: skip
_NON_LATIN = ["cp1251", "koi8_r", "cp866", "cp1253", "cp1255", "cp1256", "cp874"]


def single_byte(body: bytes) -> str:
    """The single-byte encoding that goes with the page's language."""
    return _BY_LANGUAGE.get(_language(body), "cp1252")


def guess(body: bytes) -> str:
    """The likely encoding, as Python's name."""
    language = _language(body)
    sample = _sample(body)
    likely = _BY_LANGUAGE.get(language)
    if (
        likely is not None
        and sample.decode(likely, "replace").count("\ufffd") <= len(sample) // 500
    ):
        return likely
    eastern = _eastern(sample)
    if eastern is not None:
        return eastern
    high = len(sample) - len(sample.translate(None, bytes(range(128, 256))))
    if language in _EASTERN or 4 * high < len(sample):
        return _latin(sample, high)
    from charset_normalizer import from_bytes

    # The library rejects an encoding for one undefined byte, and few encodings define 0xFF.
    best = from_bytes(sample.replace(b"\xff", b""), cp_isolation=_NON_LATIN).best()
    return best.encoding if best is not None else "cp1252"


def _language(body: bytes) -> str:
    match = _LANGUAGE.search(body[:4096])
    return match[1].decode().lower() if match else ""


def _sample(body: bytes) -> bytes:
    sample = bytearray()
    end = 0
    while len(sample) < _SAMPLE and (found := _FOREIGN.search(body, end)) is not None:
        at = found.start()
        before = _BORDER.split(body[max(end, at - _BEFORE) : at])[-1]
        border = _BORDER.search(body, at, at + _BEHIND)
        end = border.start() if border is not None else at + _BEHIND
        sample += before + body[at:end] + b"\n"
    return bytes(sample)


def _eastern(sample: bytes) -> str | None:
    """A Chinese, Japanese or Korean encoding in which the sample is made of common characters."""
    for name in ("cp932", "euc_jp"):
        kana = _share(sample, name, lambda text: sum("\u3041" <= c <= "\u30fe" for c in text))
        if kana > 0.2:
            return name
    hangul = _share(sample, "cp949", lambda text: sum("\uac00" <= c <= "\ud7a3" for c in text))
    if hangul > 0.9:
        return "cp949"
    scores = {
        "gb18030": _share(sample, "gb18030", lambda text: _level1(text, "gb2312", 0xB0, 0xD7)),
        "big5hkscs": _share(sample, "big5hkscs", lambda text: _level1(text, "big5", 0xA4, 0xC6)),
    }
    best = max(scores, key=lambda name: scores[name])
    return best if scores[best] > 0.7 else None


def _share(sample: bytes, encoding: str, count: Callable[[str], int]) -> float:
    """How many of the characters beyond ASCII are what ``count`` counts, punctuation left out."""
    text = sample.decode(encoding, "replace")
    letters = "".join([c for c in text if c > "\x7f" and not "\u2000" <= c <= "\u303f"
                       and not "\uff00" <= c <= "\uffef"])  # fmt: skip
    lost = text.count("\ufffd")
    return count(letters) / (len(letters) + lost) if letters else 0.0


def _level1(text: str, encoding: str, first: int, last: int) -> int:
    """How many characters stand in the part of a set that holds the common ones."""
    return sum(first <= lead <= last for lead in text.encode(encoding, "ignore")[::2])


def _latin(sample: bytes, high: int) -> str:
    for name, letters, share in _WITHIN:
        if len(letters.findall(sample)) > share * high:
            return name
    return "cp1252"
