"""Normal forms that make equivalent texts equal: no case, width or punctuation. Pure."""

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
# User name and password in a URL, in any text.
_CREDENTIALS = re.compile(r"\b([a-z][a-z0-9+.-]{0,30}://)[^\s/@?#'\"<>]{1,500}@", re.IGNORECASE)


def normalized_words(text: str) -> list[str]:
    """Return the words of ``text``, folded, so that case, width and punctuation do not matter."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return letters.identifier_pattern(plain).findall(plain)


def is_whole_number(text: str) -> bool:
    """Return whether ``text`` is a number in digits 0 to 9 that fits a database column (63 bits).

    ``str.isdigit`` also accepts ``²`` and ``٣``, which ``int`` refuses or converts.
    """
    return text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS


def strip_credentials(text: str) -> str:
    """Remove user names and passwords from the URLs in ``text``."""
    return _CREDENTIALS.sub(r"\1", text)


def primary_language(tag: str) -> str:
    """Return the language of a tag such as ``en-US`` or ``en_us`` (BCP 47, 2.2.1): ``en``."""
    return re.split(r"[-_]", tag, maxsplit=1)[0].lower()


def replace_unprintable(text: str) -> str:
    """Replace characters that no terminal or log can show (surrogate halves)."""
    return text.encode("utf-8", "replace").decode()


def text_digest(words: Sequence[str]) -> str:
    """Return the SHA-256 (hex) of folded words without their marks.

    Takedowns recognise erased texts by it, so it must not change.
    """
    joined = " ".join(words)
    if not letters.is_plain(joined):
        joined = " ".join(re.findall(r"\w+", joined))
    return hashlib.sha256(joined.encode("utf-8", "surrogatepass")).hexdigest()


def name_key(name: str) -> str:
    """Return the normal form of a name: case and accents do not matter.

    Long names are truncated, because the key is in an index.
    """
    key = " ".join(normalized_words(letters.strip_accents(name)))
    return key[:_LONGEST_NAME].rstrip()
