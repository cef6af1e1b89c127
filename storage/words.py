"""Texts as they count where two may be the same: without case, width and punctuation. Pure."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# Characters, of at most four bytes; an index of PostgreSQL takes 2,704.
_LONGEST_NAME = 500


def words_of(text: str) -> list[str]:
    """The words of ``text``, folded so that case, width and punctuation do not count."""
    return re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold())


def digest_of(words: Sequence[str]) -> str:
    """SHA-256 (hex) of folded words."""
    return hashlib.sha256(" ".join(words).encode("utf-8", "surrogatepass")).hexdigest()


def name_key(name: str) -> str:
    """The form under which two spellings of a name are the same: case and accents do not count.

    Of what is too long to be a name, its beginning: it stands in an index.
    """
    plain = unicodedata.normalize("NFKD", name)
    key = " ".join(words_of("".join(c for c in plain if not unicodedata.combining(c))))
    return key[:_LONGEST_NAME].rstrip()
