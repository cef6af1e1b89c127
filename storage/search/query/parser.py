"""Parses the query language of the CLI, Python, the HTTP API and the reading room.

::

    hôpital numérique            all of these words
    "centre hospitalier"         an exact phrase
    hospi*                       words that begin with these letters
    a OR b, a OU b               one of them
    a NOT b, a SAUF b, -b        without b
    (a OR b) c                   parentheses
    a NEAR/5 b                   at most five words between them
    title:budget author:"Jean Dupont" source:herald date:2021-09..2021-12 since:7d is:teaser

Operators are upper case; ``and`` and ``ou`` in lower case are words.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from storage.errors import BadQuery
from storage.search.query import literals
from storage.search.query.ast import (
    EVERYTHING,
    And,
    Expression,
    FromSource,
    InDossier,
    MentionsEntry,
    Near,
    Not,
    Or,
    Phrase,
)
from storage.text.letters import is_hangul
from storage.text.stemming import compound_parts
from storage.text.tokens import strip_elision, tokenize

if TYPE_CHECKING:
    from datetime import datetime

    from lark import Lark, Token

    from storage.search.index.documents import Field

MAX_LENGTH = 2_000
MAX_LEAVES = 100
MAX_DEPTH = 30
MAX_NEAR = 50
_DEFAULT_NEAR = 10
# Too many words begin with fewer letters.
_SHORTEST_PREFIX = 2

# Field names in English and French.
WORD_FIELDS: dict[str, Field] = {
    "title": "title", "titre": "title", "headline": "title",
    "standfirst": "standfirst", "chapo": "standfirst",
    "text": "text", "texte": "text",
    "author": "author", "auteur": "author", "byline": "author",
    "section": "section", "rubrique": "section",
    "tag": "tag", "étiquette": "tag", "etiquette": "tag",
    "kind": "kind", "type": "kind", "genre": "kind",
    "number": "number", "numéro": "number", "numero": "number",
    "site": "site",
}  # fmt: skip
VALUE_FIELDS = {
    "source": "source", "lang": "lang", "language": "lang", "langue": "lang",
    "who": "who", "qui": "who", "date": "date", "since": "since", "depuis": "since",
    "until": "until", "jusqu": "until", "is": "is", "est": "is", "has": "has", "avec": "has",
    "dossier": "dossier",
}  # fmt: skip

_OR, _AND, _NOT, _NEAR_WORDS = "OR|OU", "AND|ET", "NOT|SAUF", "NEAR|PRES|PRÈS"
_OPERATORS = frozenset("|".join((_OR, _AND, _NOT, _NEAR_WORDS)).split("|"))
_PLAIN_WORD = re.compile(r"\w[\w'’-]*")
_PLAIN_WORDS = re.compile(rf"\s*{_PLAIN_WORD.pattern}(?:\s+{_PLAIN_WORD.pattern})*\s*")
_END = r"""(?=[\s()"]|$)"""
# Known field names allow a space after the colon; with a space, any other name is a word.
_NAMES = "|".join(sorted({*WORD_FIELDS, *VALUE_FIELDS}, key=len, reverse=True))
_GRAMMAR = rf"""
    start: either?
    ?either: both (_OR both)*
    ?both: unary (_AND? unary)*
    ?unary: _NOT unary -> negation
          | near
    ?near: atom (NEAR atom)*
    ?atom: "(" either ")" -> group
         | FIELD atom -> fielded
         | PHRASE -> phrase
         | WORD -> word

    _OR.4: /(?:{_OR}){_END}/
    _AND.4: /(?:{_AND}){_END}/
    _NOT.4: /(?:{_NOT}){_END}|-(?=[^\s\-)])/
    NEAR.4: /(?:{_NEAR_WORDS})(?:\/\d+)?{_END}/
    FIELD.3: /(?i:{_NAMES}):[ \t]*(?=["(]|[^\s()])(?!\/\/)|[^\W\d_]+:(?=["(]|[^\s()])(?!\/\/)/
    PHRASE.3: /"[^"]*"/
    WORD: /(?!(?:{_OR}|{_AND}|{_NOT}|(?:{_NEAR_WORDS})(?:\/\d+)?){_END})[^\s()"]*\w[^\s()"]*/
    SIGNS: /[^\w\s()"]+{_END}/
    %ignore /\s+/
    %ignore SIGNS
"""

# A field or NEAR/ that no word, phrase or parenthesis follows.
_MISSING_VALUE = re.compile(
    rf"(?:(?<!\S)|(?<=[(-]))(?:(?P<field>(?i:{_NAMES})):[^\w\"()]*(?=$|[)]|(?:{_OR}|{_AND}){_END})"
    rf"|(?P<near>{_NEAR_WORDS})/(?!\d))"
)
_EXAMPLES = {
    "title": "title:budget", "standfirst": "standfirst:budget", "text": "text:budget",
    "author": 'author:"Jean Dupont"', "section": "section:sport", "tag": "tag:energy",
    "kind": "kind:interview", "number": "number:2014", "site": "site:herald.example",
    "source": "source:herald", "lang": "lang:fr", "who": 'who:"Jean Dupont"',
    "date": "date:2021-09..2021-12", "since": "since:7d", "until": "until:2021-12",
    "is": "is:teaser", "has": "has:picture", "dossier": "dossier:energy",
}  # fmt: skip


@lru_cache(maxsize=1)
def _parser() -> Lark:
    from lark import Lark

    return Lark(_GRAMMAR, parser="lalr", propagate_positions=True, maybe_placeholders=False)


def parse(text: str, now: datetime) -> Expression:
    """Parse a query; relative dates (``since:7d``) count back from ``now``.

    An empty query matches everything.

    Raises:
        BadQuery: the query cannot be parsed; the error holds the position.
    """
    # Some keyboards and files write base letters and combining marks separately.
    text = unicodedata.normalize("NFC", text.replace("\x00", " "))
    if len(text) > MAX_LENGTH:
        raise BadQuery(
            f"the query is longer than {MAX_LENGTH:,} characters", MAX_LENGTH, "shorten it"
        )
    return _parse_plain_words(text) or _parse_with_grammar(text, now)


def _parse_plain_words(text: str) -> Expression | None:
    """Parse a query of plain words only; return ``None`` where the grammar is needed.

    Most queries are plain words, and loading Lark with its tables takes a quarter of the time of
    ``dateline search``.
    """
    if not _PLAIN_WORDS.fullmatch(text):
        return None
    words = list(_PLAIN_WORD.finditer(text))
    if len(words) > MAX_LEAVES or not _OPERATORS.isdisjoint(word[0] for word in words):
        return None
    parts = tuple(_phrase(word[0], word.start(), "any", quoted=False) for word in words)
    return parts[0] if len(parts) == 1 else And(parts)


def _parse_with_grammar(text: str, now: datetime) -> Expression:
    """Parse a query with the grammar."""
    from lark import UnexpectedInput

    _check_pairs(text)
    _check_values(text)
    try:
        tree = _parser().parse(text)
    except UnexpectedInput as error:
        raise _syntax_error(text, error) from error
    if not tree.children:
        if text.strip() not in ("", "*"):
            raise BadQuery("the query has no search term", 0, "write a word, or a phrase in quotes")
        return EVERYTHING
    return _ExpressionBuilder(now).read(tree.children[0], None, 0)


def _check_pairs(text: str) -> None:
    """Check that quotation marks and parentheses come in pairs."""
    if text.count('"') % 2:
        raise BadQuery("a quotation mark is not closed", text.rindex('"'), 'write "two words"')
    opened: list[int] = []
    quoted = False
    for place, letter in enumerate(text):
        if letter == '"':
            quoted = not quoted
        elif letter == "(" and not quoted:
            opened.append(place)
            if len(opened) > MAX_DEPTH:
                raise BadQuery(
                    f"parentheses are nested more than {MAX_DEPTH} deep", place, "use fewer"
                )
        elif letter == ")" and not quoted:
            if not opened:
                raise BadQuery("a closing parenthesis has no opening one", place, "write (a OR b)")
            if not text[opened.pop() + 1 : place].strip():
                raise BadQuery("the parentheses are empty", place, "write (a OR b)")
    if opened:
        raise BadQuery("a parenthesis is not closed", opened[-1], "write (a OR b)")


def _check_values(text: str) -> None:
    """Check that each field has a value and each NEAR/ a number."""
    # Quoted text holds no operators; a text of equal length replaces it, so that positions stay.
    bare = re.sub(r'"[^"]*"', lambda quoted: '"' + "x" * (len(quoted[0]) - 2) + '"', text)
    found = _MISSING_VALUE.search(bare)
    if found is None:
        return
    if found["near"]:
        raise BadQuery(f"{found['near']}/ has no number", found.start(), "write a NEAR/5 b")
    name = found["field"]
    own = {**WORD_FIELDS, **VALUE_FIELDS}[name.lower()]
    raise BadQuery(
        f"{name}: has no value",
        found.start(),
        f'write {_EXAMPLES[own]}, or "{name}" in quotes to search for the word',
    )


def _syntax_error(text: str, error: Any) -> BadQuery:
    place = getattr(error, "pos_in_stream", None)
    token = getattr(error, "token", None)
    if token is not None and token.type == "$END":
        place = len(text.rstrip())
        return BadQuery(
            "a word is missing at the end of the query", place, "add a word after the operator"
        )
    if place is None or place < 0:
        place = len(text)
    found = str(token) if token is not None else text[place : place + 1]
    if token is not None and token.type in ("_OR", "_AND", "_NOT", "NEAR"):
        return BadQuery(
            f"{found} is in a place where a word is expected",
            place,
            f'put words on both sides, or write "{found}" in quotes to search for it',
        )
    return BadQuery(f"unexpected {found!r}", place, "put words in quotes")


class _ExpressionBuilder:
    """Builds an expression from Lark's parse tree."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._leaves = 0

    def read(self, tree: Any, field: str | None, depth: int) -> Expression:
        """Build the expression of ``tree``, whose words belong to ``field``."""
        kind = tree.data
        if depth > MAX_DEPTH * 4:
            raise BadQuery(
                "the query is nested too deep", tree.meta.start_pos, "use fewer parentheses"
            )
        if kind in ("word", "phrase"):
            return self._leaf(tree.children[0], field, quoted=kind == "phrase")
        if kind == "fielded":
            return self._fielded(tree, field, depth)
        if kind == "near":
            return self._near(tree, field, depth)
        parts = tuple(self.read(child, field, depth + 1) for child in tree.children)
        if kind == "negation":
            return Not(parts[0])
        if kind == "group":
            return parts[0]
        return And(parts) if kind == "both" else Or(parts)

    def _fielded(self, tree: Any, outer: str | None, depth: int) -> Expression:
        token, value = tree.children
        name = str(token).strip()[:-1].lower()
        if outer is not None:
            raise BadQuery(
                "a field is inside another field", token.start_pos, "write the fields side by side"
            )
        if name in WORD_FIELDS:
            return self.read(value, WORD_FIELDS[name], depth + 1)
        if name in VALUE_FIELDS:
            return self.read(value, VALUE_FIELDS[name], depth + 1)
        known = [*WORD_FIELDS, *VALUE_FIELDS]
        near = difflib.get_close_matches(name, known, n=1)
        listed = ", ".join(dict.fromkeys([*WORD_FIELDS.values(), *VALUE_FIELDS.values()]))
        hint = f"did you mean {near[0]}:?" if near else f"fields are {listed}; or use quotes"
        raise BadQuery(f"no field is called {name!r}", token.start_pos, hint)

    def _near(self, tree: Any, field: str | None, depth: int) -> Expression:
        """Build ``a NEAR b NEAR c`` as "a near b" and "b near c"."""
        operands = [self._operand(child, field, depth) for child in tree.children[::2]]
        pairs: list[Expression] = []
        for i, token in enumerate(tree.children[1::2]):
            _, _, number = str(token).partition("/")
            # Python refuses to parse a number of very many digits.
            words = int(number[:9]) if number else _DEFAULT_NEAR
            if words > MAX_NEAR:
                raise BadQuery(f"NEAR spans {MAX_NEAR} words at most", token.start_pos, "use AND")
            first, second = operands[i], operands[i + 1]
            if first.field != second.field:
                raise BadQuery(
                    "both sides of NEAR must be in the same field",
                    token.start_pos,
                    "write title:(a NEAR/5 b)",
                )
            pairs.append(Near(first, second, words))
        return pairs[0] if len(pairs) == 1 else And(tuple(pairs))

    def _operand(self, tree: Any, field: str | None, depth: int) -> Phrase:
        found = self.read(tree, field, depth + 1)
        if not isinstance(found, Phrase):
            raise BadQuery(
                "NEAR accepts words and phrases only",
                tree.meta.start_pos,
                "write a NEAR/5 b OR a NEAR/5 c",
            )
        return Phrase(found.tokens, found.field, found.prefix)

    def _leaf(self, token: Token, field: str | None, *, quoted: bool) -> Expression:
        self._leaves += 1
        place = token.start_pos or 0
        if self._leaves > MAX_LEAVES:
            raise BadQuery(f"the query has more than {MAX_LEAVES} words", place, "use fewer")
        text = str(token)[1:-1] if quoted else str(token)
        if field is None:
            return _phrase(text, place, "any", quoted=quoted)
        if field in WORD_FIELDS.values():
            return _phrase(text, place, field, quoted=quoted)  # type: ignore[arg-type]
        if field == "source":
            return FromSource(text, place)
        if field == "who":
            return MentionsEntry(text, place)
        if field == "dossier":
            return InDossier(text, place)
        return literals.parse_value(field, text, place, self._now)


def _phrase(text: str, place: int, field: Field, *, quoted: bool) -> Phrase:
    prefix = not quoted and text.endswith("*")
    plain = text if quoted else strip_elision(text)
    found = tuple(tokenize(plain)) or tuple(tokenize(text))
    if not found:
        raise BadQuery(f"{text!r} has no letter and no digit", place, "write a word")
    if prefix and len(found[-1]) < _SHORTEST_PREFIX and found[-1].isascii():
        raise BadQuery(
            f"too many words begin with {found[-1]}", place, "write two letters before the *"
        )
    stemmed = not quoted and not prefix and field in ("any", "title", "text")
    parts = tuple(compound_parts(plain)) if stemmed else ()
    # Korean attaches particles and joined words to the end of a word.
    prefix = prefix or (not quoted and len(found[-1]) >= _SHORTEST_PREFIX and is_hangul(found[-1]))
    # Scripts without spaces are split into characters: a phrase, without a stem.
    return Phrase(found, field, prefix, parts if len(parts) == len(found) else ())


def quote_phrase(text: str) -> str:
    """Return ``text`` as a quoted phrase of the query language."""
    return '"' + re.sub(r'["\s]+', " ", text).strip() + '"'
