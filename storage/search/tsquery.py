"""Expressions for PostgreSQL: tsqueries of words, and LIKE for what stands beside what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.search.compiler import COLUMNS, Compiler, Indexed, Query, Sql, marked
from storage.search.documents import MARKS
from storage.search.index import FIELD_MARK, STEM_MARK
from storage.search.places import aligned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.search.expression import Field, Match, Near

_WEIGHTS: dict[Field, str] = {"any": "", "title": "A", "standfirst": "B", "text": "BD"}
_STEM_WEIGHTS: dict[Field, str] = {"any": "", "title": "A", "text": "D"}


class Postgres(Compiler):
    """A tsquery for words (https://www.postgresql.org/docs/current/datatype-textsearch.html).

    Phrases and nearness are looked for in the tokens of what holds all their words.
    """

    def _over(self, indexed: list[Indexed], conditions: list[str]) -> Query:
        found = [self._condition(one) for one in indexed]
        return Query("search_index", "search_index.key", [*found, *conditions])

    def _condition(self, indexed: Indexed) -> str:
        return f"search_index.document @@ CAST({self._bind(indexed.match)} AS tsquery)"

    def _all(self, parts: Sequence[Indexed]) -> Indexed:
        return Indexed("(" + " & ".join(one.match for one in parts) + ")")

    def _any(self, parts: Sequence[Indexed]) -> Indexed:
        return Indexed("(" + " | ".join(one.match for one in parts) + ")")

    def _none(self, part: Indexed) -> Indexed:
        return Indexed(f"(!{part.match})")

    def _match(self, node: Match) -> Indexed | Sql:
        if node.field in MARKS:
            return self._field(marked(node), prefix=node.prefix)
        weights = _WEIGHTS[node.field]
        words = self._all([
            Indexed(_lexeme("", token, weights,
                            prefix=node.prefix and i == len(node.tokens) - 1))
            for i, token in enumerate(node.tokens)
        ])  # fmt: skip
        stems = node.stems(self._languages)
        stemmed = self._any([
            Indexed(_lexeme(STEM_MARK, stem, _STEM_WEIGHTS[node.field])) for stem in stems
        ]) if stems else None  # fmt: skip
        if len(node.tokens) == 1:
            return words if stemmed is None else self._any([words, stemmed])
        phrase = " ".join(node.tokens) + ("" if node.prefix else " ")
        columns = COLUMNS[node.field]
        held = f"({self._condition(words)} AND {self._like(columns, phrase)})"
        return Sql(held if stemmed is None else f"({held} OR {self._condition(stemmed)})")

    def _like(self, columns: Sequence[str], phrase: str) -> str:
        # A token holds no sign that LIKE knows.
        bound = self._bind(f"% {phrase}%")
        found = " OR ".join(f"' ' || search_index.{one} || ' ' LIKE {bound}" for one in columns)
        return f"({found})"

    def _near(self, node: Near) -> Sql:
        fielded = node.first.field in MARKS
        columns = ("fields",) if fielded else COLUMNS[node.first.field]
        both = [marked(one) if fielded else one.tokens for one in (node.first, node.second)]
        prefixes = (node.first.prefix, node.second.prefix)
        words = self._all([
            Indexed(_lexeme(FIELD_MARK if fielded else "", token,
                            "" if fielded else _WEIGHTS[node.first.field],
                            prefix=prefix and i == len(tokens) - 1))
            for tokens, prefix in zip(both, prefixes, strict=True)
            for i, token in enumerate(tokens)
        ])  # fmt: skip
        pattern = self._bind(aligned(both[0], both[1], prefixes, node.words))
        near = " OR ".join(f"search_index.{one} ~ {pattern}" for one in columns)
        return Sql(f"({self._condition(words)} AND ({near}))")

    def _flag(self, token: str) -> Indexed:
        return Indexed(_lexeme(FIELD_MARK, token, ""))

    def _field(self, tokens: Sequence[str], *, prefix: bool = False) -> Indexed | Sql:
        words = self._all([
            Indexed(_lexeme(FIELD_MARK, token, "", prefix=prefix and i == len(tokens) - 1))
            for i, token in enumerate(tokens)
        ])  # fmt: skip
        if len(tokens) == 1:
            return words
        phrase = " ".join(tokens) + ("" if prefix else " ")
        return Sql(f"({self._condition(words)} AND {self._like(('fields',), phrase)})")


def _lexeme(mark: str, token: str, weights: str, *, prefix: bool = False) -> str:
    labels = ("*" if prefix else "") + weights
    return f"'{mark}{token}'" + (f":{labels}" if labels else "")
