"""Compiles expressions to conditions of SQL: the part that both databases share.

The parts that the index alone can answer become one MATCH (or one tsquery); the rest become
conditions on the search key. Tokens are letters and digits, marks are constants of this package,
and everything else is a bound parameter: no text of a query reaches the database as syntax.
"""

from __future__ import annotations

import difflib
import fnmatch
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, assert_never

from sqlalchemy import text

from storage.errors import BadQuery
from storage.search.index import keys
from storage.search.index.documents import (
    END,
    ENTRY_MARK,
    FLAG_MARK,
    LANGUAGE_MARK,
    MARKS,
    SOURCE_MARK,
    pair_tokens,
)
from storage.search.query.ast import (
    EVERYTHING,
    And,
    DayRange,
    FromSource,
    HasFlag,
    HasState,
    InDossier,
    InLanguage,
    MentionsEntry,
    Near,
    Not,
    Or,
    Phrase,
    TimeRange,
)
from storage.search.query.lookups import entry_ids_named, stemmed_languages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from storage.search.index.documents import Field
    from storage.search.query.ast import Expression, State
    from storage.search.query.compiled import CompiledQuery

WORD_COLUMNS: dict[Field, tuple[str, ...]] = {
    "any": ("headline", "standfirst", "body"), "standfirst": ("standfirst",),
    "text": ("standfirst", "body"),
}  # fmt: skip
STEM_COLUMNS: dict[Field, tuple[str, ...]] = {"text": ("text_stems",)}
_DUPLICATE = (
    "EXISTS (SELECT 1 FROM articles AS d WHERE d.search_key = {key}"
    " AND d.cluster_id IS NOT NULL AND d.cluster_id <> d.item_id)"
)
_GONE = (
    "EXISTS (SELECT 1 FROM articles AS g JOIN items ON items.id = g.item_id"
    " WHERE g.search_key = {key} AND items.state = 'gone')"
)
_DOUBTFUL = (
    "{key} IN (SELECT f.search_key FROM articles AS f"
    " WHERE f.doubtful AND f.search_key IS NOT NULL)"
)
_STATES: dict[State, str] = {
    "duplicate": _DUPLICATE,
    "gone": _GONE,
    "doubtful": _DOUBTFUL,
    "undated": f"NOT ({keys.sql_dated('{key}')})",
}
_AND = " AND "
_IN_DOSSIER = (
    "{{key}} IN (SELECT o.search_key FROM articles AS o JOIN dossier_articles"
    " ON dossier_articles.item_id = o.item_id WHERE dossier_articles.dossier_id = {id}"
    " AND o.search_key IS NOT NULL)"
)


@dataclass(frozen=True, slots=True)
class IndexCondition:
    """A condition in the query language of the full-text index."""

    match: str


@dataclass(frozen=True, slots=True)
class SqlCondition:
    """A condition of SQL, in which ``{key}`` stands for the search key.

    ``needs`` is a condition of the index that holds wherever this one holds; ``rest`` is what
    remains to check where ``needs`` holds. ``reads_row`` says that the condition reads the row of
    the index, not only its key.
    """

    condition: str
    needs: IndexCondition | None = None
    rest: str | None = None
    reads_row: bool = False


