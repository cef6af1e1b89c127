"""Compiles expressions for SQLite: one MATCH of FTS5, and conditions on the rowid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.search.index.documents import FLAG_MARK, MARKS, TITLE_STEM_MARK
from storage.search.query.compiled import CompiledQuery
from storage.search.query.compiler import (
    STEM_COLUMNS,
    WORD_COLUMNS,
    Compiler,
    IndexCondition,
    marked_tokens,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.search.query.ast import Near, Phrase
    from storage.search.query.compiler import SqlCondition


class Fts5Compiler(Compiler):
    """Compiles to FTS5 syntax (https://www.sqlite.org/fts5.html, 3), with quoted tokens."""

    def _select(self, indexed: list[IndexCondition], others: list[SqlCondition]) -> CompiledQuery:
        conditions = [one.condition for one in others]
        if not indexed:
            # Reads the unique index of search keys only.
            return CompiledQuery(
                "articles", "articles.search_key", ["articles.search_key IS NOT NULL", *conditions]
            )
        match = f"search_index MATCH {self._bind(indexed[0].match)}"
        # The plus sign keeps SQLite from a lookup by rowid, after which it could not use MATCH.
        kept = [one.replace("{key}", "+search_index.rowid") for one in conditions]
        return CompiledQuery("search_index", "search_index.rowid", [match, *kept])

    def _condition(self, indexed: IndexCondition) -> str:
        return (
            "{key} IN (SELECT s.rowid FROM search_index AS s WHERE search_index MATCH "  # noqa: S608
            f"{self._bind(indexed.match)})"
        )

    def _all(self, parts: Sequence[IndexCondition]) -> IndexCondition:
        return IndexCondition("(" + " AND ".join(one.match for one in parts) + ")")

    def _any(self, parts: Sequence[IndexCondition]) -> IndexCondition:
        return IndexCondition("(" + " OR ".join(one.match for one in parts) + ")")

    def _none(self, part: IndexCondition) -> IndexCondition:
        # FTS5's NOT is binary; every row holds the flag "all".
        everything = self._flag(FLAG_MARK + "all")
        return IndexCondition(f"({everything.match} NOT {part.match})")

    def _match(self, node: Phrase) -> IndexCondition:
        stems = self._stems(node)
        if node.field in MARKS:
            found = self._field(marked_tokens(node), prefix=node.prefix)
            # The stems of headlines have a mark of their own.
            other = [_quoted([TITLE_STEM_MARK + stem], prefix=False) for stem in stems]
        elif node.field == "any":
            # Words without a mark occur in these columns only; stems have columns of their own.
            found = IndexCondition(_quoted(node.tokens, prefix=node.prefix))
            other = [_quoted([stem], prefix=False) for stem in stems]
        else:
            columns = " ".join(WORD_COLUMNS[node.field])
            found = IndexCondition(f"({{{columns}}} : {_quoted(node.tokens, prefix=node.prefix)})")
            stem_columns = " ".join(STEM_COLUMNS.get(node.field, ()))
            other = [f"{{{stem_columns}}} : {_quoted([stem], prefix=False)}" for stem in stems]
        return self._any([found, *map(IndexCondition, other)]) if other else found

    def _near(self, node: Near) -> IndexCondition:
        first, second = (_quoted(m.tokens, prefix=m.prefix) for m in (node.first, node.second))
        if node.first.field in MARKS:
            first = _quoted(marked_tokens(node.first), prefix=node.first.prefix)
            second = _quoted(marked_tokens(node.second), prefix=node.second.prefix)
        columns = " ".join(WORD_COLUMNS.get(node.first.field, ("fields",)))
        return IndexCondition(f"({{{columns}}} : NEAR({first} {second}, {node.words}))")

    def _flag(self, token: str) -> IndexCondition:
        return IndexCondition(_quoted([token], prefix=False))

    def _field(self, tokens: Sequence[str], *, prefix: bool = False) -> IndexCondition:
        found, alone = self._pairs(tokens, prefix=prefix)
        if alone:
            return found[0]
        phrase = IndexCondition(_quoted(tokens, prefix=prefix))
        return self._all([*found, phrase]) if found else phrase


def _quoted(tokens: Sequence[str], *, prefix: bool) -> str:
    return f'"{" ".join(tokens)}"' + ("*" if prefix else "")
