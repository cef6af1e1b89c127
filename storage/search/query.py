"""What a reader types, to phrases of tokens: words (all wanted), "phrases", prefix*, -without."""

from __future__ import annotations

import re
from dataclasses import dataclass

from storage.errors import BadQuery
from storage.search.analysis import tokens

_PART = re.compile(r'(?P<minus>-(?=["\w]))?(?:"(?P<phrase>[^"]*)"|(?P<word>[^\s"]+))')


@dataclass(frozen=True, slots=True)
class Term:
    """Tokens that follow each other; the last is a prefix where ``prefix``."""

    tokens: tuple[str, ...]
    prefix: bool = False
    without: bool = False


def parse(text: str) -> tuple[Term, ...]:
    """Read a query.

    Raises:
        BadQuery: nothing in it can be searched for, or everything is left out.
    """
    unclosed = text.count('"') % 2
    if unclosed:
        raise BadQuery("a quotation mark is not closed", text.rindex('"'), 'write "two words"')
    terms = []
    for match in _PART.finditer(text):
        part = match["phrase"] if match["phrase"] is not None else match["word"]
        prefix = match["phrase"] is None and part.endswith("*")
        found = tuple(tokens(part))
        if found:
            terms.append(Term(found, prefix=prefix, without=match["minus"] is not None))
    if not terms:
        raise BadQuery("the query holds no word", 0, "write a word, or a phrase in quotes")
    if all(term.without for term in terms):
        raise BadQuery("the query only leaves out", 0, "name at least one word that is wanted")
    return tuple(terms)
