"""Distinctive terms: words that are frequent in the matches and rare in the rest of the archive.

Dunning's log-likelihood (1993) over articles that contain a word: the newest matches, compared with
the newest articles of the archive in the same language.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, text

from storage.search.index import store
from storage.search.query.ast import EVERYTHING, InLanguage, all_of
from storage.search.query.dialects import compile_query
from storage.text.stemming import stemming_language
from storage.text.tokens import fold, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection

    from storage.search.results.executor import SearchExecution

_SAMPLE_SIZE = 150
_BACKGROUND_SIZE = 400
_MIN_TERM_LENGTH = 4
_TEXTS = text("SELECT headline, text, language FROM articles WHERE search_key IN :keys").bindparams(
    bindparam("keys", expanding=True)
)


def distinctive_terms(execution: SearchExecution, limit: int = 25) -> list[tuple[str, int]]:
    """Return (usual spelling, articles of the sample with it), the most distinctive first."""
    connection = execution.connection
    keys = execution.query.keys(connection, _SAMPLE_SIZE)
    if not keys:
        return []
    texts = connection.execute(_TEXTS, {"keys": keys[:40]}).all()
    languages = Counter(stemming_language(row.language) for row in texts)
    language = languages.most_common(1)[0][0] if languages else None
    only = EVERYTHING if language is None else InLanguage(language)
    around = compile_query(connection, only).keys(connection, _BACKGROUND_SIZE)
    if language is not None:
        keys = compile_query(connection, all_of(execution.expression, only)).keys(
            connection, _SAMPLE_SIZE
        )
    held, elsewhere = (
        _document_frequencies(connection, keys),
        _document_frequencies(connection, around),
    )
    wanted = {token for term in execution.terms for token in term.phrase.tokens}
    scored = [
        (_log_likelihood(count, len(keys), elsewhere[token], len(around)), token, count)
        for token, count in held.items()
        if count > 1
        and len(token) >= _MIN_TERM_LENGTH
        and not token.isdecimal()
        and token not in wanted
    ]
    scored.sort(key=lambda one: (-one[0], one[1]))
    top = [(token, count) for value, token, count in scored[:limit] if value > 0]
    written = _usual_spellings([f"{row.headline} {row.text}" for row in texts], {t for t, _ in top})
    return [(written.get(token, token), count) for token, count in top]


def _document_frequencies(connection: Connection, keys: Sequence[int]) -> Counter[str]:
    """Count, for each token, the articles with these keys that contain it."""
    held: Counter[str] = Counter()
    for one in store.read_documents(connection, keys, stems=False, fields=False).values():
        held.update(set(one.body.split()) | set(one.headline.split()))
    return held


def _log_likelihood(count: int, sample: int, elsewhere: int, others: int) -> float:
    """Return how surprising ``count`` of ``sample`` is; negative where it is less than expected."""
    share = (count + elsewhere) / max(1, sample + others)
    expected, around = share * sample, share * others
    if count <= expected:
        return -1.0
    surprise = count * math.log(count / expected)
    return 2 * (surprise + (elsewhere * math.log(elsewhere / around) if elsewhere else 0.0))


def _usual_spellings(texts: Iterable[str], tokens: set[str]) -> dict[str, str]:
    """Return the most frequent spelling of each token."""
    forms: dict[str, Counter[str]] = {token: Counter() for token in tokens}
    for one in texts:
        for word in words(one):
            token = fold(word)
            if token in forms:
                forms[token][word] += 1
    return {
        token: max(found, key=lambda word: (found[word], word))
        for token, found in forms.items()
        if found
    }
