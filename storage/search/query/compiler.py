"""How an expression becomes a condition of SQL: what both databases share.

Whatever can be answered by the index alone is one MATCH (or one tsquery), the rest are conditions
on the search key. Tokens are letters and digits, marks are ours; everything else is bound. So no
text of a reader reaches a database as syntax.
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
    pairs,
)
from storage.search.query.ast import (
    EVERYTHING,
    And,
    Days,
    Flagged,
    FromSource,
    InDossier,
    InLanguage,
    InState,
    Match,
    Moments,
    Naming,
    Near,
    Not,
    Or,
)
from storage.search.query.lookups import entries_called, languages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from storage.search.index.documents import Field
    from storage.search.query.ast import Expression, State
    from storage.search.query.compiled import Query

COLUMNS: dict[Field, tuple[str, ...]] = {
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
_STATES: dict[State, str] = {
    "duplicate": _DUPLICATE, "gone": _GONE, "undated": f"NOT ({keys.sql_dated('{key}')})",
}  # fmt: skip
_AND = " AND "
_GATHERED = (
    "{{key}} IN (SELECT o.search_key FROM articles AS o JOIN dossier_articles"
    " ON dossier_articles.item_id = o.item_id WHERE dossier_articles.dossier_id = {id}"
    " AND o.search_key IS NOT NULL)"
)


@dataclass(frozen=True, slots=True)
class Indexed:
    """A condition in the index's own language."""

    match: str


@dataclass(frozen=True, slots=True)
class Sql:
    """A condition of SQL in which ``{key}`` stands for the search key.

    ``needs`` is what must hold where it does, in the index's own language; ``rest`` is what is left
    to look at where that holds. ``of_row`` says that the index's row is looked at, and not its key
    alone.
    """

    condition: str
    needs: Indexed | None = None
    rest: str | None = None
    of_row: bool = False