class Compiler(ABC):
    """Base of both compilers: combines the compiled parts of an expression."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._bound: dict[str, Any] = {}

    @cached_property
    def _languages(self) -> list[str]:
        """Languages with stems, read for words with stems only: most counted words have none."""
        return stemmed_languages(self._connection)

    def _stems(self, node: Phrase) -> list[str]:
        return node.stems(self._languages) if node.parts else []

    def query(self, expression: Expression) -> CompiledQuery:
        """Compile the whole expression."""
        low, high, rest = _ranges(expression)
        compiled = [self._compile(part) for part in rest]
        indexed = [one for one in compiled if isinstance(one, IndexCondition)]
        indexed += [
            o.needs for o in compiled if isinstance(o, SqlCondition) and o.needs is not None
        ]
        others = [one for one in compiled if isinstance(one, SqlCondition)]
        query = self._select([self._all(indexed)] if indexed else [], others)
        query.low, query.high = low, high
        query.bound = self._bound
        return query

    def _compile(self, node: Expression) -> IndexCondition | SqlCondition:  # noqa: PLR0911, PLR0912 - a kind of node each
        match node:
            case And(parts):
                return self._joined(parts, _AND, self._all)
            case Or(parts):
                return self._joined(parts, " OR ", self._any)
            case Not(part):
                inner = self._compile(part)
                if isinstance(inner, IndexCondition):
                    return self._none(inner)
                return SqlCondition(f"NOT ({inner.condition})", reads_row=inner.reads_row)
            case Phrase():
                return self._match(node)
            case Near():
                return self._near(node)
            case HasFlag(flag):
                return self._flag(FLAG_MARK + flag)
            case InLanguage(code):
                return self._flag(LANGUAGE_MARK + code)
            case FromSource():
                ids = _sources(self._connection, node)
                return self._any([self._flag(f"{SOURCE_MARK}{i}") for i in ids])
            case MentionsEntry():
                entries = _entries(self._connection, node)
                return self._any([self._flag(f"{ENTRY_MARK}{i}") for i in entries])
            case InDossier():
                return SqlCondition(_IN_DOSSIER.format(id=_dossier(self._connection, node)))
            case HasState(state):
                return SqlCondition(_STATES[state])
            case DayRange() | TimeRange():
                return SqlCondition(self._date_condition(node))
        assert_never(node)

    def _joined(
        self, parts: Sequence[Expression], word: str, join: Any
    ) -> IndexCondition | SqlCondition:
        compiled = [self._compile(part) for part in parts]
        indexed = [one for one in compiled if isinstance(one, IndexCondition)]
        others = [one.condition for one in compiled if isinstance(one, SqlCondition)]
        of_row = bool(indexed) or any(
            isinstance(one, SqlCondition) and one.reads_row for one in compiled
        )
        if not others:
            found: IndexCondition = join(indexed)
            return found
        if indexed:
            others.append(self._condition(join(indexed)))
        # Where the index cannot answer all parts, it can still exclude rows by those it knows.
        needs = [one if isinstance(one, IndexCondition) else one.needs for one in compiled]
        known = [one for one in needs if one is not None]
        enough = bool(known) and (word == _AND or len(known) == len(needs))
        return SqlCondition(
            "(" + word.join(others) + ")", join(known) if enough else None, reads_row=of_row
        )

    def _date_condition(self, node: DayRange | TimeRange) -> str:
        # An article without a date matches no day and no date range.
        conditions = [keys.sql_dated("{key}")]
        if isinstance(node, DayRange):
            day = keys.sql_day("{key}")
            if node.first is not None:
                conditions.append(f"{day} >= {keys.day_number(node.first)}")
            if node.last is not None:
                conditions.append(f"{day} <= {keys.day_number(node.last)}")
        else:
            if node.since is not None:
                conditions.append(f"{{key}} >= {keys.first_key_at(node.since)}")
            if node.until is not None:
                conditions.append(f"{{key}} < {keys.first_key_at(node.until)}")
        return "(" + " AND ".join(conditions) + ")"

    def _bind(self, value: str) -> str:
        name = f"b{len(self._bound)}"
        self._bound[name] = value
        return f":{name}"

    @abstractmethod
    def _select(self, indexed: list[IndexCondition], others: list[SqlCondition]) -> CompiledQuery:
        """Build the query from at most one index condition and further conditions."""

    @abstractmethod
    def _condition(self, indexed: IndexCondition) -> str:
        """Express an index condition as SQL, to combine it with others."""

    @abstractmethod
    def _all(self, parts: Sequence[IndexCondition]) -> IndexCondition: ...

    @abstractmethod
    def _any(self, parts: Sequence[IndexCondition]) -> IndexCondition: ...

    @abstractmethod
    def _none(self, part: IndexCondition) -> IndexCondition: ...

    @abstractmethod
    def _match(self, node: Phrase) -> IndexCondition | SqlCondition: ...

    @abstractmethod
    def _near(self, node: Near) -> IndexCondition | SqlCondition: ...

    @abstractmethod
    def _flag(self, token: str) -> IndexCondition:
        """Match one marked token of the column of fields."""

    def _pairs(self, tokens: Sequence[str], *, prefix: bool) -> tuple[list[IndexCondition], bool]:
        """Return the pairs of a value's marked tokens, and whether one pair alone is enough."""
        found = [self._flag(one) for one in pair_tokens(tokens[:-1] if prefix else tokens)]
        return found, len(found) == len(tokens) - 1 == 1

    @abstractmethod
    def _field(
        self, tokens: Sequence[str], *, prefix: bool = False
    ) -> IndexCondition | SqlCondition: ...


