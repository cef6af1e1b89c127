"""Words that a card has run together: ``InsermInsermInserm``, ``PMEPMEPetite et Moyenne Entreprise``.

A name repeated without a space between is no word of any language: what legitimate repetition
there is (``Duran Duran``, ``bla bla bla``, ``Baden-Baden``, ``orang-orang``) has a space or hyphen, or
is all lower case (``murmur``, ``dada``). So only copies that meet where a capital, a digit or a
bracket follows a letter count, and only where a source asks for it or the page's own link proves it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from storage.types.content import Block

# The shortest name that is looked for when nothing but the text speaks.
_SHORTEST = 2
_LONGEST = 120
# Letters of an acronym, and signs of a name that stands three times, or twice, before it is taken
# for a card's: "ChaChaCha", "DuranDuran" and "YoYo" are words.
_ACRONYM, _THRICE, _TWICE = 3, 5, 6
_WORD_START = re.compile(r"(?<![\w-])(?=[^\W\d_])")


def unrepeated(text: str, slug: str = "") -> tuple[str, list[str]]:
    """(the name once, what the card said after it) of an anchor's words.

    ``slug`` is the last part of the link's URL; where it spells the words that follow the name,
    it proves that they are the full name (``AP-HPAssistance Publique – Hôpitaux de Paris``).
    """
    text = text.strip()
    if plain(text) == plain(slug):
        return text, []
    copies = _copies(text, slug)
    if copies is not None:
        name, rest = copies
        return name, [name, *_parts(rest, name)]
    for at in range(1, len(text)):
        if _joint(text, at) and _spelled_by(slug, text[at:]) and plain(text[:at]):
            rest = text[at:]
            return text[:at].strip(), [_halves(rest) or rest.strip()]
    return text, []


def _spelled_by(slug: str, text: str) -> bool:
    """Whether ``slug`` is made of the words of ``text`` in their order; it may leave some out."""
    wanted = [plain(word) for word in re.split(r"[-_+]", slug) if plain(word)]
    words = [plain(word) for word in re.findall(r"\w+", text)]
    if sum(map(len, wanted)) < 4 or not words or not wanted or words[0] != wanted[0]:
        return False
    rest = iter(words)
    return all(word in rest for word in wanted)


def clean(text: str) -> tuple[str, list[tuple[int, int]]]:
    """``text`` with every run-together repetition taken out, and the (start, end) that were.

    For sources whose markup does not separate cards: a name (from a word's beginning, with a
    capital in it) is followed at once by itself, and then by more of its card.
    """
    cut: list[tuple[int, int]] = []
    at = 0
    for match in _WORD_START.finditer(text):
        if match.start() < at:
            continue
        found = _copies_at(text, match.start())
        if found is not None:
            name_end, end = found
            cut.append((name_end, end))
            at = end
    out, last = [], 0
    for start, end in cut:
        out.append(text[last:start])
        last = end
    return "".join([*out, text[last:]]), cut


def cleaned(blocks: Iterable[Block]) -> list[Block]:
    """Blocks whose texts are :func:`clean`, their spans moved with what stays."""
    return [_cleaned(block) for block in blocks]


def _cleaned(block: Block) -> Block:
    text, cut = clean(block.text)
    if not cut or block.kind in ("preformatted", "table"):
        return block

    def moved(at: int) -> int:
        return at - sum(min(end, at) - start for start, end in cut if start < at)

    spans = tuple(
        replace(span, start=moved(span.start), end=moved(span.end))
        for span in block.spans
        if moved(span.start) < moved(span.end)
    )
    return replace(block, text=text, spans=spans)


def _copies(text: str, slug: str) -> tuple[str, str] | None:
    """(name, rest) where ``text`` is a name, the name again, and the rest of its card."""
    for end in _repeats(text, 0):
        name, rest = text[:end], text[end:]
        count = 1
        while rest.startswith(name):
            rest, count = rest[len(name) :], count + 1
        if _spelled_by(slug, name) or _surely(name, count, rest):
            return name.strip(), rest
    return None


def _repeats(text: str, start: int) -> Iterator[int]:
    """The ends of what may be a name at ``start`` and begins again at once."""
    for end in range(start + _SHORTEST, min(len(text), start + _LONGEST)):
        if _joint(text, end):
            name = text[start:end]
            if text.startswith(name, end) and any(c.isupper() for c in name):
                yield end


def _surely(name: str, count: int, after: str) -> bool:
    """Whether ``count`` copies of ``name`` are a card's and no word such as BlaBlaCar or YoYo."""
    ended = not after[:1].isalnum()
    if name.isupper() and sum(c.isalpha() for c in name) >= _ACRONYM and len(set(name)) > 1:
        return ended or _spelled_out(name, after) > 0
    if len(name) < _THRICE:
        return False
    return ended and (count > 2 or len(name) >= _TWICE)


def _copies_at(text: str, start: int) -> tuple[int, int] | None:
    """(end of the name, end of its card) at ``start`` of a running text."""
    for end in _repeats(text, start):
        name, at, count = text[start:end], end, 1
        while text.startswith(name, at):
            at, count = at + len(name), count + 1
        # "(HDH)" and a last copy, as in "Health Data HubHealth Data Hub (HDH)Health Data Hub".
        more = re.compile(rf"\s?\([^()]{{1,40}}\){re.escape(name)}").match(text, at)
        if more:
            at, count = more.end(), count + 1
        if _surely(name, count, text[at : at + _LONGEST * 2]):
            return end, at + _spelled_out(name, text[at : at + _LONGEST * 2])
    return None


def _spelled_out(name: str, rest: str) -> int:
    """How many signs of ``rest`` spell out the acronym ``name``, 0 where they do not."""
    letters = list(plain(name)) if name.isupper() else []
    if not letters or not rest[:1].isupper():
        return 0
    wanted = end = 0
    for match in re.finditer(r"[^\W\d_]+", rest):
        capital = match[0][:1].isupper()
        if wanted < len(letters) and plain(match[0])[:1] == letters[wanted]:
            wanted, end = wanted + 1, match.end()
        elif wanted == len(letters):
            # "École supérieure … industrielles Paris": names continue in capitals.
            if not capital or rest[end : match.start()] != " ":
                break
            end = match.end()
        elif capital:
            return 0
    return end if wanted == len(letters) else 0


def _joint(text: str, at: int) -> bool:
    """Return whether two words meet at ``at`` with nothing between them."""
    before, after = text[at - 1], text[at]
    return (
        not before.isspace() and not after.isspace() and after not in "-–—'’.,;:)"
        and before not in "-–—'’(" and (after.isupper() or after.isdigit() or not before.isalnum())
    )  # fmt: skip


def _parts(rest: str, name: str) -> list[str]:
    """What a card says after the copies of its name; a last copy of it goes."""
    rest = rest.strip()
    if rest.endswith(name) and rest != name:
        with_brackets = name + " " + rest.removesuffix(name).strip()
        return [with_brackets if rest.startswith("(") else rest.removesuffix(name).strip()]
    if not rest:
        return []
    return [f"{name} {rest}" if rest.startswith("(") else (_halves(rest) or rest)]


def _halves(text: str) -> str | None:
    """The half of a text that is the same thing twice."""
    half, odd = divmod(len(text), 2)
    return text[:half].strip() if not odd and half > 1 and text[:half] == text[half:] else None


def plain(text: str) -> str:
    """The letters and digits of a text without case and accents, by which names compare."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in folded if c.isalnum())
