"""Words that tell what an answer is about: frequent in it, seldom in the rest of the archive.

Dunning's log-likelihood (1993) over articles that hold a word, in the newest articles found and in
the archive.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, text

from storage.search import answers, index
from storage.search.analysis import fold, words_in
from storage.search.compiling import compile_query
from storage.search.expression import Match

if TYPE_CHECKING:
    from storage.search.answers import Asked

_SAMPLE = 120
_CANDIDATES = 60
_SHORTEST = 4
_TEXTS = text("SELECT headline, text FROM articles WHERE search_key IN :keys").bindparams(
    bindparam("keys", expanding=True)
)


def words(asked: Asked, limit: int = 25) -> list[tuple[str, int]]:
    """(word as it is mostly written, articles of the sample with it), the most telling first."""
    connection = asked.connection
    keys = asked.query.keys(connection, _SAMPLE)
    held: Counter[str] = Counter()
    for one in index.documents(connection, keys).values():
        held.update(set(one.body.split()) | set(one.headline.split()))
    wanted = {token for term in asked.terms for token in term.match.tokens}
    candidates = [
        (token, count)
        for token, count in held.items()
        if count > 1 and len(token) >= _SHORTEST and not token.isdecimal() and token not in wanted
    ]
    total = answers.articles_about(connection)
    candidates.sort(key=lambda one: (-one[1], one[0]))
    scored = []
    for token, count in candidates[:_CANDIDATES]:
        everywhere = compile_query(connection, Match((token,))).count(connection, answers.COUNTED)
        scored.append((_likelihood(count, len(keys), everywhere, total), token, count))
    scored.sort(key=lambda one: (-one[0], one[1]))
    top = [(token, count) for value, token, count in scored[:limit] if value > 0]
    written = _written(asked, keys, {token for token, _ in top})
    return [(written.get(token, token), count) for token, count in top]


def _likelihood(count: int, sample: int, everywhere: int, total: int) -> float:
    """How surprising it is that ``count`` of ``sample`` have it; negative where it is too few."""
    expected = everywhere / max(total, everywhere, 1) * sample
    if count <= expected or expected == 0:
        return -1.0
    return 2 * count * math.log(count / expected)


def _written(asked: Asked, keys: list[int], tokens: set[str]) -> dict[str, str]:
    """How each token is mostly written in the newest of the articles."""
    forms: dict[str, Counter[str]] = {token: Counter() for token in tokens}
    if keys:
        for headline, body in asked.connection.execute(_TEXTS, {"keys": keys[:40]}):
            for word in words_in(f"{headline} {body}"):
                token = fold(word)
                if token in forms:
                    forms[token][word] += 1
    return {
        token: max(found, key=lambda w: (found[w], w)) for token, found in forms.items() if found
    }