def marked_tokens(node: Phrase) -> list[str]:
    """Return a field's tokens with its mark; a full host name ends with the end mark."""
    found = [MARKS[node.field] + token for token in node.tokens]
    whole = node.field == "site" and len(found) > 1 and not node.prefix
    return [*found, END] if whole else found


def _ranges(expression: Expression) -> tuple[int | None, int | None, list[Expression]]:
    """Return the range of keys that dates allow, and the conditions that all must hold."""
    parts = list(expression.parts) if isinstance(expression, And) else [expression]
    low: int | None = None
    high: int | None = None
    rest: list[Expression] = []
    while parts:
        part = parts.pop(0)
        if isinstance(part, And):
            parts = [*part.parts, *parts]
            continue
        if isinstance(part, DayRange):
            first, last = keys.range_of_days(part.first, part.last)
        elif isinstance(part, TimeRange):
            first = None if part.since is None else keys.first_key_at(part.since)
            last = None if part.until is None else keys.first_key_at(part.until)
        else:
            first = last = None
        low = first if low is None else low if first is None else max(low, first)
        high = last if high is None else high if last is None else min(high, last)
        if part != EVERYTHING:
            rest.append(part)
    return low, high, rest


def _sources(connection: Connection, node: FromSource) -> list[int]:
    rows = connection.execute(text("SELECT id, name, title FROM sources ORDER BY name")).all()
    wanted = node.name.casefold()
    found = [
        row.id
        for row in rows
        if any(
            fnmatch.fnmatchcase(one.casefold(), wanted) or one.casefold() == wanted
            for one in (row.name, row.title or "")
        )
    ]
    if not found:
        names = [row.name for row in rows]
        near = difflib.get_close_matches(wanted, names, n=2)
        hint = f"did you mean {' or '.join(near)}?" if near else "`dateline sources` lists them"
        raise BadQuery(f"no source is called {node.name!r}", node.position, hint)
    return found


def _dossier(connection: Connection, node: InDossier) -> int:
    rows = connection.execute(text("SELECT id, name FROM dossiers ORDER BY name")).all()
    wanted = node.name.casefold()
    found = [row.id for row in rows if row.name.casefold() == wanted or str(row.id) == wanted]
    if not found:
        near = difflib.get_close_matches(node.name, [row.name for row in rows], n=1)
        hint = (
            f"did you mean {near[0]!r}?"
            if near
            else "the page Dossiers of the reading room lists them"
        )
        raise BadQuery(f"no dossier is called {node.name!r}", node.position, hint)
    return int(found[0])


def _entries(connection: Connection, node: MentionsEntry) -> list[int]:
    found = entry_ids_named(connection, node.name) if node.entry is None else [node.entry]
    if not found:
        raise BadQuery(
            f"no directory entry is called {node.name!r}",
            node.position,
            "search with `dateline who NAME`; quote a name of several words",
        )
    return found
