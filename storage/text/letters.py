"""Words and letters of all scripts: word boundaries and equivalent spellings. Pure.

One definition for search tokens, stems, names and digests:

- A word is letters and digits with the marks that belong to them: vowel signs, viramas, points.
  Zero-width signs (soft hyphen, joiners) do not split words; a zero-width non-joiner after an
  Arabic letter splits like a hyphen, because Persian writes it so.
- Accents of Latin, Greek and Cyrillic, vowel points of Arabic, Hebrew and Syriac, and Yoruba and
  Vietnamese tone marks are ignored. Vowel signs of Indic scripts, Thai, Lao, Khmer, Burmese and
  Tibetan, and the voicing marks of kana are significant: without them it is another word.
- Scripts without spaces are split after each letter with its marks; Hangul is separated from
  adjacent text, so that ``AI는`` contains ``AI``.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# Han, Hiragana, Katakana, Thai, Lao, Khmer, Myanmar: written without spaces between words. Their
# digits are written as others are.
_UNSPACED = (
    "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f"
    "\u0e00-\u0e4f\u0e5a-\u0ecf\u0eda-\u0eff\u1780-\u17df\u17ea-\u17ff"
    "\u1000-\u103f\u104a-\u108f\u109a-\u109f\ua9e0-\ua9ef\ua9fa-\ua9fe\uaa60-\uaa7f"
    "\U00020000-\U0003ffff"
)
_HANGUL = "\u1100-\u11ff\u3131-\u318e\ua960-\ua97c\uac00-\ud7fb\uffa0-\uffdc"
_ARABIC = "\u0600-\u06ff\u0750-\u077f\u0870-\u08ff\ufb50-\ufdff\ufe70-\ufefc"
NON_JOINER = "\u200c"
# Signs without width: soft hyphen, joiner, marks of direction, word joiner, byte order mark.
_IGNORED = "\u00ad\u061c\u180e\u200d-\u200f\u2060\ufeff"
# What is written behind its letter and belongs to it: Thai and Lao aa and am, of which the latter
# decomposes into a mark and the former; the half-wide voicing marks.
_TRAILING = "\u0e32\u0e33\u0eb2\u0eb3\uff9e\uff9f"
# Where Unicode has marks. Asking for the category of every letter would take 0.1 s.
_BLOCKS_OF_MARKS = (
    (0x300, 0x1E00), (0x20D0, 0x2100), (0x2CEF, 0x2E00), (0x302A, 0x309B), (0xA66F, 0xAC00),
    (0xFB1E, 0xFB1F), (0xFE00, 0xFE30), (0x101FD, 0x12000), (0x16AF0, 0x17000), (0x1E000, 0x1E950),
    (0xE0100, 0xE01F0),
)  # fmt: skip
# A text without any of these is words of letters alone: the plain patterns do, in a third of the
# time. Latin, Greek, Cyrillic and common punctuation are not among them.
_COMPLEX = re.compile(
    "[\u00ad\u0300-\u036f\u0483-\u0489\u0590-\u1dff\u200c-\u200f\u2060\u2070-\u209f\u20d0-\u218f"
    "\u2460-\u24ff\u2c00-\U0010ffff]"
)
_PLAIN_RUN = re.compile(r"[^\W_]+")
_IDENTIFIER = re.compile(r"\w+")
_PIECE = re.compile(r"\s+|\w+|[^\w\s]")
# Marks that readers leave out, and writers too: accents, tones, points, selectors of variants.
_ACCENTS = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed"
    "\u0711\u0730-\u074a\u07eb-\u07f3\u07fa\u0816-\u082d\u0859-\u085b\u0897-\u089f\u08ca-\u08ff"
    "\u093c\u0a3c\u135d-\u135f\u17b4\u17b5\u180b-\u180f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff"
    "\u2cef-\u2cf1\u2de0-\u2dff\u302a-\u302f\ua66f-\ua67d\ua69e\ua69f\ufb1e\ufe00-\ufe0f"
    f"\ufe20-\ufe2f\U0001e000-\U0001e02a\U000e0100-\U000e01ef{_IGNORED}{NON_JOINER}]"
)
# Letters that NFKD leaves whole but readers write alike.
_ALIKE = str.maketrans(
    {
        "ø": "o",
        "đ": "d",
        "ł": "l",
        "œ": "oe",
        "æ": "ae",
        "ı": "i",
        "ß": "ss",
        # Alef, ya, kaf and ha as Arabic, Persian, Urdu and Kurdish write them; ta marbuta.
        "\u0671": "\u0627",
        "\u0649": "\u064a",
        "\u06cc": "\u064a",
        "\u06a9": "\u0643",
        "\u0629": "\u0647",
        "\u06c1": "\u0647",
        "\u06c3": "\u0647",
        "\u06d5": "\u0647",
        # Candrabindu for anusvara in Devanagari; letters that older texts write with a joiner.
        "\u0901": "\u0902",
        "\u09ce": "\u09a4\u09cd",
        "\u0d7a": "\u0d23\u0d4d",
        "\u0d7b": "\u0d28\u0d4d",
        "\u0d7c": "\u0d30\u0d4d",
        "\u0d7d": "\u0d32\u0d4d",
        "\u0d7e": "\u0d33\u0d4d",
        "\u0d7f": "\u0d15\u0d4d",
    }
)


def is_plain(text: str) -> bool:
    """Return whether ``isalnum`` is enough for ``text``: no marks and no complex scripts."""
    return text.isascii() or _COMPLEX.search(text) is None


@lru_cache(maxsize=1)
def _marks() -> str:
    """Return all marks, for a character set of a regular expression."""
    found: list[list[int]] = []
    for first, after in _BLOCKS_OF_MARKS:
        for code in range(first, after):
            if unicodedata.category(chr(code))[0] != "M":
                continue
            if found and found[-1][1] == code - 1:
                found[-1][1] = code
            else:
                found.append([code, code])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in found)


def _run(letters: str) -> str:
    """Return the pattern of words of ``letters`` (a set) with their marks, without backtracking."""
    marks = f"[{_marks()}{_IGNORED}]++"
    joint = rf"(?<![{_ARABIC}]){NON_JOINER}"
    return f"{letters}++(?:(?:{marks}|{joint}){letters}*+)*+"


@lru_cache(maxsize=1)
def _tokens() -> re.Pattern[str]:
    single = rf"(?![\W_])[{_UNSPACED}][{_marks()}{_IGNORED}{_TRAILING}{NON_JOINER}]*+"
    others = rf"[^\W_{_UNSPACED}{_HANGUL}]"
    return re.compile(f"{single}|{_run(f'[{_HANGUL}]')}|{_run(others)}")


@lru_cache(maxsize=4)
def _runs(letters: str) -> re.Pattern[str]:
    return re.compile(_run(letters))


@lru_cache(maxsize=1)
def _all_pieces() -> re.Pattern[str]:
    word = _run(r"\w")
    return re.compile(rf"\s+|{word}|[^\w\s]")


@lru_cache(maxsize=1)
def _all_compounds() -> re.Pattern[str]:
    word = _run(r"[^\W_]")
    return re.compile(
        rf"(?<![^\W_])(?<![{_marks()}]){word}(?:[-\u2010\u2011{NON_JOINER}]{word}){{1,3}}"
        rf"|(?:[^\W\d_][{_marks()}]*\.){{2,}}"
    )


# e-santé, aide-soignante; and C.H.U.: the parts of one word. It is begun at a word's first letter
# only: a run of 60,000 letters would be gone through from each of them.
_COMPOUND = re.compile(r"(?<![^\W_])[^\W_]++(?:[-\u2010\u2011][^\W_]++){1,3}|(?:[^\W\d_]\.){2,}")


def token_pattern(text: str) -> re.Pattern[str]:
    """Return the pattern that finds the search tokens of ``text``."""
    return _PLAIN_RUN if is_plain(text) else _tokens()


def word_run_pattern(text: str) -> re.Pattern[str]:
    """Return the pattern that finds the text between spaces and punctuation."""
    return _PLAIN_RUN if is_plain(text) else _runs(r"[^\W_]")


def identifier_pattern(text: str) -> re.Pattern[str]:
    """Return the pattern of word runs in which an underscore is a letter."""
    return _IDENTIFIER if is_plain(text) else _runs(r"\w")


_IDENTIFIER = re.compile(r"\w+")


def piece_pattern(text: str) -> re.Pattern[str]:
    """Return the pattern that splits ``text`` into words, white space and other signs."""
    return _PIECE if is_plain(text) else _all_pieces()


def compound_pattern(text: str) -> re.Pattern[str]:
    """Return the pattern that finds the compounds of ``text``."""
    return _COMPOUND if is_plain(text) else _all_compounds()


def is_hangul(word: str) -> bool:
    """Return whether ``word`` consists of composed Hangul syllables."""
    return bool(word) and all("\uac00" <= letter <= "\ud7a3" for letter in word)


def strip_accents(text: str) -> str:
    """Return ``text`` in NFKC without ignorable marks; case stays."""
    plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", text))
    return unicodedata.normalize("NFC", plain)


def fold_word(word: str) -> str:
    """Fold case, accents, width and presentation forms of ``word``; keep letters and digits.

    Returns ``""`` where no letter and no digit is left.
    """
    plain = _unmarked(word)
    if plain.isascii() and plain.isalnum():
        return plain
    kept = "".join(_digit(c) for c in plain if c.isalnum() or unicodedata.category(c)[0] == "M")
    found = unicodedata.normalize("NFC", kept)
    return found if any(map(str.isalnum, found)) else ""


def folded_letters() -> list[tuple[str, str]]:
    """Return (letter, folded form) of the letters of plain texts.

    Folding all at once takes half the time.
    """
    plain = [c for c in map(chr, (*range(0x30, 0x590), *range(0x1E00, 0x2000))) if c.isalnum()]
    marked = _unmarked("\n".join(plain)).split("\n")
    pairs = zip(plain, marked, strict=True)
    return [(c, m if m.isalnum() else "".join(filter(str.isalnum, m))) for c, m in pairs]


def _unmarked(text: str) -> str:
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return _ACCENTS.sub("", plain).translate(_ALIKE)


def _digit(letter: str) -> str:
    """Convert a decimal digit of any script to ASCII."""
    return str(unicodedata.decimal(letter)) if letter.isdecimal() else letter
