"""Scores articles with BM25 over headline, standfirst and text, counted in tokens. Pure.

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), 3.6: the
counts of the fields are weighted and normalised by field length, then saturated once (BM25F).
Neither counts nor lengths depend on other articles, so a score stays the same while a crawl writes;
only ``idf`` depends on them, and a cursor carries that along.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage.search.query.ast import ranked_phrases

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.search.index.documents import Document
    from storage.search.query.ast import Expression, Phrase

_K1 = 1.2
# (column, weight, usual length in tokens, share of the length normalisation)
_FIELDS = (("headline", 6.0, 10, 0.3), ("standfirst", 2.5, 30, 0.4), ("body", 1.0, 400, 0.7))
_COLUMNS = {
    "any": ("headline", "standfirst", "body"), "title": ("headline",),
    "standfirst": ("standfirst",), "text": ("standfirst", "body"),
}  # fmt: skip
# Weight of a stem match, where the word itself weighs 1.
_STEM = 0.4
_STEM_COLUMNS = (("headline_stems", 6.0, "title"), ("text_stems", 1.0, "text"))


@dataclass(frozen=True, slots=True)
class Term:
    """What the scorer counts: a token sequence or prefix, and the stems that stand for it."""

    needle: str
    columns: tuple[str, ...]
    stems: tuple[str, ...]
    phrase: Phrase


def terms_of(expression: Expression, languages: Sequence[str]) -> list[Term]:
    """Return the terms that rank the matches of an expression, each once."""
    found: dict[tuple[str, tuple[str, ...]], Term] = {}
    for phrase in ranked_phrases(expression):
        needle = " " + " ".join(phrase.tokens) + ("" if phrase.prefix else " ")
        columns = _COLUMNS[phrase.field]
        stems = tuple(f" {stem} " for stem in phrase.stems(languages))
        found.setdefault((needle, columns), Term(needle, columns, stems, phrase))
    return list(found.values())


def idf(count: int, total: int) -> float:
    """Return the weight of a term that ``count`` of ``total`` articles contain; never negative."""
    return math.log(1 + (max(total - count, 0) + 0.5) / (count + 0.5))


class Scorer:
    """Scores documents by weighted terms."""

    def __init__(self, terms: Sequence[Term], weights: Sequence[float]) -> None:
        self._terms = [
            (
                weight,
                term.needle,
                [
                    (i, value)
                    for i, (name, value, _, _) in enumerate(_FIELDS)
                    if name in term.columns
                ],
                [
                    (i, value)
                    for i, (_, value, field) in enumerate(_STEM_COLUMNS)
                    if term.phrase.field in ("any", field)
                ],
                term.stems,
            )
            for term, weight in zip(terms, weights, strict=True)
        ]
        self._stemmed = any(term.stems for term in terms)

    def score(self, document: Document) -> float:
        """Return the score of ``document``; 0 where it contains none of the terms."""
        columns = (f" {document.headline} ", f" {document.standfirst} ", f" {document.body} ")
        stem_columns: tuple[str, ...] = ()
        if self._stemmed:
            stem_columns = (f" {document.headline_stems} ", f" {document.text_stems} ")
        norms = [0.0, 0.0, 0.0]
        total = 0.0
        for weight, needle, fields, stem_fields, stems in self._terms:
            count = 0.0
            for i, value in fields:
                found = columns[i].count(needle)
                if found:
                    count += value * found / (norms[i] or _norm(norms, i, columns[i]))
            for i, value in stem_fields if stems else ():
                held = stem_columns[i]
                for stem in stems:
                    if stem in held:
                        count += _STEM * value
                        break
            if count:
                total += weight * count * (_K1 + 1) / (count + _K1)
        # Smaller differences are rounding errors; among equal scores the newer article is first.
        return round(total, 6)


def _norm(norms: list[float], i: int, text: str) -> float:
    """Compute the length normalisation of a field, and keep it in ``norms``."""
    _, _, usual, share = _FIELDS[i]
    norms[i] = 1 - share + share * text.count(" ") / usual
    return norms[i]
