"""More like this: articles that share the most characteristic words of an article.

Words are weighted by their frequency in the article and their rarity in the archive (Sparck Jones
1972). The newest articles with each of the heaviest words are scored as matches of all of them.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sqlalchemy import text

from storage.errors import UnknownItem
from storage.search.index import store
from storage.search.query.ast import Phrase
from storage.search.query.dialects import compile_query
from storage.search.results import bm25, matches

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from storage.search.results.matches import Match

# Candidate words, words that count in the score, words whose articles are candidates.
_MAX_CANDIDATE_TERMS = 40
_MAX_TERMS = 20
_SEED_TERMS = 8
_ARTICLES_PER_TERM = 100
_MIN_TERM_LENGTH = 4
# Words in more than one of this many articles are too common to be characteristic.
_COMMON_SHARE = 10


def more_like_this(connection: Connection, item_id: int, limit: int = 10) -> list[Match]:
    """Return the articles most similar to ``item_id``, without its duplicates.

    Raises:
        UnknownItem: the item is not an article of the index.
    """
    row = connection.execute(
        text("SELECT search_key, cluster_id FROM articles WHERE item_id = :id"), {"id": item_id}
    ).first()
    if row is None or row.search_key is None:
        raise UnknownItem(
            f"item {item_id} is not an article of the search index", "give the number of an article"
        )
    own = store.read_documents(connection, [row.search_key]).get(row.search_key)
    if own is None:
        raise UnknownItem(f"item {item_id} is not indexed", "run `dateline db upgrade`")
    counts = Counter(own.body.split())
    for token in (*own.headline.split() * 3, *own.standfirst.split() * 2):
        counts[token] += 1
    total = matches.estimated_article_count(connection)
    scored = []
    long = [
        one for one in counts.items() if len(one[0]) >= _MIN_TERM_LENGTH and not one[0].isdecimal()
    ]
    for token, count in sorted(long, key=lambda one: (-one[1], one[0]))[:_MAX_CANDIDATE_TERMS]:
        phrase = Phrase((token,))
        held = compile_query(connection, phrase).count(connection, matches.MAX_TERM_COUNT)
        if 1 < held <= max(50, total // _COMMON_SHARE):
            scored.append((count * bm25.idf(held, total), phrase, bm25.idf(held, total)))
    scored.sort(key=lambda one: (-one[0], one[1].tokens))
    scored = scored[:_MAX_TERMS]
    keys: dict[int, None] = {}
    for _, phrase, _ in scored[:_SEED_TERMS]:
        keys.update(
            dict.fromkeys(compile_query(connection, phrase).keys(connection, _ARTICLES_PER_TERM))
        )
    keys.pop(row.search_key, None)
    terms = [bm25.terms_of(phrase, ())[0] for _, phrase, _ in scored]
    weights = [weight for _, _, weight in scored]
    found = matches.rank_by_score(connection, list(keys), terms, weights)
    return [one for one in found if row.cluster_id is None or one.cluster != row.cluster_id][:limit]
