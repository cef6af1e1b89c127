"""More like this: articles that share the words that tell most of an article.

The words are weighed by how often they stand in the article and how few articles hold them (Sparck
Jones 1972); the newest articles with each of the heaviest are weighed as answers to all of them.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sqlalchemy import text

from storage.errors import UnknownItem
from storage.search.index import store
from storage.search.query.ast import Match
from storage.search.query.dialects import compile_query
from storage.search.results import bm25, executor

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from storage.search.results.executor import Found

# Words that are looked at, words that are weighed, words whose articles are looked through.
_LOOKED_AT = 40
_TERMS = 20
_LEADING = 8
_NEWEST = 100
_SHORTEST = 4
# A word in more articles than one in this many says little of any.
_COMMON = 10


def similar(connection: Connection, item_id: int, limit: int = 10) -> list[Found]:
    """The articles most like ``item_id``, without its duplicates.

    Raises:
        UnknownItem: it is no article that may be found.
    """
    row = connection.execute(
        text("SELECT search_key, cluster_id FROM articles WHERE item_id = :id"), {"id": item_id}
    ).first()
    if row is None or row.search_key is None:
        raise UnknownItem(f"item {item_id} is no article of the index", "name an article")
    own = store.documents(connection, [row.search_key]).get(row.search_key)
    if own is None:
        raise UnknownItem(f"item {item_id} is not indexed", "run `dateline db upgrade`")
    counts = Counter(own.body.split())
    for token in (*own.headline.split() * 3, *own.standfirst.split() * 2):
        counts[token] += 1
    total = executor.articles_about(connection)
    weighed = []
    long = [one for one in counts.items() if len(one[0]) >= _SHORTEST and not one[0].isdecimal()]
    for token, count in sorted(long, key=lambda one: (-one[1], one[0]))[:_LOOKED_AT]:
        match = Match((token,))
        held = compile_query(connection, match).count(connection, executor.COUNTED)
        if 1 < held <= max(50, total // _COMMON):
            weighed.append((count * bm25.idf(held, total), match, bm25.idf(held, total)))
    weighed.sort(key=lambda one: (-one[0], one[1].tokens))
    weighed = weighed[:_TERMS]
    keys: dict[int, None] = {}
    for _, match, _ in weighed[:_LEADING]:
        keys.update(dict.fromkeys(compile_query(connection, match).keys(connection, _NEWEST)))
    keys.pop(row.search_key, None)
    terms = [bm25.terms_of(match, ())[0] for _, match, _ in weighed]
    weights = [weight for _, _, weight in weighed]
    found = executor.weighed(connection, list(keys), terms, weights)
    return [one for one in found if row.cluster_id is None or one.cluster != row.cluster_id][:limit]
