"""The query language: what a reader types, to an expression tree.

::

    hôpital numérique            all of these words
    "centre hospitalier"         a phrase, as it is written
    hospi*                       words that begin so
    a OR b, a OU b               one of them
    a NOT b, a SAUF b, -b        without b
    (a OR b) c                   brackets
    a NEAR/5 b                   at most five words between them
    title:budget author:"Jean Dupont" source:herald date:2021-09..2021-12 since:7d is:teaser

Operators are upper case; ``and`` and ``ou`` in lower case are words. One grammar serves the command
line, Python, the HTTP API and the reading room.
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
    Match,
    Naming,
    Near,
    Not,
    Or,
)
from storage.text.letters import is_hangul
from storage.text.stemming import parts_of
from storage.text.tokens import tokens, without_elision

if TYPE_CHECKING:
    from datetime import datetime

    from lark import Lark, Token

    from storage.search.index.documents import Field

MAX_LENGTH = 2_000
MAX_LEAVES = 100
MAX_DEPTH = 30
MAX_NEAR = 50
_NEAR = 10
# Words that begin with fewer letters are too many to be looked through.
_SHORTEST_PREFIX = 2

# The names of fields, and their French ones.
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

_OR, _AND, _NOT, _NEARS = "OR|OU", "AND|ET", "NOT|SAUF", "NEAR|PRES|PRÈS"
_OPERATORS = frozenset("|".join((_OR, _AND, _NOT, _NEARS)).split("|"))
_MERE_WORD = re.compile(r"\w[\w'’-]*")
_MERE_WORDS = re.compile(rf"\s*{_MERE_WORD.pattern}(?:\s+{_MERE_WORD.pattern})*\s*")
_END = r"""(?=[\s()"]|$)"""
# A field known by name may have a space behind its colon; any other has none, or it is a word.
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
    NEAR.4: /(?:{_NEARS})(?:\/\d+)?{_END}/
    FIELD.3: /(?i:{_NAMES}):[ \t]*(?=["(]|[^\s()])(?!\/\/)|[^\W\d_]+:(?=["(]|[^\s()])(?!\/\/)/
    PHRASE.3: /"[^"]*"/
    WORD: /(?!(?:{_OR}|{_AND}|{_NOT}|(?:{_NEARS})(?:\/\d+)?){_END})[^\s()"]*\w[^\s()"]*/
    SIGNS: /[^\w\s()"]+{_END}/
    %ignore /\s+/
    %ignore SIGNS
"""

# A field or NEAR/ behind which no word, phrase or bracket follows.
_UNFINISHED = re.compile(
    rf"(?:(?<!\S)|(?<=[(-]))(?:(?P<field>(?i:{_NAMES})):[^\w\"()]*(?=$|[)]|(?:{_OR}|{_AND}){_END})"
    rf"|(?P<near>{_NEARS})/(?!\d))"
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
    """The meaning of a query; what is relative in it (``since:7d``) counts from ``now``.

    An empty query means everything.

    Raises:
        BadQuery: it cannot be understood; the error names the place.
    """
    # Some keyboards and files write letters and their marks apart.
    text = unicodedata.normalize("NFC", text.replace("\x00", " "))
    if len(text) > MAX_LENGTH:
        raise BadQuery(
            f"the query is longer than {MAX_LENGTH:,} characters", MAX_LENGTH, "shorten it"
        )
    return _plain(text) or _read(text, now)


def _plain(text: str) -> Expression | None:
    """What a row of mere words means; none where more is written, which the grammar has to read.

    Most queries are such, and loading Lark and its tables takes a quarter of what the command
    ``dateline search`` takes.
    """
    if not _MERE_WORDS.fullmatch(text):
        return None
    words = list(_MERE_WORD.finditer(text))
    if len(words) > MAX_LEAVES or not _OPERATORS.isdisjoint(word[0] for word in words):
        return None
    parts = tuple(_words(word[0], word.start(), "any", quoted=False) for word in words)
    return parts[0] if len(parts) == 1 else And(parts)


def _read(text: str, now: datetime) -> Expression:
    """The meaning of a query by the grammar."""
    from lark import UnexpectedInput

    _check_marks(text)
    _check_finished(text)
    try:
        tree = _parser().parse(text)
    except UnexpectedInput as error:
        raise _unexpected(text, error) from error
    if not tree.children:
        if text.strip() not in ("", "*"):
            raise BadQuery("the query holds no word", 0, "write a word, or a phrase in quotes")
        return EVERYTHING
    return _Reading(now).read(tree.children[0], None, 0)


def _check_marks(text: str) -> None:
    """Quotation marks and brackets come in pairs."""
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
                raise BadQuery(f"brackets are more than {MAX_DEPTH} deep", place, "use fewer")
        elif letter == ")" and not quoted:
            if not opened:
                raise BadQuery("a bracket is closed that was not opened", place, "write (a OR b)")
            if not text[opened.pop() + 1 : place].strip():
                raise BadQuery("the brackets hold nothing", place, "write (a OR b)")
    if opened:
        raise BadQuery("a bracket is not closed", opened[-1], "write (a OR b)")


def _check_finished(text: str) -> None:
    """A field has a value, and NEAR/ a number."""
    # What is quoted is no operator; as many letters stand for it, so that places stay.
    bare = re.sub(r'"[^"]*"', lambda quoted: '"' + "x" * (len(quoted[0]) - 2) + '"', text)
    found = _UNFINISHED.search(bare)
    if found is None:
        return
    if found["near"]:
        raise BadQuery(f"{found['near']}/ has no number", found.start(), "write a NEAR/5 b")
    name = found["field"]
    own = {**WORD_FIELDS, **VALUE_FIELDS}[name.lower()]
    raise BadQuery(
        f"{name}: has no value", found.start(),
        f'write {_EXAMPLES[own]}, or "{name}" in quotes to search for the word',
    )  # fmt: skip


def _unexpected(text: str, error: Any) -> BadQuery:
    place = getattr(error, "pos_in_stream", None)
    token = getattr(error, "token", None)
    if token is not None and token.type == "$END":
        place = len(text.rstrip())
        return BadQuery("the query ends where a word is missing", place, "write one after it")
    if place is None or place < 0:
        place = len(text)
    found = str(token) if token is not None else text[place : place + 1]
    if token is not None and token.type in ("_OR", "_AND", "_NOT", "NEAR"):
        return BadQuery(
            f"{found} stands where a word is expected", place,
            f'put words on both sides, or write "{found}" in quotes to search for it',
        )  # fmt: skip
    return BadQuery(f"{found!r} is not expected here", place, "put words in quotes")


class _Reading:
    """Turns Lark's tree into an expression."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._leaves = 0

    def read(self, tree: Any, field: str | None, depth: int) -> Expression:
        """The meaning of ``tree``, whose words belong to ``field``."""
        kind = tree.data
        if depth > MAX_DEPTH * 4:
            raise BadQuery("the query is too deep", tree.meta.start_pos, "use fewer brackets")
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
            raise BadQuery("a field stands inside another", token.start_pos, "write it beside it")
        if name in WORD_FIELDS:
            return self.read(value, WORD_FIELDS[name], depth + 1)
        if name in VALUE_FIELDS:
            return self.read(value, VALUE_FIELDS[name], depth + 1)
        known = [*WORD_FIELDS, *VALUE_FIELDS]
        near = difflib.get_close_matches(name, known, n=1)
        listed = ", ".join(dict.fromkeys([*WORD_FIELDS.values(), *VALUE_FIELDS.values()]))
        hint = f"did you mean {near[0]}:?" if near else f"fields are {listed}; or use quotes"
        raise BadQuery(f"there is no field {name!r}", token.start_pos, hint)

    def _near(self, tree: Any, field: str | None, depth: int) -> Expression:
        """``a NEAR b NEAR c`` is a near b and b near c."""
        operands = [self._operand(child, field, depth) for child in tree.children[::2]]
        pairs: list[Expression] = []
        for i, token in enumerate(tree.children[1::2]):
            _, _, number = str(token).partition("/")
            # A number of so many digits is no distance, and Python would refuse to read it.
            words = int(number[:9]) if number else _NEAR
            if words > MAX_NEAR:
                raise BadQuery(f"NEAR reaches {MAX_NEAR} words at most", token.start_pos, "use AND")
            first, second = operands[i], operands[i + 1]
            if first.field != second.field:
                raise BadQuery(
                    "NEAR joins words of two fields", token.start_pos,
                    "write title:(a NEAR/5 b)",
                )  # fmt: skip
            pairs.append(Near(first, second, words))
        return pairs[0] if len(pairs) == 1 else And(tuple(pairs))

    def _operand(self, tree: Any, field: str | None, depth: int) -> Match:
        found = self.read(tree, field, depth + 1)
        if not isinstance(found, Match):
            raise BadQuery(
                "NEAR joins words and phrases only", tree.meta.start_pos,
                "write a NEAR/5 b OR a NEAR/5 c",
            )  # fmt: skip
        return Match(found.tokens, found.field, found.prefix)

    def _leaf(self, token: Token, field: str | None, *, quoted: bool) -> Expression:
        self._leaves += 1
        place = token.start_pos or 0
        if self._leaves > MAX_LEAVES:
            raise BadQuery(f"the query has more than {MAX_LEAVES} words", place, "use fewer")
        text = str(token)[1:-1] if quoted else str(token)
        if field is None:
            return _words(text, place, "any", quoted=quoted)
        if field in WORD_FIELDS.values():
            return _words(text, place, field, quoted=quoted)  # type: ignore[arg-type]
        if field == "source":
            return FromSource(text, place)
        if field == "who":
            return Naming(text, place)
        if field == "dossier":
            return InDossier(text, place)
        return literals.read(field, text, place, self._now)


def _words(text: str, place: int, field: Field, *, quoted: bool) -> Match:
    prefix = not quoted and text.endswith("*")
    plain = text if quoted else without_elision(text)
    found = tuple(tokens(plain)) or tuple(tokens(text))
    if not found:
        raise BadQuery(f"{text!r} holds no letter and no digit", place, "write a word")
    if prefix and len(found[-1]) < _SHORTEST_PREFIX and found[-1].isascii():
        raise BadQuery(
            f"too many words begin with {found[-1]}", place, "write two letters before the *"
        )
    stemmed = not quoted and not prefix and field in ("any", "title", "text")
    parts = tuple(parts_of(plain)) if stemmed else ()
    # Korean writes particles and what a word is joined with right behind it.
    prefix = prefix or (not quoted and len(found[-1]) >= _SHORTEST_PREFIX and is_hangul(found[-1]))
    # Scripts without spaces are cut in characters, whose row is a phrase and has no stem.
    return Match(found, field, prefix, parts if len(parts) == len(found) else ())


def quoted(text: str) -> str:
    """``text`` as a phrase of the language."""
    return '"' + re.sub(r'["\s]+', " ", text).strip() + '"'
