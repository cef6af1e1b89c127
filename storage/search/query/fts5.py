"""Expressions for SQLite: one MATCH of FTS5, and conditions on the row's number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.search.index.documents import FLAG_MARK, MARKS, TITLE_STEM_MARK
from storage.search.query.compiled import Query
from storage.search.query.compiler import COLUMNS, STEM_COLUMNS, Compiler, Indexed, marked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.search.query.ast import Match, Near
    from storage.search.query.compiler import Sql


class Sqlite(Compiler):
    """FTS5 (https://www.sqlite.org/fts5.html, 3): every token in quotes, columns named."""

    def _over(self, indexed: list[Indexed], others: list[Sql]) -> Query:
        conditions = [one.condition for one in others]
        if not indexed:
            # The unique index of keys alone.
            return Query("articles", "articles.search_key",
                         ["articles.search_key IS NOT NULL", *conditions])  # fmt: skip
        match = f"search_index MATCH {self._bind(indexed[0].match)}"
        # The plus keeps SQLite from looking rows up by their number, where it could not MATCH.
        kept = [one.replace("{key}", "+search_index.rowid") for one in conditions]
        return Query("search_index", "search_index.rowid", [match, *kept])

    def _condition(self, indexed: Indexed) -> str:
        return (
            "{key} IN (SELECT s.rowid FROM search_index AS s WHERE search_index MATCH "  # noqa: S608
            f"{self._bind(indexed.match)})"
        )

    def _all(self, parts: Sequence[Indexed]) -> Indexed:
        return Indexed("(" + " AND ".join(one.match for one in parts) + ")")

    def _any(self, parts: Sequence[Indexed]) -> Indexed:
        return Indexed("(" + " OR ".join(one.match for one in parts) + ")")

    def _none(self, part: Indexed) -> Indexed:
        # FTS5's NOT takes two sides; every row holds the mark of all.
        everything = self._flag(FLAG_MARK + "all")
        return Indexed(f"({everything.match} NOT {part.match})")

    def _match(self, node: Match) -> Indexed:
        stems = self._stems(node)
        if node.field in MARKS:
            found = self._field(marked(node), prefix=node.prefix)
            # A headline's stems are marked as what they are.
            other = [_quoted([TITLE_STEM_MARK + stem], prefix=False) for stem in stems]
        elif node.field == "any":
            # Words without a mark stand in these three columns only, and stems in their own.
            found = Indexed(_quoted(node.tokens, prefix=node.prefix))
            other = [_quoted([stem], prefix=False) for stem in stems]
        else:
            columns = " ".join(COLUMNS[node.field])
            found = Indexed(f"({{{columns}}} : {_quoted(node.tokens, prefix=node.prefix)})")
            stem_columns = " ".join(STEM_COLUMNS.get(node.field, ()))
            other = [f"{{{stem_columns}}} : {_quoted([stem], prefix=False)}" for stem in stems]
        return self._any([found, *map(Indexed, other)]) if other else found

    def _near(self, node: Near) -> Indexed:
        first, second = (_quoted(m.tokens, prefix=m.prefix) for m in (node.first, node.second))
        if node.first.field in MARKS:
            first = _quoted(marked(node.first), prefix=node.first.prefix)
            second = _quoted(marked(node.second), prefix=node.second.prefix)
        columns = " ".join(COLUMNS.get(node.first.field, ("fields",)))
        return Indexed(f"({{{columns}}} : NEAR({first} {second}, {node.words}))")

    def _flag(self, token: str) -> Indexed:
        return Indexed(_quoted([token], prefix=False))

    def _field(self, tokens: Sequence[str], *, prefix: bool = False) -> Indexed:
        found, alone = self._pairs(tokens, prefix=prefix)
        if alone:
            return found[0]
        phrase = Indexed(_quoted(tokens, prefix=prefix))
        return self._all([*found, phrase]) if found else phrase


def _quoted(tokens: Sequence[str], *, prefix: bool) -> str:
    return f'"{" ".join(tokens)}"' + ("*" if prefix else "")
