"""A naive evaluator of the query language: the meaning of each node, article by article.

Written from the guide's words, not from the compilers: it looks at an article's tokens one by one.
"""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from storage.search.query.ast import (
    And,
    DayRange,
    FromSource,
    HasFlag,
    HasState,
    InLanguage,
    MentionsEntry,
    Near,
    Not,
    Or,
    Phrase,
    TimeRange,
)
from storage.text import stemming
from storage.text.tokens import tokenize

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime

    from storage.search.query.ast import Expression
    from storage.types.content import Article


@dataclass(frozen=True)
class Told:
    """An article and what the archive knows of it."""

    name: str
    content: Article
    url: str
    source: str
    day: date
    at: datetime
    entries: frozenset[str] = frozenset()
    duplicate: bool = False
    revised: bool = False


def rows(told: Told, field: str) -> list[list[str]]:
    """The rows of tokens that a field has."""
    content = told.content
    text = "\n".join(b.text for b in content.blocks)
    found: dict[str, list[str]] = {
        "any": [content.headline, content.standfirst or "", text],
        "title": [content.headline], "standfirst": [content.standfirst or ""],
        "text": [content.standfirst or "", text], "author": list(content.byline),
        "section": [content.section or ""], "tag": list(content.tags),
        "kind": [content.kind or ""], "number": [content.number or ""],
        "site": [urlsplit(told.url).hostname or ""],
    }  # fmt: skip
    return [list(tokenize(one)) for one in found[field]]


def places(row: Sequence[str], match: Phrase) -> Iterator[tuple[int, int]]:
    """Where a match stands in a row: (first token, after the last)."""
    length = len(match.tokens)
    for at in range(len(row) - length + 1):
        here = row[at : at + length]
        last = (
            here[-1].startswith(match.tokens[-1]) if match.prefix else here[-1] == match.tokens[-1]
        )
        if here[:-1] == list(match.tokens[:-1]) and last:
            if (
                match.field == "site"
                and length > 1
                and not match.prefix
                and at + length != len(row)
            ):
                continue
            yield at, at + length


def holds(told: Told, node: Expression) -> bool:  # noqa: PLR0911 - a kind of node each
    """Whether an article answers a query."""
    match node:
        case And(parts):
            return all(holds(told, part) for part in parts)
        case Or(parts):
            return any(holds(told, part) for part in parts)
        case Not(part):
            return not holds(told, part)
        case Phrase():
            exact = any(any(places(row, node)) for row in rows(told, node.field))
            return exact or _by_stem(told, node)
        case Near(first, second, words):
            return any(
                max(a, c) - min(b, d) <= words
                for row in rows(told, first.field)
                for a, b in places(row, first)
                for c, d in places(row, second)
            )
        case DayRange(first_day, last_day):
            return (first_day is None or told.day >= first_day) and (
                last_day is None or told.day <= last_day
            )
        case TimeRange(since, until):
            return (since is None or told.at >= since) and (until is None or told.at < until)
        case HasFlag(flag):
            kinds = {m.kind for m in told.content.media}
            return {
                "all": True, "teaser": told.content.access == "teaser",
                "full": told.content.access == "full", "revised": told.revised,
                "attachment": "attachment" in kinds
                or any(link.relation == "attachment" for link in told.content.links),
                "picture": "picture" in kinds,
            }[flag]  # fmt: skip
        case InLanguage(code):
            language = (told.content.language or "").lower()
            return code in (language.replace("-", ""), language.partition("-")[0])
        case FromSource(name):
            return fnmatch.fnmatchcase(told.source, name.casefold())
        case MentionsEntry(name):
            return name in told.entries
        case HasState(state):
            return state == "duplicate" and told.duplicate
    raise AssertionError(node)


def _by_stem(told: Told, match: Phrase) -> bool:
    """Whether another form of a word, or its parts written together, are in the article."""
    if not match.parts:
        return False
    content = told.content
    text = "\n".join(b.text for b in content.blocks)
    texts = {
        "any": [content.headline, f"{content.standfirst or ''}\n{text}"],
        "title": [content.headline], "text": [f"{content.standfirst or ''}\n{text}"],
    }[match.field]  # fmt: skip
    language = stemming.stemming_language(content.language)
    wanted = set(match.stems([language] if language else []))
    return any(wanted & set(stemming.stem_set(one, language)) for one in texts)
