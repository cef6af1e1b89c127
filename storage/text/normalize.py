"""Texts as they count where two may be the same: without case, width and punctuation. Pure."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import TYPE_CHECKING

from storage.text import letters

if TYPE_CHECKING:
    from collections.abc import Sequence

# Characters, of at most four bytes; an index of PostgreSQL takes 2,704.
_LONGEST_NAME = 500
_MOST_DIGITS = 18
# User name and password of a URL, in any text.
_CREDENTIALS = re.compile(r"\b([a-z][a-z0-9+.-]{0,30}://)[^\s/@?#'\"<>]{1,500}@", re.IGNORECASE)


def normalized_words(text: str) -> list[str]:
    """The words of ``text``, folded so that case, width and punctuation do not count."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return letters.identifier_pattern(plain).findall(plain)


def is_whole_number(text: str) -> bool:
    """Whether ``text`` is a number of digits 0 to 9 that a database column holds (63 bits).

    ``str.isdigit`` is true of ``²`` and ``٣`` too, which ``int`` refuses or reads.
    """
    return text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS


def strip_credentials(text: str) -> str:
    """A URL, or a text with URLs, without their user names and passwords."""
    return _CREDENTIALS.sub(r"\1", text)


def primary_language(tag: str) -> str:
    """The language of a tag such as ``en-US`` or ``en_us`` (BCP 47, 2.2.1): ``en``."""
    return re.split(r"[-_]", tag, maxsplit=1)[0].lower()


def replace_unprintable(text: str) -> str:
    """``text`` with what no terminal or log can show (halves of surrogate pairs) replaced."""
    return text.encode("utf-8", "replace").decode()


def text_digest(words: Sequence[str]) -> str:
    """SHA-256 (hex) of folded words, without their marks.

    Takedowns remember erased texts by it, so it must stay what it was when words had no marks.
    """
    joined = " ".join(words)
    if not letters.is_plain(joined):
        joined = " ".join(re.findall(r"\w+", joined))
    return hashlib.sha256(joined.encode("utf-8", "surrogatepass")).hexdigest()


def name_key(name: str) -> str:
    """The form under which two spellings of a name are the same: case and accents do not count.

    Of what is too long to be a name, its beginning: it stands in an index.
    """
    key = " ".join(normalized_words(letters.strip_accents(name)))
    return key[:_LONGEST_NAME].rstrip()
