"""Expressions for PostgreSQL: tsqueries of words, and LIKE for what stands beside what."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from storage.search.index.documents import MARKS, TITLE_STEM_MARK, text_pair
from storage.search.index.partitions import spans
from storage.search.index.store import APART
from storage.search.query.compiled import Query
from storage.search.query.compiler import Compiler, Indexed, Sql, marked
from storage.search.query.partitioned import Sliced
from storage.search.query.positions import aligned

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

    from storage.search.index.documents import Field
    from storage.search.query.ast import Match, Near

_WEIGHTS: dict[Field, str] = {"any": "", "standfirst": "B", "text": "BD"}
# Headline, standfirst and body stand in one column, with a mark between them.
_TEXTS: dict[Field, str] = {
    "any": "search_index.words",
    "standfirst": f"split_part(search_index.words, '{APART}', 2)",
    "text": f"substring(search_index.words FROM position('{APART}' IN search_index.words))",
}
_FIELDS = "search_index.fields"
_STEM_WEIGHTS: dict[Field, str] = {"text": "D"}


class Postgres(Compiler):
    """A tsquery for words (https://www.postgresql.org/docs/current/datatype-textsearch.html).

    Phrases and nearness are looked for in the tokens of what holds all their words.
    """

    def __init__(self, connection: Connection, sizes: Mapping[int, float]) -> None:
        super().__init__(connection)
        self._sizes = sizes
        self._slices = spans(sizes)

    def _over(self, indexed: list[Indexed], others: list[Sql]) -> Query:
        conditions = [one.condition for one in others]
        if not indexed:
            return Query("search_index", "search_index.key", conditions)
        return Sliced(
            "search_index", "search_index.key", [self._condition(indexed[0]), *conditions],
            of_keys=[one.rest or one.condition for one in others if not one.of_row],
            of_rows=[one.rest or one.condition for one in others if one.of_row],
            slices=self._slices, sizes=self._sizes,
        )  # fmt: skip

    def _condition(self, indexed: Indexed) -> str:
        return f"search_index.document @@ CAST({self._bind(indexed.match)} AS tsquery)"

    def _all(self, parts: Sequence[Indexed]) -> Indexed:
        return Indexed("(" + " & ".join(one.match for one in parts) + ")")

    def _any(self, parts: Sequence[Indexed]) -> Indexed:
        return Indexed("(" + " | ".join(one.match for one in parts) + ")")

    def _none(self, part: Indexed) -> Indexed:
        return Indexed(f"(!{part.match})")

    def _match(self, node: Match) -> Indexed | Sql:
        stems = self._stems(node)
        if node.field in MARKS:
            found = self._field(marked(node), prefix=node.prefix)
            other = [Indexed(_lexeme(TITLE_STEM_MARK + stem, "")) for stem in stems]
            if not other:
                return found
            if isinstance(found, Indexed):
                return self._any([found, *other])
            either = self._any([found.needs, *other]) if found.needs is not None else None
            condition = f"({found.condition} OR {self._condition(self._any(other))})"
            return Sql(condition, either, of_row=True)
        weights = _WEIGHTS[node.field]
        words = self._neighbours(node.tokens, weights, prefix=node.prefix)
        other = [Indexed(_lexeme(stem, _STEM_WEIGHTS.get(node.field, ""))) for stem in stems]
        if len(node.tokens) == 1:
            return self._any([words, *other]) if other else words
        phrase = " ".join(node.tokens) + ("" if node.prefix else " ")
        like = self._like(_TEXTS[node.field], phrase)
        held = f"({self._condition(words)} AND {like})"
        if not other:
            return Sql(held, words, like, of_row=True)
        stemmed = self._condition(self._any(other))
        return Sql(f"({held} OR {stemmed})", self._any([words, *other]), f"({like} OR {stemmed})",
                   of_row=True)  # fmt: skip

    def _words(self, tokens: Sequence[str], weights: str, *, prefix: bool) -> Indexed:
        """All of ``tokens``, wherever they stand."""
        last = len(tokens) - 1
        return self._all([
            Indexed(_lexeme(token, weights, prefix=prefix and i == last))
            for i, token in enumerate(tokens)
        ])  # fmt: skip

    def _neighbours(self, tokens: Sequence[str], weights: str, *, prefix: bool) -> Indexed:
        """What has ``tokens`` one after another, and perhaps a little more."""
        whole = tokens[:-1] if prefix else tokens
        found = [Indexed(_lexeme(text_pair(*pair), "")) for pair in pairwise(whole)]
        return self._all([self._words(tokens, weights, prefix=prefix), *found])

    def _like(self, column: str, phrase: str) -> str:
        # A token holds no sign that LIKE knows.
        return f"' ' || {column} || ' ' LIKE {self._bind(f'% {phrase}%')}"

    def _near(self, node: Near) -> Sql:
        fielded = node.first.field in MARKS
        column = _FIELDS if fielded else _TEXTS[node.first.field]
        both = [marked(one) if fielded else one.tokens for one in (node.first, node.second)]
        prefixes = (node.first.prefix, node.second.prefix)
        weights = "" if fielded else _WEIGHTS[node.first.field]
        words = self._all([
            self._words(tokens, weights, prefix=prefix)
            for tokens, prefix in zip(both, prefixes, strict=True)
        ])  # fmt: skip
        pattern = aligned(both[0], both[1], prefixes, node.words, across_values=fielded)
        near = f"{column} ~ {self._bind(pattern)}"
        return Sql(f"({self._condition(words)} AND {near})", words, near, of_row=True)

    def _flag(self, token: str) -> Indexed:
        return Indexed(_lexeme(token, ""))

    def _field(self, tokens: Sequence[str], *, prefix: bool = False) -> Indexed | Sql:
        words = self._words(tokens, "", prefix=prefix)
        if len(tokens) == 1:
            return words
        found, alone = self._pairs(tokens, prefix=prefix)
        if alone:
            return found[0]
        words = self._all([words, *found])
        phrase = " ".join(tokens) + ("" if prefix else " ")
        like = self._like(_FIELDS, phrase)
        return Sql(f"({self._condition(words)} AND {like})", words, like, of_row=True)


def _lexeme(token: str, weights: str, *, prefix: bool = False) -> str:
    labels = ("*" if prefix else "") + weights
    return f"'{token}'" + (f":{labels}" if labels else "")