class Compiler(ABC):
    """What both databases share: how the parts of a tree are put together."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._bound: dict[str, Any] = {}

    @cached_property
    def _languages(self) -> list[str]:
        """Asked for where a word has stems only: most of what is counted has none."""
        return languages(self._connection)

    def _stems(self, node: Match) -> list[str]:
        return node.stems(self._languages) if node.parts else []

    def query(self, expression: Expression) -> Query:
        """The whole query."""
        low, high, rest = _ranges(expression)
        compiled = [self._compile(part) for part in rest]
        indexed = [one for one in compiled if isinstance(one, Indexed)]
        indexed += [o.needs for o in compiled if isinstance(o, Sql) and o.needs is not None]
        others = [one for one in compiled if isinstance(one, Sql)]
        query = self._over([self._all(indexed)] if indexed else [], others)
        query.low, query.high = low, high
        query.bound = self._bound
        return query

    def _compile(self, node: Expression) -> Indexed | Sql:  # noqa: PLR0911, PLR0912 - a kind of node each
        match node:
            case And(parts):
                return self._joined(parts, _AND, self._all)
            case Or(parts):
                return self._joined(parts, " OR ", self._any)
            case Not(part):
                inner = self._compile(part)
                if isinstance(inner, Indexed):
                    return self._none(inner)
                return Sql(f"NOT ({inner.condition})", of_row=inner.of_row)
            case Match():
                return self._match(node)
            case Near():
                return self._near(node)
            case Flagged(flag):
                return self._flag(FLAG_MARK + flag)
            case InLanguage(code):
                return self._flag(LANGUAGE_MARK + code)
            case FromSource():
                ids = _sources(self._connection, node)
                return self._any([self._flag(f"{SOURCE_MARK}{i}") for i in ids])
            case Naming():
                entries = _entries(self._connection, node)
                return self._any([self._flag(f"{ENTRY_MARK}{i}") for i in entries])
            case InDossier():
                return Sql(_GATHERED.format(id=_dossier(self._connection, node)))
            case InState(state):
                return Sql(_STATES[state])
            case Days() | Moments():
                return Sql(self._span(node))
        assert_never(node)

    def _joined(self, parts: Sequence[Expression], word: str, join: Any) -> Indexed | Sql:
        compiled = [self._compile(part) for part in parts]
        indexed = [one for one in compiled if isinstance(one, Indexed)]
        others = [one.condition for one in compiled if isinstance(one, Sql)]
        of_row = bool(indexed) or any(isinstance(one, Sql) and one.of_row for one in compiled)
        if not others:
            found: Indexed = join(indexed)
            return found
        if indexed:
            others.append(self._condition(join(indexed)))
        # Of what is not all in the index, it knows what must hold at least.
        needs = [one if isinstance(one, Indexed) else one.needs for one in compiled]
        known = [one for one in needs if one is not None]
        enough = bool(known) and (word == _AND or len(known) == len(needs))
        return Sql("(" + word.join(others) + ")", join(known) if enough else None, of_row=of_row)

    def _span(self, node: Days | Moments) -> str:
        # An article without a date is of no day and of no span of time.
        conditions = [keys.sql_dated("{key}")]
        if isinstance(node, Days):
            day = keys.sql_day("{key}")
            if node.first is not None:
                conditions.append(f"{day} >= {keys.number_of(node.first)}")
            if node.last is not None:
                conditions.append(f"{day} <= {keys.number_of(node.last)}")
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
    def _over(self, indexed: list[Indexed], others: list[Sql]) -> Query:
        """The query over what is indexed (at most one) under further conditions."""

    @abstractmethod
    def _condition(self, indexed: Indexed) -> str:
        """What is indexed as a condition beside others."""

    @abstractmethod
    def _all(self, parts: Sequence[Indexed]) -> Indexed: ...

    @abstractmethod
    def _any(self, parts: Sequence[Indexed]) -> Indexed: ...

    @abstractmethod
    def _none(self, part: Indexed) -> Indexed: ...

    @abstractmethod
    def _match(self, node: Match) -> Indexed | Sql: ...

    @abstractmethod
    def _near(self, node: Near) -> Indexed | Sql: ...

    @abstractmethod
    def _flag(self, token: str) -> Indexed:
        """One marked token of the fields."""

    def _pairs(self, tokens: Sequence[str], *, prefix: bool) -> tuple[list[Indexed], bool]:
        """The pairs among a value's marked tokens, and whether one is all there is to say."""
        found = [self._flag(one) for one in pairs(tokens[:-1] if prefix else tokens)]
        return found, len(found) == len(tokens) - 1 == 1

    @abstractmethod
    def _field(self, tokens: Sequence[str], *, prefix: bool = False) -> Indexed | Sql: ...


def marked(node: Match) -> list[str]:
    """A field's tokens with its mark; a host with a dot is looked for up to its end."""
    found = [MARKS[node.field] + token for token in node.tokens]
    whole = node.field == "site" and len(found) > 1 and not node.prefix
    return [*found, END] if whole else found


def _ranges(expression: Expression) -> tuple[int | None, int | None, list[Expression]]:
    """The keys that days and moments leave of those that all must hold, and what all must hold."""
    parts = list(expression.parts) if isinstance(expression, And) else [expression]
    low: int | None = None
    high: int | None = None
    rest: list[Expression] = []
    while parts:
        part = parts.pop(0)
        if isinstance(part, And):
            parts = [*part.parts, *parts]
            continue
        if isinstance(part, Days):
            first, last = keys.range_of_days(part.first, part.last)
        elif isinstance(part, Moments):
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
        if any(fnmatch.fnmatchcase(one.casefold(), wanted) or one.casefold() == wanted
               for one in (row.name, row.title or ""))
    ]  # fmt: skip
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
        hint = f"did you mean {near[0]!r}?" if near else "the reading room lists them"
        raise BadQuery(f"there is no dossier {node.name!r}", node.position, hint)
    return int(found[0])


def _entries(connection: Connection, node: Naming) -> list[int]:
    found = entries_called(connection, node.name) if node.entry is None else [node.entry]
    if not found:
        raise BadQuery(
            f"no entry of the directory is called {node.name!r}", node.position,
            "`dateline who NAME` looks for one; quote a name of several words",
        )  # fmt: skip
    return found
