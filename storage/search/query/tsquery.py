"""Compiles expressions for PostgreSQL: tsqueries for words, LIKE for phrases."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from storage.search.index.documents import MARKS, TITLE_STEM_MARK, pair_hash
from storage.search.index.partitions import partition_spans
from storage.search.index.store import SEPARATOR
from storage.search.query.compiled import CompiledQuery
from storage.search.query.compiler import Compiler, IndexCondition, SqlCondition, marked_tokens
from storage.search.query.partitioned import PartitionedQuery
from storage.search.query.positions import aligned

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

    from storage.search.index.documents import Field
    from storage.search.query.ast import Near, Phrase

_WEIGHTS: dict[Field, str] = {"any": "", "standfirst": "B", "text": "BD"}
# Headline, standfirst and body share one column, with a mark between them.
_TEXTS: dict[Field, str] = {
    "any": "search_index.words",
    "standfirst": f"split_part(search_index.words, '{SEPARATOR}', 2)",
    "text": f"substring(search_index.words FROM position('{SEPARATOR}' IN search_index.words))",
}
_FIELDS = "search_index.fields"
_STEM_WEIGHTS: dict[Field, str] = {"text": "D"}


class TsqueryCompiler(Compiler):
    """Compiles to tsquery (https://www.postgresql.org/docs/current/datatype-textsearch.html).

    Phrases and NEAR are checked in the tokens of the rows that contain all their words.
    """

    def __init__(self, connection: Connection, sizes: Mapping[int, float]) -> None:
        super().__init__(connection)
        self._sizes = sizes
        self._partitions = partition_spans(sizes)

    def _select(self, indexed: list[IndexCondition], others: list[SqlCondition]) -> CompiledQuery:
        conditions = [one.condition for one in others]
        if not indexed:
            return CompiledQuery("search_index", "search_index.key", conditions)
        return PartitionedQuery(
            "search_index",
            "search_index.key",
            [self._condition(indexed[0]), *conditions],
            key_conditions=[one.rest or one.condition for one in others if not one.reads_row],
            row_conditions=[one.rest or one.condition for one in others if one.reads_row],
            partitions=self._partitions,
            sizes=self._sizes,
        )

    def _condition(self, indexed: IndexCondition) -> str:
        return f"search_index.document @@ CAST({self._bind(indexed.match)} AS tsquery)"

    def _all(self, parts: Sequence[IndexCondition]) -> IndexCondition:
        return IndexCondition("(" + " & ".join(one.match for one in parts) + ")")

    def _any(self, parts: Sequence[IndexCondition]) -> IndexCondition:
        return IndexCondition("(" + " | ".join(one.match for one in parts) + ")")

    def _none(self, part: IndexCondition) -> IndexCondition:
        return IndexCondition(f"(!{part.match})")

    def _match(self, node: Phrase) -> IndexCondition | SqlCondition:
        stems = self._stems(node)
        if node.field in MARKS:
            found = self._field(marked_tokens(node), prefix=node.prefix)
            other = [IndexCondition(_lexeme(TITLE_STEM_MARK + stem, "")) for stem in stems]
            if not other:
                return found
            if isinstance(found, IndexCondition):
                return self._any([found, *other])
            either = self._any([found.needs, *other]) if found.needs is not None else None
            condition = f"({found.condition} OR {self._condition(self._any(other))})"
            return SqlCondition(condition, either, reads_row=True)
        weights = _WEIGHTS[node.field]
        words = self._neighbours(node.tokens, weights, prefix=node.prefix)
        other = [IndexCondition(_lexeme(stem, _STEM_WEIGHTS.get(node.field, ""))) for stem in stems]
        if len(node.tokens) == 1:
            return self._any([words, *other]) if other else words
        phrase = " ".join(node.tokens) + ("" if node.prefix else " ")
        like = self._like(_TEXTS[node.field], phrase)
        held = f"({self._condition(words)} AND {like})"
        if not other:
            return SqlCondition(held, words, like, reads_row=True)
        stemmed = self._condition(self._any(other))
        return SqlCondition(
            f"({held} OR {stemmed})",
            self._any([words, *other]),
            f"({like} OR {stemmed})",
            reads_row=True,
        )

    def _words(self, tokens: Sequence[str], weights: str, *, prefix: bool) -> IndexCondition:
        """Match rows that contain all ``tokens``, at any position."""
        last = len(tokens) - 1
        return self._all(
            [
                IndexCondition(_lexeme(token, weights, prefix=prefix and i == last))
                for i, token in enumerate(tokens)
            ]
        )

    def _neighbours(self, tokens: Sequence[str], weights: str, *, prefix: bool) -> IndexCondition:
        """Match rows that contain consecutive ``tokens``, with few false positives."""
        whole = tokens[:-1] if prefix else tokens
        found = [IndexCondition(_lexeme(pair_hash(*pair), "")) for pair in pairwise(whole)]
        return self._all([self._words(tokens, weights, prefix=prefix), *found])

    def _like(self, column: str, phrase: str) -> str:
        # A token contains no wildcard of LIKE.
        return f"' ' || {column} || ' ' LIKE {self._bind(f'% {phrase}%')}"

    def _near(self, node: Near) -> SqlCondition:
        fielded = node.first.field in MARKS
        column = _FIELDS if fielded else _TEXTS[node.first.field]
        both = [marked_tokens(one) if fielded else one.tokens for one in (node.first, node.second)]
        prefixes = (node.first.prefix, node.second.prefix)
        weights = "" if fielded else _WEIGHTS[node.first.field]
        words = self._all(
            [
                self._words(tokens, weights, prefix=prefix)
                for tokens, prefix in zip(both, prefixes, strict=True)
            ]
        )
        pattern = aligned(both[0], both[1], prefixes, node.words, across_values=fielded)
        near = f"{column} ~ {self._bind(pattern)}"
        return SqlCondition(f"({self._condition(words)} AND {near})", words, near, reads_row=True)

    def _flag(self, token: str) -> IndexCondition:
        return IndexCondition(_lexeme(token, ""))

    def _field(
        self, tokens: Sequence[str], *, prefix: bool = False
    ) -> IndexCondition | SqlCondition:
        words = self._words(tokens, "", prefix=prefix)
        if len(tokens) == 1:
            return words
        found, alone = self._pairs(tokens, prefix=prefix)
        if alone:
            return found[0]
        words = self._all([words, *found])
        phrase = " ".join(tokens) + ("" if prefix else " ")
        like = self._like(_FIELDS, phrase)
        return SqlCondition(f"({self._condition(words)} AND {like})", words, like, reads_row=True)


def _lexeme(token: str, weights: str, *, prefix: bool = False) -> str:
    labels = ("*" if prefix else "") + weights
    return f"'{token}'" + (f":{labels}" if labels else "")
