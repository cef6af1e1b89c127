"""Words that tell what an answer is about: frequent in it, seldom in the rest of the archive.

Dunning's log-likelihood (1993) over articles that hold a word: the newest that are found, beside
the newest of the archive in the same language.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, text

from storage.search.index import store
from storage.search.query.ast import EVERYTHING, InLanguage, both
from storage.search.query.dialects import compile_query
from storage.text.stemming import language_of
from storage.text.tokens import fold, words_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection

    from storage.search.results.executor import Asked

_SAMPLE = 150
_BACKGROUND = 400
_SHORTEST = 4
_TEXTS = text("SELECT headline, text, language FROM articles WHERE search_key IN :keys").bindparams(
    bindparam("keys", expanding=True)
)


def words(asked: Asked, limit: int = 25) -> list[tuple[str, int]]:
    """(word as it is mostly written, articles of the sample with it), the most telling first."""
    connection = asked.connection
    keys = asked.query.keys(connection, _SAMPLE)
    if not keys:
        return []
    texts = connection.execute(_TEXTS, {"keys": keys[:40]}).all()
    languages = Counter(language_of(row.language) for row in texts)
    language = languages.most_common(1)[0][0] if languages else None
    only = EVERYTHING if language is None else InLanguage(language)
    around = compile_query(connection, only).keys(connection, _BACKGROUND)
    if language is not None:
        keys = compile_query(connection, both(asked.expression, only)).keys(connection, _SAMPLE)
    held, elsewhere = _held(connection, keys), _held(connection, around)
    wanted = {token for term in asked.terms for token in term.match.tokens}
    scored = [
        (_likelihood(count, len(keys), elsewhere[token], len(around)), token, count)
        for token, count in held.items()
        if count > 1 and len(token) >= _SHORTEST and not token.isdecimal() and token not in wanted
    ]
    scored.sort(key=lambda one: (-one[0], one[1]))
    top = [(token, count) for value, token, count in scored[:limit] if value > 0]
    written = _written([f"{row.headline} {row.text}" for row in texts], {t for t, _ in top})
    return [(written.get(token, token), count) for token, count in top]


def _held(connection: Connection, keys: Sequence[int]) -> Counter[str]:
    """How many of the articles under ``keys`` hold each token."""
    held: Counter[str] = Counter()
    for one in store.documents(connection, keys, stems=False, fields=False).values():
        held.update(set(one.body.split()) | set(one.headline.split()))
    return held


def _likelihood(count: int, sample: int, elsewhere: int, others: int) -> float:
    """How surprising it is that ``count`` of ``sample`` have it; negative where it is too few."""
    share = (count + elsewhere) / max(1, sample + others)
    expected, around = share * sample, share * others
    if count <= expected:
        return -1.0
    surprise = count * math.log(count / expected)
    return 2 * (surprise + (elsewhere * math.log(elsewhere / around) if elsewhere else 0.0))


def _written(texts: Iterable[str], tokens: set[str]) -> dict[str, str]:
    """How each token is mostly written."""
    forms: dict[str, Counter[str]] = {token: Counter() for token in tokens}
    for one in texts:
        for word in words_in(one):
            token = fold(word)
            if token in forms:
                forms[token][word] += 1
    return {
        token: max(found, key=lambda word: (found[word], word))
        for token, found in forms.items()
        if found
    }
