"""The expression tree of a query: phrases, fields and limits. Pure values.

The parser (:mod:`storage.search.query.parser`) builds the tree and the compiler of each database
(:mod:`storage.search.query.dialects`) translates it. The tree holds no syntax of a database.
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
State = Literal["duplicate", "gone", "undated", "doubtful"]


@dataclass(frozen=True, slots=True)
class Phrase:
    """Consecutive tokens in one field; with ``prefix``, the last one is the beginning of a word.

    ``parts`` are the words as typed, where their stems and joined forms match too: a single word or
    a compound. It is empty for quoted phrases, prefixes and fields.
    """

    tokens: tuple[str, ...]
    field: Field = "any"
    prefix: bool = False
    parts: tuple[str, ...] = ()

    def stems(self, languages: Sequence[str]) -> list[str]:
        """Return the marked stems and joined forms that match too, in archives of ``languages``."""
        if not self.parts:
            return []
        if len(self.parts) == 1:
            word = self.parts[0].lower()
            found = [stem for one in languages for stem in stems.stems_of(word, one)]
            return [*dict.fromkeys(found), *stems.joined_forms(self.parts, None)]
        forms = [form for one in languages for form in stems.joined_forms(self.parts, one)]
        return list(dict.fromkeys([*stems.joined_forms(self.parts, None), *forms]))


@dataclass(frozen=True, slots=True)
class Near:
    """Two phrases in one field with at most ``words`` words between them, in any order."""

    first: Phrase
    second: Phrase
    words: int


@dataclass(frozen=True, slots=True)
class DayRange:
    """Published on these days, both inclusive, as the publisher's calendar has them."""

    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class TimeRange:
    """Published since ``since`` and before ``until``."""

    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class HasFlag:
    """Has a flag in the index: teaser, full, revised, attachment, picture."""

    flag: Flag


@dataclass(frozen=True, slots=True)
class HasState:
    """Has a state that the tables know and the index does not."""

    state: State


@dataclass(frozen=True, slots=True)
class InLanguage:
    """Written in a language: ``fr``, or ``frca`` for ``fr-CA``."""

    code: str


@dataclass(frozen=True, slots=True)
class FromSource:
    """Belongs to the sources of this name or title; ``*`` stands for any letters."""

    name: str
    position: int = 0


@dataclass(frozen=True, slots=True)
class MentionsEntry:
    """Mentions a directory entry of this name, or with this number in the archive."""

    name: str
    position: int = 0
    # The number of the entry, where it is known already.
    entry: int | None = None


@dataclass(frozen=True, slots=True)
class InDossier:
    """Was added by hand to the dossier of this name or number."""

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
    Phrase
    | Near
    | DayRange
    | TimeRange
    | HasFlag
    | HasState
    | InLanguage
    | FromSource
    | MentionsEntry
    | InDossier
)
Expression: TypeAlias = Leaf | And | Or | Not

EVERYTHING = HasFlag("all")
TEXT_FIELDS: tuple[Field, ...] = ("any", "title", "standfirst", "text")


def has_near(expression: Expression) -> bool:
    """Return whether the expression contains NEAR."""
    match expression:
        case And(parts) | Or(parts):
            return any(has_near(part) for part in parts)
        case Not(part):
            return has_near(part)
    return isinstance(expression, Near)


def ranked_phrases(expression: Expression) -> Iterator[Phrase]:
    """Yield the phrases to rank by and highlight: those of text fields that are not under NOT."""
    match expression:
        case And(parts) | Or(parts):
            for part in parts:
                yield from ranked_phrases(part)
        case Near(first, second, _):
            yield from ranked_phrases(first)
            yield from ranked_phrases(second)
        case Phrase(field=field) if field in TEXT_FIELDS:
            yield expression


def all_of(*parts: Expression | None) -> Expression:
    """Join the given parts with AND; ``None`` and EVERYTHING are dropped."""
    given = tuple(part for part in parts if part is not None and part != EVERYTHING)
    if not given:
        return EVERYTHING
    return given[0] if len(given) == 1 else And(given)
