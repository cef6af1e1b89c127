"""What a query means: an expression tree of words, fields and limits. Pure values.

The tree is what the query language (:mod:`storage.search.query.parser`) reads and what each
database's
compiler (:mod:`storage.search.query.dialects`) writes; nothing in it is syntax of a database.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from storage.text import stemming as stems

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime

    from storage.search.index.documents import Field

Flag = Literal["teaser", "full", "revised", "attachment", "picture", "all"]
State = Literal["duplicate", "gone", "undated"]


@dataclass(frozen=True, slots=True)
class Match:
    """Tokens that follow each other in one place; the last is a beginning where ``prefix``.

    ``parts`` are the words as typed where their stems and their joined form count too: a single
    word or a compound; empty for quoted phrases, beginnings and fields.
    """

    tokens: tuple[str, ...]
    field: Field = "any"
    prefix: bool = False
    parts: tuple[str, ...] = ()

    def stems(self, languages: Sequence[str]) -> list[str]:
        """The marked stems and joined forms that this finds too, in archives of ``languages``."""
        if not self.parts:
            return []
        if len(self.parts) == 1:
            word = self.parts[0].lower()
            found = [stem for one in languages for stem in stems.stems_of(word, one)]
            return [*dict.fromkeys(found), *stems.joined(self.parts, None)]
        forms = [form for one in languages for form in stems.joined(self.parts, one)]
        return list(dict.fromkeys([*stems.joined(self.parts, None), *forms]))


@dataclass(frozen=True, slots=True)
class Near:
    """Two matches in one place with at most ``words`` words between them, in any order."""

    first: Match
    second: Match
    words: int


@dataclass(frozen=True, slots=True)
class Days:
    """Published on these days, both inclusive, as the publisher's calendar has them."""

    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class Moments:
    """Published since ``since`` and before ``until``."""

    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Flagged:
    """What the index says of an article: teaser, revised, with an attachment …"""

    flag: Flag


@dataclass(frozen=True, slots=True)
class InState:
    """What the archive says of an article apart from its words."""

    state: State


@dataclass(frozen=True, slots=True)
class InLanguage:
    """Written in a language: ``fr``, or ``frca`` for ``fr-CA``."""

    code: str


@dataclass(frozen=True, slots=True)
class FromSource:
    """Of the sources whose name or title is this; ``*`` stands for any letters."""

    name: str
    position: int = 0


@dataclass(frozen=True, slots=True)
class Naming:
    """Naming a directory entry called so, or with this number in the archive."""

    name: str
    position: int = 0
    # The entry itself, where it need not be looked for.
    entry: int | None = None


@dataclass(frozen=True, slots=True)
class InDossier:
    """Put into the dossier of this name or number by hand."""

    name: str
    position: int = 0


@dataclass(frozen=True, slots=True)
class And:
    """All of these."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of these."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Not this."""

    part: Expression


Leaf: TypeAlias = (
    Match | Near | Days | Moments | Flagged | InState | InLanguage | FromSource | Naming | InDossier
)
Expression: TypeAlias = Leaf | And | Or | Not

EVERYTHING = Flagged("all")
SEARCHED: tuple[Field, ...] = ("any", "title", "standfirst", "text")


def has_near(expression: Expression) -> bool:
    """Whether words must be near one another in what matches."""
    match expression:
        case And(parts) | Or(parts):
            return any(has_near(part) for part in parts)
        case Not(part):
            return has_near(part)
    return isinstance(expression, Near)


def wanted(expression: Expression) -> Iterator[Match]:
    """The words that an answer is ranked by and marked with: those of its text, not under NOT."""
    match expression:
        case And(parts) | Or(parts):
            for part in parts:
                yield from wanted(part)
        case Near(first, second, _):
            yield from wanted(first)
            yield from wanted(second)
        case Match(field=field) if field in SEARCHED:
            yield expression


def both(*parts: Expression | None) -> Expression:
    """All of ``parts`` that are there."""
    given = tuple(part for part in parts if part is not None and part != EVERYTHING)
    if not given:
        return EVERYTHING
    return given[0] if len(given) == 1 else And(given)
